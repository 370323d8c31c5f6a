package userpool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
)

// The types of events, as the Cognito API names them (EventType).
const (
	EventSignIn         = "SignIn"
	EventSignUp         = "SignUp"
	EventForgotPassword = "ForgotPassword"
	EventPasswordChange = "PasswordChange"
	EventResendCode     = "ResendCode"
)

// How events ended (EventResponseType).
const (
	EventPass       = "Pass"
	EventFail       = "Fail"
	EventInProgress = "InProgress"
)

// AuthEvent is something that a user did, or that was tried in the user's name,
// as threat protection keeps a record of it.
type AuthEvent struct {
	ID        string    `json:"-"`
	Type      string    `json:"-"`
	Response  string    `json:"-"`
	CreatedAt time.Time `json:"-"`
	Feedback  *Feedback `json:"-"`

	ClientID   string           `json:"c,omitzero"`
	Risk       Risk             `json:"r,omitzero"`
	Challenges []EventChallenge `json:"h,omitzero"`
	IPAddress  string           `json:"i,omitzero"`
	Device     string           `json:"d,omitzero"` // such as "Firefox 128, Linux"
	City       string           `json:"y,omitzero"`
	Country    string           `json:"o,omitzero"`

	// Where the address is, in degrees: [latitude, longitude], or nil.
	Position []float64 `json:"p,omitzero"`
}

// Risk is what threat protection thought of an event. Its zero value is none.
type Risk struct {
	Decision    string `json:"d,omitzero"` // NoRisk, AccountTakeover or Block; "" means NoRisk
	Level       string `json:"l,omitzero"` // Low, Medium or High; "" without a risk
	Compromised bool   `json:"c,omitzero"` // the password is known to have leaked
}

// EventChallenge is a step of a sign-in: Password or Mfa, and Success or Failure.
type EventChallenge struct {
	Name     string `json:"n"`
	Response string `json:"r"`
}

// Feedback is what an administrator or the user said of an event.
type Feedback struct {
	Value    string    `json:"v"` // Valid or Invalid
	Provider string    `json:"p"` // Admin or User
	At       time.Time `json:"t"`
}

// Row is the event as the store keeps it until it expires.
func (e *AuthEvent) Row(poolID, sub string, expires time.Time) (*store.AuthEvent, error) {
	doc, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("event %s: %w", e.ID, err)
	}
	return &store.AuthEvent{PoolID: poolID, Sub: sub, ID: e.ID, Type: e.Type, Response: e.Response, Doc: string(doc),
		CreatedAt: e.CreatedAt, ExpiresAt: expires}, nil
}

// ReadAuthEvent reads the row of an event.
func ReadAuthEvent(row *store.AuthEvent) (*AuthEvent, error) {
	e := &AuthEvent{ID: row.ID, Type: row.Type, Response: row.Response, CreatedAt: row.CreatedAt}
	if err := json.Unmarshal([]byte(row.Doc), e); err != nil {
		return nil, fmt.Errorf("event %s: %w", row.ID, err)
	}
	if row.Feedback != "" {
		e.Feedback = new(Feedback)
		if err := json.Unmarshal([]byte(row.Feedback), e.Feedback); err != nil {
			return nil, fmt.Errorf("feedback to event %s: %w", row.ID, err)
		}
	}
	return e, nil
}

// ThreatMode is what a pool sets of threat protection.
type ThreatMode string

// The modes (AdvancedSecurityModeType).
const (
	ThreatOff      ThreatMode = "OFF"      // nothing is looked at and nothing kept
	ThreatAudit    ThreatMode = "AUDIT"    // events are kept, and nothing is done about them
	ThreatEnforced ThreatMode = "ENFORCED" // and risks have the consequences that are set
)

// ThreatMode is the pool's mode for a flow of InitiateAuth; "" for anything else.
// Custom authentication has one of its own, which a pool without the other does
// not have.
func (p *Pool) ThreatMode(flow string) ThreatMode {
	a := p.UserPoolAddOns
	if a == nil || a.AdvancedSecurityMode == "" || a.AdvancedSecurityMode == string(ThreatOff) {
		return ThreatOff
	}
	if flow != "CUSTOM_AUTH" {
		return ThreatMode(a.AdvancedSecurityMode)
	}
	if a.AdvancedSecurityAdditionalFlows == nil || a.AdvancedSecurityAdditionalFlows.CustomAuthMode == "" {
		return ThreatOff
	}
	return ThreatMode(a.AdvancedSecurityAdditionalFlows.CustomAuthMode)
}

// RiskFor is what is set for risks in sign-ins through a client: of its own, or of
// the pool; never nil.
func (p *Pool) RiskFor(client *Client) *RiskConfig {
	switch {
	case client != nil && client.Risk != nil:
		return client.Risk
	case p.Risk != nil:
		return p.Risk
	}
	return new(RiskConfig)
}

// MaxEventPage is the most events that a page has.
const MaxEventPage = 60

var errNoAddOn = fault.New(fault.UserPoolAddOnNotEnabled, "User pool add-ons are not enabled.")

