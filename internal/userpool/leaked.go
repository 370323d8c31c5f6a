package userpool

import (
	"slices"

	"github.com/poolhouse/poolhouse/internal/fault"
)

// Where a password may be found to have leaked, as the Cognito API names it
// (EventFilterType).
const (
	LeakSignIn         = "SIGN_IN"
	LeakSignUp         = "SIGN_UP"
	LeakPasswordChange = "PASSWORD_CHANGE"
)

// BlocksLeaked says whether a leaked password is refused in an event.
func (r *RiskConfig) BlocksLeaked(event string) bool {
	c := r.CompromisedCredentials
	return c != nil && c.Actions.EventAction == "BLOCK" && slices.Contains(c.EventFilter, event)
}

// SetLeaked tells the users which passwords attackers know. It must not be called
// once they are in use.
func (u *Users) SetLeaked(leaked func(password string) bool) { u.leaked = leaked }

// CheckLeaked refuses a new password that attackers know, with
// InvalidPasswordException, where threat protection is set so. client may be nil.
func (u *Users) CheckLeaked(pool *Pool, client *Client, password, event string) error {
	if u.leaked == nil || pool.ThreatMode("") != ThreatEnforced || !pool.RiskFor(client).BlocksLeaked(event) || !u.leaked(password) {
		return nil
	}
	return fault.New(fault.InvalidPassword, "Provided password cannot be used for security reasons.")
}
