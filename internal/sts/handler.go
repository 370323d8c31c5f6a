package sts

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"time"

	"github.com/google/uuid"

	"github.com/poolhouse/poolhouse/internal/credentials"
	"github.com/poolhouse/poolhouse/internal/iam"
	"github.com/poolhouse/poolhouse/internal/sigv4"
)

const (
	version = "2011-06-15"
	xmlns   = "https://sts.amazonaws.com/doc/" + version + "/"

	maxBody = 64 << 10 // bytes of a form
	service = "sts"
)

// Options make a Handler.
type Options struct {
	Region, AccountID string

	Credentials *credentials.BuiltIn
	// AccessKey finds the secret of a long-term access key and whom it stands for,
	// or answers sigv4.ErrUnknownKey.
	AccessKey func(ctx context.Context, id string) (secret string, principal *iam.Principal, err error)
	// Token proves a token of the identity pools' issuer. A *fault.Error, of which
	// only the message is used, says why it is none.
	Token func(ctx context.Context, token string) (*Identity, error)
	// Allow says whether the address of a request may make one more; nil: any may.
	Allow func(*http.Request) bool
	// SkipSignatures takes anybody for the account's administrator.
	SkipSignatures bool

	Now    func() time.Time // nil means time.Now
	Logger *slog.Logger
}

// An Identity is what a token of identity pools says.
type Identity struct {
	ID     string            // sub
	PoolID string            // aud
	Issuer string            // iss
	Amr    []string          // how it was proven
	Tags   map[string]string // of the session
}

// A Handler serves the operations.
type Handler struct{ options Options }

// New makes a Handler.
func New(o Options) *Handler {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Handler{o}
}

// Ours reports whether r is a request of the query protocol.
func Ours(r *http.Request) bool {
	if r.URL.Path != "/" || r.Header.Get("X-Amz-Target") != "" {
		return false
	}
	if r.Method == http.MethodGet {
		return r.URL.RawQuery != "" && r.URL.Query().Has("Action")
	}
	if r.Method != http.MethodPost {
		return false
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == "application/x-www-form-urlencoded"
}

// A call is a request as it was read.
type call struct {
	http *http.Request
	body []byte
	form url.Values
}

// ServeHTTP answers one operation.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	requestID := uuid.NewString()
	header := w.Header()
	header.Set("Access-Control-Allow-Origin", "*")
	header.Set("Access-Control-Expose-Headers", "x-amzn-RequestId,x-amzn-ErrorType,Date")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Amzn-Requestid", requestID)
	header.Set("Content-Type", "text/xml")
	action, result, err := h.answer(w, r)
	status := http.StatusOK
	if err == nil {
		err = encode(w, status, response{
			XMLName: xml.Name{Local: action + "Response"}, Xmlns: xmlns, Result: result, RequestID: requestID,
		})
		if err != nil {
			h.options.Logger.DebugContext(r.Context(), "sts answer not sent", "err", err)
		}
		return
	}
	status, refusal := explain(err)
	level := slog.LevelInfo
	if status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	h.options.Logger.Log(r.Context(), level, "sts", "action", action, "request", requestID, "err", err)
	if err := encode(w, status, errorResponse{Xmlns: xmlns, Error: refusal, RequestID: requestID}); err != nil {
		h.options.Logger.DebugContext(r.Context(), "sts refusal not sent", "err", err)
	}
}

func (h *Handler) answer(w http.ResponseWriter, r *http.Request) (action string, result any, err error) {
	if h.options.Allow != nil && !h.options.Allow(r) {
		return "", nil, &refusal{http.StatusBadRequest, "Throttling", "Rate exceeded"}
	}
	c, err := read(w, r)
	if err != nil {
		return "", nil, err
	}
	action = c.form.Get("Action")
	if v := c.form.Get("Version"); v != version {
		return "", nil, invalidAction(action, v)
	}
	switch action {
	case "AssumeRoleWithWebIdentity":
		result, err = h.assumeRoleWithWebIdentity(r.Context(), c.form)
	case "GetCallerIdentity":
		result, err = h.getCallerIdentity(c)
	case "GetSessionToken":
		result, err = h.getSessionToken(c)
	default:
		return "", nil, invalidAction(action, version)
	}
	return action, result, err
}

// read takes the parameters of the query and of the form; one that stands twice
// could be read as either.
func read(w http.ResponseWriter, r *http.Request) (*call, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, &refusal{http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "The request is too large."}
	}
	if err != nil {
		return nil, &refusal{http.StatusBadRequest, "MalformedQueryString", "The request could not be read to its end."}
	}
	form, err := url.ParseQuery(string(body))
	if err == nil && r.Method == http.MethodGet {
		form, err = url.ParseQuery(r.URL.RawQuery)
	}
	if err != nil {
		return nil, &refusal{http.StatusBadRequest, "MalformedQueryString", "The query string is malformed."}
	}
	for name, values := range form {
		if len(values) > 1 {
			return nil, &refusal{http.StatusBadRequest, "MalformedQueryString", "The parameter " + bounded(name) + " stands twice."}
		}
	}
	return &call{r, body, form}, nil
}

// A signer is who signed a request.
type signer struct {
	principal *iam.Principal
	userID    string
	temporary bool
}

// caller proves who signed the request.
func (h *Handler) caller(c *call) (*signer, error) {
	if h.options.SkipSignatures {
		arn := "arn:aws:iam::" + h.options.AccountID + ":root"
		return &signer{&iam.Principal{AccessKeyID: "AKIAANYONE0000000000", ARN: arn, Account: h.options.AccountID}, h.options.AccountID, false}, nil
	}
	signature, err := sigv4.Parse(c.http)
	if err != nil {
		return nil, err
	}
	if err := signature.CheckScope(h.options.Region, service); err != nil {
		return nil, err
	}
	var secret string
	s := new(signer)
	if signature.SecurityToken != "" {
		opened, err := h.options.Credentials.Open(c.http.Context(), signature.Credential.AccessKeyID, signature.SecurityToken)
		if err != nil {
			return nil, err
		}
		secret, s.principal, s.userID, s.temporary = opened.Secret, opened.Principal, opened.UserID, true
	} else {
		if secret, s.principal, err = h.options.AccessKey(c.http.Context(), signature.Credential.AccessKeyID); err != nil {
			return nil, err
		}
		s.userID = s.principal.AccessKeyID
	}
	if err := signature.Verify(c.http, c.body, secret, h.options.Now()); err != nil {
		return nil, err
	}
	return s, nil
}
