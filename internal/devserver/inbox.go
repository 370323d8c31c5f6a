package devserver

import (
	"embed"
	"html/template"
	"log/slog"
	"net/http"
	"strings"

	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/store"
)

//go:embed layout.html inbox.html inbox.css triggers.html
var files embed.FS

var inboxPage = template.Must(template.ParseFS(files, "layout.html", "inbox.html"))

// inboxLimit is how many messages the inbox shows, the newest.
const inboxLimit = 200

// inbox lists all messages, newest first: as a page, or as JSON to whoever
// accepts that. The query's pool, username and to narrow the list.
type inbox struct {
	db     *store.DB
	outbox *message.Outbox
	log    *slog.Logger
}

func (i *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	filter := store.MessageFilter{PoolID: q.Get("pool"), Username: q.Get("username"), Recipient: q.Get("to")}
	list := []message.Message{}
	err := i.db.View(r.Context(), func(tx *store.Tx) error {
		found, err := i.outbox.List(tx, filter, inboxLimit)
		list = append(list[:0], found...)
		return err
	})
	if err != nil {
		i.log.ErrorContext(r.Context(), "inbox", "err", err)
		http.Error(w, "Internal server error", http.StatusInternalServerError)
		return
	}
	w.Header().Add("Vary", "Accept")
	if strings.Contains(r.Header.Get("Accept"), "application/json") {
		writeJSON(w, list)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if err := inboxPage.Execute(w, map[string]any{"Messages": list, "Filter": filter, "Limit": inboxLimit}); err != nil {
		i.log.ErrorContext(r.Context(), "inbox page", "err", err)
	}
}
