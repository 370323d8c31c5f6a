package local

import (
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/poolhouse/poolhouse/internal/trigger"
)

// maxError is the most that is read of an error's JSON, in bytes: it may hold a
// long stack.
const maxError = 256 << 10

// api is Lambda's runtime API, for one program.
func (p *process) api(prefix, address string) http.Handler {
	base := prefix + "/2018-06-01/runtime/"
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+base+"invocation/next", p.next)
	mux.HandleFunc("POST "+base+"invocation/{id}/response", p.response)
	mux.HandleFunc("POST "+base+"invocation/{id}/error", p.invocationError)
	mux.HandleFunc("POST "+base+"init/error", p.initError)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Pages in a browser of this machine must not take events away.
		if r.Host != address || r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") != "" {
			answer(w, http.StatusForbidden, `{"errorMessage":"Forbidden","errorType":"Forbidden"}`)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// next waits for a call and hands it out.
func (p *process) next(w http.ResponseWriter, r *http.Request) {
	p.becameReady.Do(func() {
		p.runner.started()
		close(p.ready)
	})
	p.mu.Lock()
	forgotten := p.current
	p.current = nil
	p.mu.Unlock()
	if forgotten != nil {
		forgotten.done <- result{err: &trigger.FunctionError{Type: "Runtime.NoResponse", Message: "The function asked for the next event without answering this one"}}
	}
	select {
	case call := <-p.work:
		if r.Context().Err() != nil { // nobody reads it: it is for whoever finds the program gone
			p.work <- call
			return
		}
		p.mu.Lock()
		p.current = call
		p.mu.Unlock()
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Lambda-Runtime-Aws-Request-Id", call.id)
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(call.deadline.UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", call.function)
		h.Set("Content-Length", strconv.Itoa(len(call.event)))
		_, _ = w.Write(call.event) // a program that is gone is noticed elsewhere
	case <-r.Context().Done():
	case <-p.gone:
	}
}

func (p *process) response(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, trigger.MaxResponse))
	call := p.take(r.PathValue("id"))
	_, tooLarge := errors.AsType[*http.MaxBytesError](err)
	switch {
	case call == nil:
		answer(w, http.StatusBadRequest, `{"errorMessage":"Invalid request ID","errorType":"InvalidRequestID"}`)
	case tooLarge:
		answer(w, http.StatusRequestEntityTooLarge, `{"errorMessage":"Exceeded maximum allowed payload size","errorType":"RequestEntityTooLarge"}`)
		call.done <- result{err: trigger.ErrTooLarge}
	case err != nil: // it ended while it answered
		call.done <- result{err: &trigger.FunctionError{Type: "Runtime.TruncatedResponse", Message: "The response is incomplete"}}
	default:
		answer(w, http.StatusAccepted, `{"status":"OK"}`)
		call.done <- result{answer: body}
	}
}

func (p *process) invocationError(w http.ResponseWriter, r *http.Request) {
	said := readError(w, r)
	call := p.take(r.PathValue("id"))
	if call == nil {
		answer(w, http.StatusBadRequest, `{"errorMessage":"Invalid request ID","errorType":"InvalidRequestID"}`)
		return
	}
	answer(w, http.StatusAccepted, `{"status":"OK"}`)
	call.done <- result{err: said}
}

func (p *process) initError(w http.ResponseWriter, r *http.Request) {
	said := readError(w, r)
	p.mu.Lock()
	p.broken = said
	p.mu.Unlock()
	answer(w, http.StatusAccepted, `{"status":"OK"}`)
}

// readError is what a program says of its failure.
func readError(w http.ResponseWriter, r *http.Request) *trigger.FunctionError {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxError))
	if err == nil {
		if said, ok := trigger.ParseFunctionError(body); ok {
			return said
		}
	}
	kind := r.Header.Get("Lambda-Runtime-Function-Error-Type")
	return &trigger.FunctionError{Type: kind, Message: "Unknown error"}
}

func answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body) // a program that is gone is noticed elsewhere
}
