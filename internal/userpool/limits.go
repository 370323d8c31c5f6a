package userpool

import (
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
)

// Limits say how often one user may try something in an hour, whether or not
// the user exists, counted across all nodes. 0 means as often as wanted.
type Limits struct {
	ForgotPassword         int // codes asked for and codes tried together
	ResendConfirmationCode int
	ConfirmSignUp          int
	ChangePassword         int
	GetAttributeCode       int // GetUserAttributeVerificationCode
	VerifyAttribute        int // VerifyUserAttribute
	SignInCode             int // codes of sign-ins that are sent
	WrongGuesses           int // of one code, ever: it is worth nothing after that
}

// DefaultLimits are those of Cognito (developer guide, "Quotas on user
// operations"; ForgotPassword and SignInCode have 5 to 20 there). With them a code of six
// digits withstands guessing: an hour gives at most 15 of a million, and no code
// more than that.
func DefaultLimits() Limits {
	return Limits{
		ForgotPassword:         10,
		ResendConfirmationCode: 5,
		ConfirmSignUp:          15,
		ChangePassword:         5,
		GetAttributeCode:       5,
		VerifyAttribute:        15,
		SignInCode:             20,
		WrongGuesses:           15,
	}
}

// NoLimits is for development, where tests try the same thing all day.
func NoLimits() Limits { return Limits{} }

// limitWindow is the time in which tries are counted.
const limitWindow = time.Hour

// The actions that are counted, as the attempts table names them.
const (
	actionForgotPassword   = "forgot-password"
	actionResend           = "resend-confirmation-code"
	actionConfirmSignUp    = "confirm-sign-up"
	actionChangePassword   = "change-password"
	actionGetAttributeCode = "get-attribute-code"
	actionVerifyAttribute  = "verify-attribute"
	actionSignInCode       = "sign-in-code"
)

var errLimit = fault.New(fault.LimitExceeded, "Attempt limit exceeded, please try after some time.")

// count counts a try of an action by a subject: a sub, or what UnknownSub gives
// for a name that nobody has. Over the limit it answers LimitExceededException as
// refused. A try counts even if it comes to nothing, so the caller commits and
// answers afterwards.
func count(tx *store.Tx, poolID, subject, action string, limit int) (refused error, err error) {
	if limit == 0 {
		return nil, nil
	}
	tried, err := tx.Attempts(poolID, subject, action)
	if err != nil {
		return nil, err
	}
	if tried.Count >= limit {
		return errLimit, nil
	}
	_, err = tx.CountAttempt(poolID, subject, action, limitWindow)
	return nil, err
}
