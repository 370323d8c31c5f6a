package sigv4

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/poolhouse/poolhouse/verify"
)

// Config says what requests to accept. Server, Region, Service and Key must be
// set.
type Config struct {
	// Server is the base URL of the Poolhouse server: https, or http to this very
	// machine.
	Server string
	// Region and Service must be those that clients sign for. The service is a name
	// of yours; execute-api is what clients of API Gateways use. With one that begins
	// with s3, paths are taken as they are, as S3 does. The services of the server
	// itself (cognito-idp, cognito-identity, sts) cannot be had.
	Region, Service string
	// ServerRegion is the server's own region. Empty means Region.
	ServerRegion string
	// Key is an access key of the server that may poolhouse:GetSigningKey.
	Key verify.AccessKey

	// AllowUnsignedPayload accepts bodies that are not signed (UNSIGNED-PAYLOAD and
	// STREAMING-UNSIGNED-PAYLOAD-TRAILER), as clients send over https.
	AllowUnsignedPayload bool
	// MaxBody is the longest body in bytes that is read to check it as a whole.
	// 0 means 1 MiB. Bodies in chunks are not bounded by it.
	MaxBody int64
	// MaxSkew is how far the time of a signature may lie from now. 0 means 5 minutes.
	MaxSkew time.Duration
	// CacheFor is how long an answer of the server is used at most. 0 means 1 minute.
	CacheFor time.Duration
	// CacheSize is how many answers are kept. 0 means 4096.
	CacheSize int

	// Refuse answers a request that is not accepted. Nil means JSON with the code in
	// __type and 403, 413 or 503.
	Refuse func(w http.ResponseWriter, r *http.Request, err error)
	// HTTPClient asks the server. Nil means one with time limits.
	HTTPClient *http.Client
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
}

// A Verifier checks requests. It is safe for concurrent use.
type Verifier struct {
	config Config
	keys   *keys
}

var scopeName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// New makes a Verifier. It does not ask the server yet.
func New(c Config) (*Verifier, error) {
	server, err := url.Parse(strings.TrimRight(c.Server, "/"))
	if err != nil || server.Host == "" || server.RawQuery != "" || server.User != nil ||
		server.Scheme != "https" && (server.Scheme != "http" || !loopback(server.Hostname())) {
		return nil, fmt.Errorf("sigv4: Server: %q is not an https URL", c.Server)
	}
	if !scopeName.MatchString(c.Region) || !scopeName.MatchString(c.Service) {
		return nil, errors.New("sigv4: Region and Service must be set, to what clients sign for")
	}
	if c.Key.ID == "" || c.Key.Secret == "" {
		return nil, errors.New("sigv4: Key must be set")
	}
	setDefault(&c.MaxBody, 1<<20)
	setDefault(&c.MaxSkew, 5*time.Minute)
	setDefault(&c.CacheFor, time.Minute)
	setDefault(&c.CacheSize, 4096)
	setDefault(&c.ServerRegion, c.Region)
	if c.HTTPClient == nil {
		c.HTTPClient = &http.Client{
			Timeout:       keyTimeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Refuse == nil {
		c.Refuse = refuse
	}
	return &Verifier{c, &keys{
		url: server.String() + keyPath, region: c.ServerRegion, access: c.Key, client: c.HTTPClient, keep: c.CacheFor,
		half: (c.CacheSize + 1) / 2, now: c.Now, slots: make(chan struct{}, maxAsking),
		young: make(map[keyID]*scopedKey), asking: make(map[keyID]*question),
	}}, nil
}

func setDefault[T comparable](value *T, to T) {
	var zero T
	if *value == zero {
		*value = to
	}
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// Middleware passes on the requests that are accepted, with their session in the
// context.
func (v *Verifier) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		session, err := v.Verify(r)
		if err != nil {
			v.config.Refuse(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(NewContext(r.Context(), session)))
	})
}

// Verify says who signed a request. It puts a checked body in the place of the
// request's: see the package's comment. Every error is an *Error.
func (v *Verifier) Verify(r *http.Request) (*Session, error) {
	s, err := parse(r)
	if err != nil {
		return nil, err
	}
	if s.region != v.config.Region || s.service != v.config.Service {
		return nil, fail(ErrScope)
	}
	if s.token == "" {
		return nil, fail(ErrSession)
	}
	if err := s.checkTime(v.config.Now(), v.config.MaxSkew); err != nil {
		return nil, err
	}
	payload, err := v.payload(r, s)
	if err != nil {
		return nil, err
	}
	key, err := v.keys.find(r.Context(), s)
	if err != nil {
		return nil, err
	}
	text, ok := s.stringToSign(r, payload)
	if !ok || !hmac.Equal([]byte(hexHMAC(key.key, text)), []byte(s.value)) {
		return nil, fail(ErrSignature)
	}
	if !v.config.Now().Before(key.session.ExpiresAt) {
		return nil, fail(ErrExpired)
	}
	if err := v.replaceBody(r, s, payload, key.key); err != nil {
		return nil, err
	}
	return key.session, nil
}

// The words in the place of a body's hash.
const (
	unsignedPayload  = "UNSIGNED-PAYLOAD"
	signedChunks     = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
	signedTrailer    = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
	unsignedTrailer  = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
	contentSHA256    = "X-Amz-Content-Sha256"
	decodedLength    = "X-Amz-Decoded-Content-Length"
	announcedTrailer = "X-Amz-Trailer"
)

// payload is the last line of the canonical request: what the request declares, or
// the hash of its body, which takes reading it before anything is proven.
func (v *Verifier) payload(r *http.Request, s *signature) (string, error) {
	declared, ok := one(r.Header, contentSHA256, 128)
	if !ok {
		return "", fail(ErrMalformed)
	}
	if s.presigned {
		inQuery := r.URL.Query().Get(contentSHA256)
		if declared != "" && inQuery != "" && declared != inQuery {
			return "", fail(ErrMalformed)
		}
		if declared == "" {
			declared = inQuery
		}
		if declared == "" && strings.HasPrefix(s.service, "s3") {
			declared = unsignedPayload // as S3 has it
		}
	}
	switch declared {
	case unsignedPayload, unsignedTrailer:
		if !v.config.AllowUnsignedPayload {
			return "", fail(ErrUnsignedPayload)
		}
		return declared, nil
	case signedChunks, signedTrailer:
		return declared, nil
	}
	hash, err := v.readWhole(r)
	if err == nil && declared != "" && declared != hash {
		err = fail(ErrPayload)
	}
	return hash, err
}

// readWhole reads the body into memory and returns its hash.
func (v *Verifier) readWhole(r *http.Request) (string, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return emptyHash, nil
	}
	if r.ContentLength > v.config.MaxBody {
		return "", fail(ErrTooLarge)
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, v.config.MaxBody+1))
	if err != nil {
		return "", &Error{ErrPayload, err}
	}
	if int64(len(body)) > v.config.MaxBody {
		return "", fail(ErrTooLarge)
	}
	r.Body = struct {
		io.Reader
		io.Closer
	}{bytes.NewReader(body), r.Body}
	return hexSHA256(body), nil
}

