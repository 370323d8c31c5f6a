package main

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/poolhouse/poolhouse/verify/middleware"
)

const (
	maxName = 50      // characters of an article's name
	maxBody = 4 << 10 // bytes of a request
	perPage = 50      // articles in an answer
)

// article is a row, and what the API tells of it.
type article struct {
	ID        int64     `json:"id"`
	Name      string    `json:"name"`
	Author    string    `json:"author"` // email address
	CreatedAt time.Time `json:"createdAt"`
}

type articleAPI struct {
	store *store
	now   func() time.Time
}

// list answers the newest articles, or those older than the id in the query's
// before. next is the before of the following page, absent on the last.
func (a *articleAPI) list(w http.ResponseWriter, r *http.Request) {
	before, err := beforeID(r)
	if err != nil {
		writeError(w, http.StatusBadRequest, "invalid_request", "before must be the id of an article.")
		return
	}
	found, next, err := a.store.articles(r.Context(), before, perPage)
	if err != nil {
		internalError(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, struct {
		Articles []article `json:"articles"`
		Next     int64     `json:"next,omitempty"`
	}{found, next})
}

// create stores an article of the caller.
func (a *articleAPI) create(w http.ResponseWriter, r *http.Request) {
	author, ok := middleware.UserFrom[*user](r.Context())
	if !ok {
		internalError(w, r, errors.New("a request without a user came through"))
		return
	}
	var in struct {
		Name string `json:"name"`
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		writeError(w, http.StatusRequestEntityTooLarge, "too_large", "The request is too large.")
		return
	}
	if err != nil || json.Unmarshal(body, &in) != nil {
		writeError(w, http.StatusBadRequest, "invalid_request", `The body must be JSON such as {"name": "On gardens"}.`)
		return
	}
	name, problem := cleanName(in.Name)
	if problem != "" {
		writeError(w, http.StatusUnprocessableEntity, "invalid_name", problem)
		return
	}
	made, err := a.store.createArticle(r.Context(), author, name, a.now())
	if err != nil {
		internalError(w, r, err)
		return
	}
	writeJSON(w, http.StatusCreated, made)
}

// cleanName trims a name, or says what is wrong with it.
func cleanName(name string) (clean, problem string) {
	name = strings.TrimSpace(name)
	switch {
	case name == "":
		return "", "An article needs a name."
	case utf8.RuneCountInString(name) > maxName:
		return "", "A name has at most 50 characters."
	case strings.ContainsFunc(name, unicode.IsControl):
		return "", "A name has no control characters."
	}
	return name, ""
}

// beforeID reads where a page of a list begins; 0 is the newest.
func beforeID(r *http.Request) (int64, error) {
	text := r.URL.Query().Get("before")
	if text == "" {
		return 0, nil
	}
	id, err := strconv.ParseInt(text, 10, 64)
	if err == nil && id < 1 {
		err = errors.New("no id")
	}
	return id, err
}
