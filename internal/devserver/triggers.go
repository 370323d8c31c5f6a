package devserver

import (
	"bytes"
	"context"
	"encoding/json"
	"html/template"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/poolhouse/poolhouse/internal/trigger"
)

var triggersPage = template.Must(template.ParseFS(files, "layout.html", "triggers.html"))

// How many invocations are kept, the newest, and how much of each event and
// response, in bytes.
const (
	invocationLimit = 200
	documentLimit   = 32 << 10
)

// Invocation is one try of calling a function. Its JSON is that of
// /_poolhouse/triggers.
type Invocation struct {
	ID         string    `json:"id"` // the same for all tries of one call
	At         time.Time `json:"at"`
	Function   string    `json:"function"`
	Source     string    `json:"triggerSource"`
	UserPoolID string    `json:"userPoolId"`
	Username   string    `json:"username"`
	Duration   float64   `json:"durationMs"`
	Event      string    `json:"event"` // JSON, perhaps cut
	Response   string    `json:"response"`
	Error      string    `json:"error"`
}

// Invocations keeps what functions were asked and answered, for the page beside
// the inbox. The zero value is empty.
type Invocations struct {
	mu   sync.Mutex
	list []Invocation // oldest first
}

// Recorder is a Runner whose calls are kept.
type Recorder struct {
	to   *Invocations
	next trigger.Runner
	now  func() time.Time
}

// Record returns a Runner that calls next and keeps what is said. now is the
// development server's clock; durations are real.
func (i *Invocations) Record(next trigger.Runner, now func() time.Time) *Recorder {
	return &Recorder{to: i, next: next, now: now}
}

// Invoke calls the function, as trigger.Runner says.
func (r *Recorder) Invoke(ctx context.Context, function string, event []byte) ([]byte, error) {
	at, began := r.now(), time.Now()
	response, err := r.next.Invoke(ctx, function, event)
	call := Invocation{
		ID: trigger.InvocationID(ctx), At: at, Function: function, Duration: float64(time.Since(began).Microseconds()) / 1000,
		Event: document(event), Response: document(response),
	}
	if err != nil {
		call.Error = cut([]byte(err.Error()))
	}
	var said struct{ TriggerSource, UserPoolID, UserName string }
	_ = json.Unmarshal(event, &said) // what is no event has no source
	call.Source, call.UserPoolID, call.Username = said.TriggerSource, said.UserPoolID, said.UserName
	r.to.add(call)
	return response, err
}

func (i *Invocations) add(call Invocation) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.list = append(i.list, call)
	if len(i.list) > invocationLimit {
		i.list = slices.Delete(i.list, 0, len(i.list)-invocationLimit)
	}
}

// Reset forgets all.
func (i *Invocations) Reset() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.list = nil
}

// newest are those that a filter leaves, newest first.
func (i *Invocations) newest(f invocationFilter) []Invocation {
	i.mu.Lock()
	defer i.mu.Unlock()
	list := []Invocation{}
	for _, call := range slices.Backward(i.list) {
		if f.fits(call) {
			list = append(list, call)
		}
	}
	return list
}

// invocationFilter is what the query asks for; an empty field fits all.
type invocationFilter struct{ PoolID, Username, Source string }

func (f invocationFilter) fits(call Invocation) bool {
	return (f.PoolID == "" || f.PoolID == call.UserPoolID) && (f.Username == "" || f.Username == call.Username) && strings.HasPrefix(call.Source, f.Source)
}

// document is a JSON document with line breaks, to be read.
func document(text []byte) string {
	var b bytes.Buffer
	if len(text) <= documentLimit && json.Indent(&b, text, "", "  ") == nil {
		text = b.Bytes()
	}
	return cut(text)
}

func cut(text []byte) string {
	if len(text) > documentLimit {
		return strings.ToValidUTF8(string(text[:documentLimit]), "") + " … (cut)"
	}
	return strings.ToValidUTF8(string(text), "�")
}

// triggers lists all invocations, newest first: as a page, or as JSON to whoever
// accepts that. The query's pool, username and source narrow the list.
type triggers struct {
	invocations *Invocations
	log         *slog.Logger
}

func (t *triggers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	filter := invocationFilter{PoolID: q.Get("pool"), Username: q.Get("username"), Source: q.Get("source")}
	list := t.invocations.newest(filter)
	w.Header().Add("Vary", "Accept")
	if strings.Contains(r.Header.Get("Accept"), "application/json") {
		writeJSON(w, list)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if err := triggersPage.Execute(w, map[string]any{"Invocations": list, "Filter": filter, "Limit": invocationLimit}); err != nil {
		t.log.ErrorContext(r.Context(), "page of triggers", "err", err)
	}
}