// AuthEvents returns up to limit events of the user who is called name, newest
// first, and the token of the next page. It reads as Cognito's: the id of the last
// event, a number sign and its time. Errors: UserNotFoundException,
// InvalidParameterException, UserPoolAddOnNotEnabledException.
func (u *Users) AuthEvents(ctx context.Context, pool *Pool, name, token string, limit int) (events []*AuthEvent, next string, err error) {
	if pool.ThreatMode("") == ThreatOff {
		return nil, "", errNoAddOn
	}
	before, at, found := strings.Cut(token, "#")
	if _, err := time.Parse(eventTime, at); token != "" && (!found || err != nil || !subPattern.MatchString(before)) {
		return nil, "", ErrPageToken
	}
	user, err := u.Find(ctx, pool, name)
	if err != nil {
		return nil, "", err
	}
	var rows []*store.AuthEvent
	if err := u.db.View(ctx, func(tx *store.Tx) (err error) {
		rows, err = tx.ListAuthEvents(pool.ID, user.Sub, before, limit+1)
		return err
	}); err != nil {
		return nil, "", err
	}
	if len(rows) > limit {
		rows = rows[:limit]
		last := rows[limit-1]
		next = last.ID + "#" + last.CreatedAt.UTC().Format(eventTime)
	}
	for _, row := range rows {
		e, err := ReadAuthEvent(row)
		if err != nil {
			return nil, "", err
		}
		events = append(events, e)
	}
	return events, next, nil
}

// eventTime is the time in a page token.
const eventTime = "2006-01-02T15:04:05.000Z"

// GiveFeedback notes what an administrator says of an event of the user who is
// called name. Errors: UserNotFoundException, ResourceNotFoundException,
// UserPoolAddOnNotEnabledException.
func (u *Users) GiveFeedback(ctx context.Context, pool *Pool, name, eventID, value string) error {
	return u.giveFeedback(ctx, pool, name, eventID, Feedback{Value: value, Provider: "Admin"})
}

func (u *Users) giveFeedback(ctx context.Context, pool *Pool, name, eventID string, f Feedback) error {
	if pool.ThreatMode("") == ThreatOff {
		return errNoAddOn
	}
	user, err := u.Find(ctx, pool, name)
	if err != nil {
		return err
	}
	err = u.db.Update(ctx, func(tx *store.Tx) error {
		if _, err := tx.AuthEvent(pool.ID, user.Sub, eventID); err != nil {
			return err
		}
		f.At = tx.Now()
		text, err := json.Marshal(f)
		if err != nil {
			return err
		}
		return tx.SetAuthEventFeedback(pool.ID, user.Sub, eventID, string(text))
	})
	if errors.Is(err, store.ErrNotFound) {
		return fault.New(fault.ResourceNotFound, "Event does not exist.")
	}
	return err
}

// feedbackPurpose seals the tokens in the links of notifications; the context is
// the pool.
const feedbackPurpose keys.Purpose = "event-feedback"

// feedbackLife is how long a link in a notification works.
const feedbackLife = 7 * 24 * time.Hour

// feedbackToken is what a link says, sealed.
type feedbackToken struct {
	Sub       string `json:"s"`
	EventID   string `json:"e"`
	ExpiresAt int64  `json:"x"` // unix milliseconds
}

var errFeedbackToken = fault.New(fault.NotAuthorized, "Invalid feedback token")

// FeedbackToken is what lets whoever has it say whether an event was the user's
// own doing.
func (u *Users) FeedbackToken(poolID, sub, eventID string) (string, error) {
	plain, err := json.Marshal(feedbackToken{Sub: sub, EventID: eventID, ExpiresAt: u.db.Now().Add(feedbackLife).UnixMilli()})
	if err != nil {
		return "", err
	}
	return u.ring.Seal(feedbackPurpose, plain, poolID)
}

// GiveOwnFeedback notes what a user says of an event, as the link in a
// notification does. name and eventID may be "", for those that the token tells.
// Errors: NotAuthorizedException for a token that is not for them or too old, and
// those of GiveFeedback.
func (u *Users) GiveOwnFeedback(ctx context.Context, pool *Pool, name, eventID, token, value string) error {
	if pool.ThreatMode("") == ThreatOff {
		return errNoAddOn
	}
	plain, err := u.ring.Open(feedbackPurpose, token, pool.ID)
	if err != nil {
		return errFeedbackToken
	}
	var t feedbackToken
	if err := json.Unmarshal(plain, &t); err != nil {
		return fmt.Errorf("feedback token: %w", err)
	}
	if u.db.Now().UnixMilli() >= t.ExpiresAt || eventID != "" && eventID != t.EventID {
		return errFeedbackToken
	}
	if name != "" {
		user, err := u.Find(ctx, pool, name)
		if fault.CodeOf(err) == fault.UserNotFound || err == nil && user.Sub != t.Sub {
			return errFeedbackToken // nor tells it who exists
		}
		if err != nil {
			return err
		}
	}
	return u.giveFeedback(ctx, pool, t.Sub, t.EventID, Feedback{Value: value, Provider: "User"})
}
