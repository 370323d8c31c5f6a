package app

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/poolhouse/poolhouse/internal/awsjson"
	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/userimport"
)

const (
	// uploadTimeout is for how long a file may be on its way, uploadStall for how
	// long nothing of it may come.
	uploadTimeout = 15 * time.Minute
	uploadStall   = 30 * time.Second

	describeImport = "cognito-idp:DescribeUserImportJob" // the action that lets read a log
)

// uploadRefusals are what S3 says in these cases.
var uploadRefusals = []struct {
	err    error
	status int
	code   string
	text   string
}{
	{userimport.ErrUploadSignature, http.StatusForbidden, "SignatureDoesNotMatch", "The signature of the URL does not match."},
	{userimport.ErrUploadExpired, http.StatusForbidden, "AccessDenied", "Request has expired"},
	{userimport.ErrUploadTooLarge, http.StatusBadRequest, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size"},
	{userimport.ErrUploadClosed, http.StatusConflict, "OperationAborted", "The job takes no file any more, or another upload has begun."},
}

// uploadImport takes the file of an import job. The signed URL that the job
// shows is all it takes, as with S3; S3's headers are neither needed nor minded.
func (a *App) uploadImport(jobs *userimport.Jobs) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		poolID, jobID := r.PathValue("pool"), r.PathValue("job")
		err := jobs.CheckUpload(poolID, jobID, r.URL.Query())
		if err == nil && r.ContentLength > userimport.MaxUpload {
			err = userimport.ErrUploadTooLarge
		}
		if err == nil {
			// The deadlines of other requests are too near for a large file.
			ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), uploadTimeout)
			defer cancel()
			err = jobs.Receive(ctx, poolID, jobID, &upload{r.Body, http.NewResponseController(w)})
		}
		w.Header().Set("Cache-Control", "no-store")
		if err == nil {
			w.Header().Set("X-Amz-Server-Side-Encryption", "aws:kms") // it rests sealed
			w.WriteHeader(http.StatusOK)
			return
		}
		a.refuseUpload(w, r, err)
	})
}

func (a *App) refuseUpload(w http.ResponseWriter, r *http.Request, err error) {
	status, code, text := http.StatusInternalServerError, "InternalError", "We encountered an internal error. Please try again."
	level := slog.LevelError
	for _, refusal := range uploadRefusals {
		if errors.Is(err, refusal.err) {
			status, code, text, level = refusal.status, refusal.code, refusal.text, slog.LevelInfo
		}
	}
	if errors.Is(err, errUploadBroken) {
		status, code, text, level = http.StatusBadRequest, "IncompleteBody", "The file did not arrive whole.", slog.LevelInfo
	}
	a.log.Log(r.Context(), level, "user import upload", "err", err)
	w.Header().Set("Content-Type", "application/xml")
	w.Header().Set("Connection", "close") // the rest of the file is not read
	w.WriteHeader(status)
	if err := xml.NewEncoder(w).Encode(struct {
		XMLName xml.Name `xml:"Error"`
		Code    string
		Message string
	}{Code: code, Message: text}); err != nil {
		a.log.DebugContext(r.Context(), "refusal of an upload not sent", "err", err)
	}
}

// upload is a body that may take its time, as long as it keeps coming.
type upload struct {
	body     io.Reader
	deadline *http.ResponseController
}

var errUploadBroken = errors.New("the body broke off")

func (u *upload) Read(p []byte) (int, error) {
	soon := time.Now().Add(uploadStall)
	if err := errors.Join(u.deadline.SetReadDeadline(soon), u.deadline.SetWriteDeadline(soon.Add(uploadStall))); err != nil &&
		!errors.Is(err, http.ErrNotSupported) { // by a test's recorder
		return 0, errors.Join(errUploadBroken, err)
	}
	n, err := u.body.Read(p)
	if err != nil && !errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.Join(errUploadBroken, errors.New(err.Error())) // not to be taken for the end of the file
	}
	return n, err
}

// importLog serves what a job did not import, to those who may describe it.
func (a *App) importLog(api *awsjson.Handler, jobs *userimport.Jobs) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		poolID := r.PathValue("pool")
		caller, err := api.Caller(r, "cognito-idp")
		if err == nil && len(poolID) > maxPoolID {
			err = fault.New(fault.InvalidParameter, "pool must be the id of a user pool.")
		}
		if err == nil {
			err = caller.Authorize(describeImport, a.pools.ARN(poolID))
		}
		if err == nil {
			err = jobs.WriteLog(r.Context(), poolID, r.PathValue("job"), w)
		}
		if err != nil {
			status, refusal := explainRefusal(err)
			if status >= http.StatusInternalServerError {
				a.log.ErrorContext(r.Context(), "user import log", "err", err)
			}
			plain(w, status, refusal.Message+"\n")
		}
	})
}
