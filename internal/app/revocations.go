package app

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/poolhouse/poolhouse/internal/awsjson"
	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
)

const (
	listRevocations = "poolhouse:ListRevocations" // the action in policies

	maxRevocations  = 1000 // events of a page
	maxRevocationID = 64   // bytes of the id in a cursor
	maxPoolID       = 55   // characters, as the API model has it

	// lateCommit is by how much an event may come into the log behind its place:
	// no transaction outlives its request, and clocks differ by seconds. So much
	// of the end of the log is read again each time.
	lateCommit = requestTimeout + 5*time.Second
	// clockAhead is how far a resting place may lie in the future: another node's
	// clock may be ahead. One further ahead is from before the clock was set back.
	clockAhead = time.Minute
)

// A revocationPage and its events are the wire format of the feed, which
// verify/poolhouse_feed.go tells of.
type revocationPage struct {
	PoolID string            `json:"poolId"`
	Events []revocationEvent `json:"events"`
	Cursor string            `json:"cursor"`
	More   bool              `json:"more"`
}

type revocationEvent struct {
	Type      store.RevocationKind `json:"type"`
	OriginJTI string               `json:"originJti,omitzero"`
	Sub       string               `json:"sub,omitzero"`
	At        int64                `json:"at"`        // unix milliseconds
	ExpiresAt int64                `json:"expiresAt"` // unix milliseconds
}

// revocations serves the log of a pool's revocations to those whose access key
// may read it.
func (a *App) revocations(api *awsjson.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page, err := a.revocationPage(api, r)
		a.answerJSON(w, r, "revocation feed", page, err)
	})
}

func (a *App) revocationPage(api *awsjson.Handler, r *http.Request) (*revocationPage, error) {
	if !api.Allow(r, awsjson.ListRevocations, "") {
		return nil, errRateExceeded
	}
	caller, err := api.Caller(r, "cognito-idp")
	if err != nil {
		return nil, err
	}
	query := r.URL.Query()
	poolID := query.Get("pool")
	limit := maxRevocations
	if text := query.Get("limit"); text != "" {
		limit, err = strconv.Atoi(text)
	}
	switch {
	case query.Get("version") != "1":
		return nil, fault.New(fault.InvalidParameter, "version must be 1.")
	case poolID == "" || len(poolID) > maxPoolID:
		return nil, fault.New(fault.InvalidParameter, "pool must be the id of a user pool.")
	case err != nil || limit < 1 || limit > maxRevocations:
		return nil, fault.Errorf(fault.InvalidParameter, "limit must be a number from 1 to %d.", maxRevocations)
	}
	if err := caller.Authorize(listRevocations, a.pools.ARN(poolID)); err != nil {
		return nil, err
	}
	if _, err := a.pools.Pool(r.Context(), poolID); err != nil {
		return nil, err
	}

	page := &revocationPage{PoolID: poolID, Events: []revocationEvent{}}
	err = a.db.View(r.Context(), func(tx *store.Tx) error {
		last := parseRevocationCursor(query.Get("after"), tx.Now())
		events, err := tx.RevocationEvents(poolID, last, limit+1)
		if page.More = len(events) > limit; page.More {
			events = events[:limit]
		}
		for _, e := range events {
			page.Events = append(page.Events, newRevocationEvent(e))
			last = e.Cursor
		}
		if !page.More {
			last = restingPlace(last, tx.Now().Add(-lateCommit))
		}
		page.Cursor = revocationCursorText(last)
		return err
	})
	return page, err
}

// restingPlace is where to go on after the last page: behind the last event, but
// not behind a time from which all is read again. It has no ID, by which
// parseRevocationCursor knows it from a place between two pages.
func restingPlace(last store.RevocationCursor, again time.Time) store.RevocationCursor {
	switch {
	case last.At.After(again):
		last.At = again
	case last.ID != "":
		last.At = last.At.Add(time.Millisecond)
	}
	return store.RevocationCursor{At: last.At}
}

func newRevocationEvent(e store.RevocationEvent) revocationEvent {
	wire := revocationEvent{Type: e.Kind, At: e.EffectiveAt.UnixMilli(), ExpiresAt: e.ExpiresAt.UnixMilli()}
	if e.Kind == store.TokenRevoked {
		wire.OriginJTI = e.Subject
	} else {
		wire.Sub = e.Subject
	}
	return wire
}

// revocationCursorText is never empty.
func revocationCursorText(c store.RevocationCursor) string {
	if c.At.IsZero() {
		return "0."
	}
	return strconv.FormatInt(c.At.UnixMilli(), 10) + "." + c.ID
}

// parseRevocationCursor reads a cursor. One that cannot be ours any more is taken
// for the beginning: to read all again costs little, to miss an event would keep
// a dead token alive. Between two pages, events of before the clock was set back
// may lie ahead.
func parseRevocationCursor(text string, now time.Time) store.RevocationCursor {
	at, id, ok := strings.Cut(text, ".")
	ms, err := strconv.ParseInt(at, 10, 64)
	if !ok || err != nil || ms <= 0 || len(id) > maxRevocationID || id == "" && ms > now.Add(clockAhead).UnixMilli() {
		return store.RevocationCursor{}
	}
	return store.RevocationCursor{At: time.UnixMilli(ms).UTC(), ID: id}
}
