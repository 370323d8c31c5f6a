package app

import (
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/logdelivery"
	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/threat"
	"github.com/poolhouse/poolhouse/internal/threat/geo"
	"github.com/poolhouse/poolhouse/internal/threat/leaked"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// Threat is what threat protection knows and bears.
type Threat struct {
	LeakedPasswords string        // file that leaked.Build made, or ""
	GeoIP           string        // file of places in MaxMind's format, or ""
	EventRetention  time.Duration // 0: two years
	PerAddress      int           // wrong passwords and codes an address may send a node in five minutes; 0: any number
}

// guardPools starts threat protection; Close ends it.
func (a *App) guardPools(users *userpool.Users, outbox *message.Outbox) (*threat.Guard, error) {
	o := a.options.Threat
	t := threat.Options{Retention: o.EventRetention, PerAddress: o.PerAddress, Export: logdelivery.New(a.log).Event, Logger: a.log}
	if a.options.PublicURL != "" {
		t.FeedbackURL = a.options.PublicURL + feedbackPath
	}
	var files []io.Closer
	closeFiles := func() {
		for _, f := range files {
			f.Close()
		}
	}
	if o.LeakedPasswords != "" {
		f, err := leaked.Open(o.LeakedPasswords)
		if err != nil {
			return nil, fmt.Errorf("leaked passwords: %w", err)
		}
		t.Passwords, files = f, append(files, f)
	}
	if o.GeoIP != "" {
		f, err := geo.Open(o.GeoIP)
		if err != nil {
			closeFiles()
			return nil, fmt.Errorf("places of addresses: %w", err)
		}
		t.Places, files = f, append(files, f)
	}
	guard := threat.New(a.db, users, outbox, t)
	users.SetLeaked(guard.Leaked)
	a.stopGuard = func() {
		guard.Close()
		closeFiles()
	}
	return guard, nil
}

// feedbackPath is where the links in notifications of risky sign-ins lead; the
// pool's id follows.
const feedbackPath = "/_poolhouse/feedback/"

// feedbackPage asks before anything is done, for mail programs follow links by
// themselves.
var feedbackPage = template.Must(template.New("").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign-in</title></head><body><main>
{{if .Said}}<p>{{.Said}}</p>{{else}}<p>{{if eq .Value "Valid"}}Was this sign-in yours?{{else}}Was this sign-in not yours?{{end}}</p>
<form method="post"><input type="hidden" name="token" value="{{.Token}}"><input type="hidden" name="value" value="{{.Value}}">
<button>{{if eq .Value "Valid"}}Yes, it was me{{else}}It was not me{{end}}</button></form>{{end}}
</main></body></html>
`))

type feedbackContent struct{ Token, Value, Said string }

// maxFeedback bounds the form, in bytes.
const maxFeedback = 8 << 10

// feedback serves the links in notifications: GET asks, POST says it.
func feedback(pools *userpool.Pools, users *userpool.Users, log *slog.Logger) http.Handler {
	page := func(w http.ResponseWriter, status int, c feedbackContent) {
		w.WriteHeader(status)
		_ = feedbackPage.Execute(w, c) // the browser is gone if it fails
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; form-action 'self'; frame-ancestors 'none'")
		r.Body = http.MaxBytesReader(w, r.Body, maxFeedback)
		c := feedbackContent{Token: r.FormValue("token"), Value: r.FormValue("value")}
		switch {
		case c.Value != "Valid" && c.Value != "Invalid" || c.Token == "":
			page(w, http.StatusBadRequest, feedbackContent{Said: "This link is not complete."})
			return
		case r.Method == http.MethodGet || r.Method == http.MethodHead:
			page(w, http.StatusOK, c)
			return
		case r.Method != http.MethodPost:
			w.Header().Set("Allow", "GET, HEAD, POST")
			page(w, http.StatusMethodNotAllowed, feedbackContent{Said: "This link is for a browser."})
			return
		}
		pool, err := pools.Pool(r.Context(), r.PathValue("pool"))
		if err == nil {
			err = users.GiveOwnFeedback(r.Context(), pool, "", "", c.Token, c.Value)
		}
		switch {
		case err == nil:
			page(w, http.StatusOK, feedbackContent{Said: "Thank you."})
		case fault.CodeOf(err) != "":
			page(w, http.StatusBadRequest, feedbackContent{Said: "This link does not work any more."})
		default:
			log.ErrorContext(r.Context(), "feedback", "err", err)
			page(w, http.StatusInternalServerError, feedbackContent{Said: "This did not work. Please try again later."})
		}
	})
}
