package devserver

import (
	"encoding/json"
	"net/http"
	"sync/atomic"
	"time"
)

// Clock is the time of a development server: the real one, moved by as much as
// its user likes. The zero value is the real time.
type Clock struct{ offset atomic.Int64 }

// Now is the moved time.
func (c *Clock) Now() time.Time { return time.Now().Add(time.Duration(c.offset.Load())) }

// Advance moves the clock by d, which may be negative.
func (c *Clock) Advance(d time.Duration) { c.offset.Add(int64(d)) }

// Reset sets the clock back to the real time.
func (c *Clock) Reset() { c.offset.Store(0) }

// maxAdvance keeps times within what tokens and the database can hold.
const maxAdvance = 100 * 365 * 24 * time.Hour

// ServeHTTP answers GET with the time, moves the clock on POST {"advance":"25h"}
// and sets it back on DELETE.
func (c *Clock) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet:
	case http.MethodDelete:
		c.Reset()
	case http.MethodPost:
		var in struct {
			Advance string `json:"advance"`
		}
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4096)).Decode(&in); err != nil {
			http.Error(w, `The body must be JSON such as {"advance":"25h"}.`, http.StatusBadRequest)
			return
		}
		d, err := time.ParseDuration(in.Advance)
		if err != nil {
			http.Error(w, `"advance" must be a duration such as "90s", "25h" or "-1h".`, http.StatusBadRequest)
			return
		}
		if total := time.Duration(c.offset.Load()) + d; total > maxAdvance || total < -maxAdvance {
			http.Error(w, "The clock moves by 100 years at most.", http.StatusBadRequest)
			return
		}
		c.Advance(d)
	default:
		w.Header().Set("Allow", "GET, POST, DELETE")
		http.Error(w, "Use GET, POST or DELETE.", http.StatusMethodNotAllowed)
		return
	}
	writeJSON(w, map[string]any{
		"now":    c.Now().UTC(),
		"offset": time.Duration(c.offset.Load()).String(),
	})
}

func writeJSON(w http.ResponseWriter, v any) {
	body, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		http.Error(w, "Internal server error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Write(append(body, '\n')) // a client that is gone needs no answer
}
