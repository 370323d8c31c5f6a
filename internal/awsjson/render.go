package awsjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/poolhouse/poolhouse/internal/fault"
)

const (
	contentType = "application/x-amz-json-1.1"

	// statusClientClosed is logged, and written to nobody, when the caller hung
	// up: nginx's number, as HTTP has none.
	statusClientClosed = 499

	maxMessageHeader = 1024 // bytes; a longer message is in the body only
)

// commonHeaders are on every answer.
func commonHeaders(h http.Header, requestID string) {
	allowOrigin(h)
	h["X-Amzn-Requestid"] = []string{requestID}
	h["Cache-Control"] = []string{"no-store"}
	h["X-Content-Type-Options"] = []string{"nosniff"}
}

func writeText(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(message)))
	w.WriteHeader(status)
	_, _ = w.Write([]byte(message)) // the caller is gone: nobody to tell
}

// write sends the answer, or err if there is one. It returns the status and the
// error's type, which is empty for success.
func write(w http.ResponseWriter, answer []byte, err error) (status int, errorType string) {
	h := w.Header()
	status = http.StatusOK
	if err != nil {
		var f *fault.Error
		status, f = explain(err)
		errorType = string(f.Code)
		answer = errorBody(f)
		h["X-Amzn-Errortype"] = []string{errorType}
		if printable(f.Message) {
			h["X-Amzn-Errormessage"] = []string{f.Message}
		}
	}
	h["Content-Type"] = []string{contentType}
	h["Content-Length"] = []string{strconv.Itoa(len(answer))}
	w.WriteHeader(status)
	_, _ = w.Write(answer) // the caller is gone: nobody to tell
	return status, errorType
}

// explain is how the caller sees err.
func explain(err error) (status int, f *fault.Error) {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		if f.Code == fault.RequestEntityTooLarge {
			return http.StatusRequestEntityTooLarge, f
		}
		return f.HTTPStatus(), f
	}
	if err == errHungUp {
		return statusClientClosed, fault.New("RequestCanceled", "The request was canceled.")
	}
	return http.StatusInternalServerError, fault.New(fault.InternalError, "Internal server error")
}

// errHungUp stands for the errors that follow from a caller who does not wait.
var errHungUp = errors.New("the caller hung up")

// hungUp is what err means once the caller's connection is gone: what was under
// way failed for that reason, but refusals and defects stay what they are.
func hungUp(err error) error {
	if fault.CodeOf(err) != "" {
		return err
	}
	if _, ok := errors.AsType[*panicError](err); ok {
		return err
	}
	return errHungUp
}

func errorBody(f *fault.Error) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	// Strings always encode.
	_ = e.Encode(struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}{string(f.Code), f.Message})
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// printable reports whether s can stand in a header as it is.
func printable(s string) bool {
	if s == "" || len(s) > maxMessageHeader {
		return false
	}
	for _, c := range []byte(s) {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// readBody reads the body of r, at most most bytes.
func readBody(w http.ResponseWriter, r *http.Request, most int64) ([]byte, error) {
	tooLarge := fault.Errorf(fault.RequestEntityTooLarge, "The request is larger than %d bytes.", most)
	if r.ContentLength > most {
		w.Header().Set("Connection", "close") // or the server would read on
		return nil, tooLarge
	}
	var b bytes.Buffer
	// What the caller announces is believed only in part: it may never come.
	b.Grow(int(min(max(r.ContentLength, 0), 16<<10)) + bytes.MinRead)
	if _, err := b.ReadFrom(http.MaxBytesReader(w, r.Body, most)); err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return nil, tooLarge
		}
		if r.Context().Err() != nil {
			return nil, r.Context().Err()
		}
		return nil, fault.New(fault.Serialization, "The request body could not be read to its end.")
	}
	return b.Bytes(), nil
}
