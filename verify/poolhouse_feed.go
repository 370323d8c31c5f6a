package verify

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/poolhouse/poolhouse/verify/internal/jose"
)

// The revocation feed of a Poolhouse server, version 1.
//
//	GET /_poolhouse/revocations?version=1&pool=<pool id>&limit=<1 to 1000>[&after=<cursor>]
//
// signed by AWS Signature Version 4 for the service cognito-idp, by an access
// key that may poolhouse:ListRevocations on the pool. The answer is a feedPage.
// Without a cursor it begins at the oldest event that is not expired, and so it
// does for a cursor that the server does not know. Each event comes at least
// once, about in the order of its time; it may come again after newer ones, as
// transactions do not end in the order of their clocks. Nothing is ever taken
// back but by a newer event: what is known stays known until it expires.
const (
	feedPath     = "/_poolhouse/revocations"
	maxFeedPage  = 1000
	maxFeedBytes = 1 << 20
	maxCursor    = 512
	maxFeedID    = 256
)

// feedPage is an answer of the server.
type feedPage struct {
	PoolID string      `json:"poolId"`
	Events []feedEvent `json:"events"`
	Cursor string      `json:"cursor"` // what comes after this page; never empty
	More   bool        `json:"more"`   // there is something already
}

// feedEvent is something that makes tokens worthless. Times are in milliseconds
// since 1970.
type feedEvent struct {
	Type string `json:"type"`
	// OriginJTI is the sign-in, of tokenRevoked.
	OriginJTI string `json:"originJti,omitzero"`
	// Sub is the user, of the others.
	Sub string `json:"sub,omitzero"`
	// At is when it happened. For userSignedOut it is the time until which
	// sign-ins are dead, which the server puts a little after the sign-out.
	At int64 `json:"at"`
	// ExpiresAt is when the last token has expired that the event is about.
	ExpiresAt int64 `json:"expiresAt"`
}

const (
	tokenRevoked  = "tokenRevoked"
	userSignedOut = "userSignedOut"
	userDisabled  = "userDisabled"
	userEnabled   = "userEnabled"
	userDeleted   = "userDeleted"
)

// userStates are the types of events that say how a user is from then on, with
// what their tokens get.
var userStates = map[string]Code{
	userDisabled: ErrUserInactive,
	userEnabled:  "",
	userDeleted:  ErrUserNotFound,
}

// parseFeedPage reads an answer. One that is not understood to the last event
// is an error: to pass over an event would be to accept a dead token.
func parseFeedPage(text []byte, poolID string) (*feedPage, error) {
	var page feedPage
	if err := json.Unmarshal(text, &page); err != nil {
		return nil, errors.New("the answer is not a page of the feed")
	}
	switch {
	case page.PoolID != poolID:
		return nil, errors.New("the answer is about another pool")
	case page.Cursor == "" || len(page.Cursor) > maxCursor:
		return nil, errors.New("the answer has no cursor")
	case len(page.Events) > maxFeedPage:
		return nil, errors.New("the answer has too many events")
	}
	for i, e := range page.Events {
		if err := e.check(); err != nil {
			return nil, fmt.Errorf("event %d: %w", i, err)
		}
	}
	return &page, nil
}

func (e *feedEvent) check() error {
	_, isState := userStates[e.Type]
	switch {
	case e.Type != tokenRevoked && e.Type != userSignedOut && !isState:
		return errors.New("unknown type")
	case (e.OriginJTI != "") != (e.Type == tokenRevoked), (e.Sub != "") == (e.Type == tokenRevoked):
		return errors.New("wrong subject")
	case len(e.OriginJTI) > maxFeedID, len(e.Sub) > maxFeedID:
		return errors.New("subject too long")
	case e.At <= 0, e.At > jose.MaxSeconds*1000, e.ExpiresAt <= 0, e.ExpiresAt > jose.MaxSeconds*1000:
		return errors.New("wrong time")
	}
	return nil
}