// replaceBody puts a reader of the chunks in the place of a body in chunks.
func (v *Verifier) replaceBody(r *http.Request, s *signature, payload string, key []byte) error {
	if payload != signedChunks && payload != signedTrailer && payload != unsignedTrailer {
		return nil
	}
	text, ok := one(r.Header, decodedLength, 19)
	length, err := strconv.ParseUint(text, 10, 63)
	if !ok || err != nil || r.Body == nil {
		return fail(ErrMalformed)
	}
	c := &chunkReader{
		from: bufio.NewReader(r.Body), body: r.Body, signed: payload != unsignedTrailer, trailer: payload != signedChunks,
		key: key, head: s.time.Format(timeFormat) + "\n" + s.scope(), previous: s.value, left: int64(length),
	}
	for name := range strings.SplitSeq(strings.Join(r.Header.Values(announcedTrailer), ","), ",") {
		if name = strings.ToLower(strings.TrimSpace(name)); name != "" && c.trailer {
			c.wanted = append(c.wanted, name)
		}
	}
	if len(c.wanted) > maxTrailers {
		return fail(ErrMalformed)
	}
	c.sum = newChecksum(c.wanted)
	r.Body, r.ContentLength = c, int64(length)
	r.Header.Set("Content-Length", strconv.FormatUint(length, 10))
	dropChunkedCoding(r.Header)
	return nil
}

// dropChunkedCoding takes aws-chunked out of Content-Encoding, which may be several
// headers.
func dropChunkedCoding(h http.Header) {
	var kept []string
	for coding := range strings.SplitSeq(strings.Join(h.Values("Content-Encoding"), ","), ",") {
		if coding = strings.TrimSpace(coding); coding != "" && !strings.EqualFold(coding, "aws-chunked") {
			kept = append(kept, coding)
		}
	}
	if kept == nil {
		h.Del("Content-Encoding")
	} else {
		h.Set("Content-Encoding", strings.Join(kept, ", "))
	}
}

// refuse answers in JSON, as AWS's APIs do.
func refuse(w http.ResponseWriter, _ *http.Request, err error) {
	code, status := ErrSignature, http.StatusForbidden
	if e, ok := errors.AsType[*Error](err); ok {
		code = e.Code
	}
	switch code {
	case ErrTooLarge:
		status = http.StatusRequestEntityTooLarge
	case ErrUnavailable:
		status = http.StatusServiceUnavailable
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-Errortype", string(code))
	w.WriteHeader(status)
	// Neither has a character that JSON escapes.
	_, _ = fmt.Fprintf(w, `{"__type":%q,"message":%q}`+"\n", string(code), messages[code])
}
