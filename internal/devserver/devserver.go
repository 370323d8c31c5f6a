package devserver

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/store"
)

// Parts are what the handlers work on.
type Parts struct {
	DB     *store.DB
	Outbox *message.Outbox
	Clock  *Clock
	Seed   func(context.Context) error // fills an empty server
	Log    *slog.Logger

	Invocations *Invocations // of trigger functions
}

// Mount adds the pages of a development server to mux.
func Mount(mux *http.ServeMux, p Parts) {
	mux.Handle("GET /_poolhouse/inbox", Local(&inbox{db: p.DB, outbox: p.Outbox, log: p.Log}))
	mux.Handle("GET /_poolhouse/triggers", Local(&triggers{invocations: p.Invocations, log: p.Log}))
	mux.Handle("GET /_poolhouse/inbox.css", Local(http.StripPrefix("/_poolhouse", http.FileServerFS(files))))
	mux.Handle("/_poolhouse/clock", Local(p.Clock))
	mux.Handle("POST /_poolhouse/reset", Local(http.HandlerFunc(p.reset)))
}

// reset empties the server, sets its clock back and fills it as at its start.
func (p Parts) reset(w http.ResponseWriter, r *http.Request) {
	p.Clock.Reset()
	p.Invocations.Reset()
	err := p.DB.Reset(r.Context())
	if err == nil {
		err = p.Seed(r.Context())
	}
	if err != nil {
		p.Log.ErrorContext(r.Context(), "reset", "err", err)
		http.Error(w, "Internal server error", http.StatusInternalServerError)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
