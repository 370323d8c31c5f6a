package oauth

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

const pushedPurpose keys.Purpose = "pushed-request"

const (
	pushedPrefix = "urn:ietf:params:oauth:request_uri:" // RFC 9126, 2.2

	// pushedLife is how long the pages of a pushed request may take: as long as
	// Cognito's sign-in pages.
	pushedLife = 5 * time.Minute
)

// pushed is /oauth2/par (RFC 9126), which Cognito does not have: a client leaves its
// authorization request here, and the browser carries only its name.
func (s *Server) pushed(w http.ResponseWriter, r *http.Request) {
	form, err := readForm(r, "resource")
	if err != nil {
		s.refuseJSON(w, r, http.StatusBadRequest, err)
		return
	}
	pool, client, err := s.clientOf(r, form)
	if err != nil {
		s.refuseClient(w, r, err)
		return
	}
	form.Del("client_secret")
	form.Set("client_id", client.ID)
	if form.Has("request_uri") || form.Has("request") {
		s.refuseJSON(w, r, http.StatusBadRequest, errInvalidRequest)
		return
	}
	if err := s.bind(w, r, client, form); err != nil {
		s.refuseJSON(w, r, http.StatusBadRequest, err)
		return
	}
	// What the browser would be refused for is refused here.
	p, code, err := s.addressed(r, form)
	if err == nil && code != "" {
		err = &grantError{code: "invalid_request", description: code}
	}
	if err == nil {
		var refused *refusal
		if refused, err = s.read(r, p); refused != nil {
			err = &grantError{code: refused.code, description: refused.description}
		}
	}
	if err != nil {
		s.refuseJSON(w, r, http.StatusBadRequest, err)
		return
	}
	name, err := s.Keep(r.Context(), pool.ID, client.ID, form, pushedLife)
	if err != nil {
		s.refuseJSON(w, r, http.StatusBadRequest, err)
		return
	}
	writeJSON(w, http.StatusCreated, map[string]any{"request_uri": pushedPrefix + name, "expires_in": seconds(pushedLife)})
}

// bind writes the key that a client proves to have into its authorization request: a
// proof stands for the parameter that names the key (RFC 9449, 10.1).
func (s *Server) bind(w http.ResponseWriter, r *http.Request, client *userpool.Client, form url.Values) error {
	thumbprint, err := s.prove(w, r, client)
	if err != nil || thumbprint == "" {
		return err
	}
	if named := form.Get(thumbprintParameter); named != "" && named != thumbprint {
		return &grantError{code: "invalid_request", description: thumbprintParameter + " is not of the key of the DPoP proof"}
	}
	form.Set(thumbprintParameter, thumbprint)
	return nil
}

// Keep keeps parameters under a random name that is short enough for any address.
func (s *Server) Keep(ctx context.Context, poolID, clientID string, q url.Values, life time.Duration) (name string, err error) {
	name = rand.Text()
	row := store.OAuthRequest{PoolID: poolID, ID: s.nameHash(pushedPurpose, poolID, name), ClientID: clientID, ExpiresAt: s.DB.Now().Add(life)}
	if row.Sealed, err = s.Ring.Seal(pushedPurpose, []byte(q.Encode()), poolID, row.ID); err != nil {
		return "", err
	}
	return name, s.DB.Update(ctx, func(tx *store.Tx) error { return tx.InsertOAuthRequest(&row) })
}

// Kept returns what Keep was given, nil if it is not there for the client (any
// more). It stays, since a user may go back and forth between the pages.
func (s *Server) Kept(ctx context.Context, poolID, clientID, name string) (url.Values, error) {
	var row *store.OAuthRequest
	err := s.DB.View(ctx, func(tx *store.Tx) (err error) {
		row, err = tx.OAuthRequest(poolID, s.nameHash(pushedPurpose, poolID, name))
		return err
	})
	if errors.Is(err, store.ErrNotFound) || err == nil && row.ClientID != clientID {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	plain, err := s.Ring.Open(pushedPurpose, row.Sealed, poolID, row.ID)
	if err != nil {
		return nil, err
	}
	return url.ParseQuery(string(plain))
}

// unfold is the request that a query stands for: that which was pushed, if it
// names one, and nothing of its own then (RFC 9101, 5). ok is false for a name that
// means nothing.
func (s *Server) unfold(r *http.Request, query url.Values) (request url.Values, ok bool, err error) {
	uri, once := single(query, "request_uri")
	if uri == "" && once {
		return query, true, nil
	}
	name, found := strings.CutPrefix(uri, pushedPrefix)
	if !found {
		return nil, false, nil
	}
	clientID, _ := single(query, "client_id")
	request, err = s.Kept(r.Context(), SiteOf(r.Context()).Pool.ID, clientID, name)
	return request, request != nil, err
}
