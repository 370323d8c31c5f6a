package main

import (
	"bytes"
	"embed"
	"html/template"
	"log/slog"
	"net/http"
	"strconv"
	"time"
)

//go:embed admin
var adminFiles embed.FS

var adminPages = template.Must(template.New("").Funcs(template.FuncMap{
	"day": func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") },
}).ParseFS(adminFiles, "admin/*.html"))

// admin is the area under /admin/: users and articles, for those who log in by a
// password of its own. No token of the pool opens it.
type admin struct {
	store    *store
	now      func() time.Time
	attempts attempts
	hashing  chan struct{} // one password at a time: it is much work
	https    bool
}

const cookieName = "articles_admin"

// setCookie gives the browser a session, or takes it away by a negative life.
// Browsers keep it from scripts, and send it with what our own pages ask for only.
func (a *admin) setCookie(w http.ResponseWriter, token string, life time.Duration) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // G124: Secure wherever there is https, which 127.0.0.1 does without
		Name: cookieName, Value: token, Path: "/admin/", MaxAge: int(life.Seconds()),
		HttpOnly: true, Secure: a.https, SameSite: http.SameSiteStrictMode,
	})
}

// newAdmin makes the area's handler.
//
// A foreign site cannot act for a logged-in admin: the cookie is SameSite=Strict,
// and CrossOriginProtection refuses requests that change something and that
// browsers mark as coming from elsewhere.
func newAdmin(o options) http.Handler {
	a := &admin{store: o.store, now: o.now, hashing: make(chan struct{}, 1), https: o.https}
	mux := http.NewServeMux()
	mux.Handle("GET /admin/style.css", http.StripPrefix("/", http.FileServerFS(adminFiles)))
	mux.HandleFunc("GET /admin/login", a.loginPage)
	mux.HandleFunc("POST /admin/login", a.login)
	mux.HandleFunc("POST /admin/logout", a.logout)
	mux.HandleFunc("GET /admin/{$}", a.guard(func(w http.ResponseWriter, r *http.Request, _ string) {
		http.Redirect(w, r, "/admin/users", http.StatusSeeOther)
	}))
	mux.HandleFunc("GET /admin/users", a.guard(a.users))
	mux.HandleFunc("POST /admin/users/{id}/active", a.guard(a.setActive))
	mux.HandleFunc("GET /admin/articles", a.guard(a.articles))
	mux.HandleFunc("POST /admin/articles/{id}/delete", a.guard(a.deleteArticle))
	protected := http.NewCrossOriginProtection().Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy",
			"default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "same-origin")
		header.Set("Cache-Control", "no-store")
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		protected.ServeHTTP(w, r)
	})
}

// guard lets only admins through, and tells next who it is.
func (a *admin) guard(next func(w http.ResponseWriter, r *http.Request, name string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		name := ""
		if cookie, err := r.Cookie(cookieName); err == nil {
			if name, err = a.store.sessionAdmin(r.Context(), cookie.Value, a.now()); err != nil {
				a.fail(w, r, err)
				return
			}
		}
		if name == "" {
			http.Redirect(w, r, "/admin/login", http.StatusSeeOther)
			return
		}
		next(w, r, name)
	}
}

func (a *admin) loginPage(w http.ResponseWriter, r *http.Request) {
	a.page(w, r, http.StatusOK, "login.html", map[string]any{})
}

func (a *admin) login(w http.ResponseWriter, r *http.Request) {
	if !a.attempts.allow(r, a.now()) {
		w.Header().Set("Retry-After", "60")
		a.page(w, r, http.StatusTooManyRequests, "login.html", map[string]any{"Problem": "Too many attempts. Wait a minute."})
		return
	}
	name, password := r.PostFormValue("name"), r.PostFormValue("password")
	right := false
	if len(password) <= maxPassword {
		select {
		case a.hashing <- struct{}{}:
		case <-r.Context().Done():
			return
		}
		var err error
		right, err = a.store.checkAdmin(r.Context(), name, password)
		<-a.hashing
		if err != nil {
			a.fail(w, r, err)
			return
		}
	}
	if !right {
		a.page(w, r, http.StatusUnauthorized, "login.html", map[string]any{"Problem": "Wrong name or password.", "Name": name})
		return
	}
	token, err := a.store.startSession(r.Context(), name, a.now())
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.setCookie(w, token, sessionLife)
	http.Redirect(w, r, "/admin/users", http.StatusSeeOther)
}

func (a *admin) logout(w http.ResponseWriter, r *http.Request) {
	if cookie, err := r.Cookie(cookieName); err == nil {
		if err := a.store.endSession(r.Context(), cookie.Value); err != nil {
			a.fail(w, r, err)
			return
		}
	}
	a.setCookie(w, "", -time.Second)
	http.Redirect(w, r, "/admin/login", http.StatusSeeOther)
}

func (a *admin) users(w http.ResponseWriter, r *http.Request, name string) {
	before, err := beforeID(r)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	users, next, err := a.store.users(r.Context(), before, perPage)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.page(w, r, http.StatusOK, "users.html", map[string]any{"Admin": name, "Here": "users", "Users": users, "Next": next})
}

func (a *admin) setActive(w http.ResponseWriter, r *http.Request, _ string) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	active, activeErr := strconv.ParseBool(r.PostFormValue("active"))
	if err != nil || activeErr != nil {
		http.Error(w, "Bad request", http.StatusBadRequest)
		return
	}
	if err := a.store.setActive(r.Context(), id, active); err != nil {
		a.fail(w, r, err)
		return
	}
	http.Redirect(w, r, "/admin/users", http.StatusSeeOther)
}

func (a *admin) articles(w http.ResponseWriter, r *http.Request, name string) {
	before, err := beforeID(r)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	articles, next, err := a.store.articles(r.Context(), before, perPage)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.page(w, r, http.StatusOK, "articles.html", map[string]any{"Admin": name, "Here": "articles", "Articles": articles, "Next": next})
}

func (a *admin) deleteArticle(w http.ResponseWriter, r *http.Request, _ string) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		http.Error(w, "Bad request", http.StatusBadRequest)
		return
	}
	if err := a.store.deleteArticle(r.Context(), id); err != nil {
		a.fail(w, r, err)
		return
	}
	http.Redirect(w, r, "/admin/articles", http.StatusSeeOther)
}

// page renders into memory first: a template that fails becomes a 500, not half
// a page.
func (a *admin) page(w http.ResponseWriter, r *http.Request, status int, name string, data map[string]any) {
	var body bytes.Buffer
	if err := adminPages.ExecuteTemplate(&body, name, data); err != nil {
		a.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	w.Write(body.Bytes()) // a client that is gone needs no answer
}

func (a *admin) fail(w http.ResponseWriter, r *http.Request, err error) {
	slog.ErrorContext(r.Context(), "admin", "path", r.URL.Path, "err", err)
	http.Error(w, "Internal server error", http.StatusInternalServerError)
}
