package signin

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/token"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// stepUp is what USER_AUTH is asked to reach.
type stepUp struct {
	targets []int // levels, the most wanted first
	access  *token.Access
	fresh   bool // what the token's sign-in proved counts
}

// maxTargets bounds TARGET_ACR_VALUES, in bytes: four levels of 64 characters fit
// many times.
const maxTargets = 2048

// Cognito's texts are not known.
var (
	errNoTarget    = fault.New(fault.InvalidParameter, "ACCESS_TOKEN requires TARGET_ACR_VALUES.")
	errTargets     = fault.New(fault.InvalidParameter, "TARGET_ACR_VALUES has no authentication level of the user pool.")
	errMaxAge      = fault.New(fault.InvalidParameter, "MAX_AGE must be a number of seconds.")
	errLevelHeld   = fault.New(fault.InvalidParameter, "The access token satisfies TARGET_ACR_VALUES already.")
	errUnreachable = fault.New(fault.InvalidParameter, "The user has no authentication factor that satisfies TARGET_ACR_VALUES.")
	errOtherUser   = fault.New(fault.NotAuthorized, "The access token is not of the user.")
)

// readStepUp reads what the request wants to reach: nil for no level in particular.
// Errors are InvalidParameterException and those of an access token.
func (m *Machine) readStepUp(ctx context.Context, a *attempt) (*stepUp, error) {
	targets, accessToken, maxAge := a.parameters["TARGET_ACR_VALUES"], a.parameters["ACCESS_TOKEN"], a.parameters["MAX_AGE"]
	seconds := int64(-1)
	if maxAge != "" {
		n, err := strconv.ParseInt(maxAge, 10, 32)
		if err != nil || n < 0 {
			return nil, errMaxAge
		}
		seconds = n
	}
	if targets == "" {
		if accessToken != "" {
			return nil, errNoTarget
		}
		return nil, nil // signing in anew satisfies any MAX_AGE
	}
	if len(targets) > maxTargets {
		return nil, errTargets
	}
	up := &stepUp{targets: a.pool.Levels(targets)}
	if len(up.targets) == 0 {
		return nil, errTargets
	}
	if accessToken == "" {
		return up, nil
	}
	var err error
	if up.access, err = m.tokens.Authenticate(ctx, accessToken); err != nil {
		return nil, err
	}
	if up.access.Pool.ID != a.pool.ID || up.access.Client.ID != a.client.ID {
		return nil, errOtherUser
	}
	age := m.db.Now().Sub(up.access.Claims.AuthTime)
	up.fresh = seconds < 0 || age <= time.Duration(seconds)*time.Second
	return up, nil
}

// aim sets the level that the sign-in must reach: the first of the targets that
// the user can. It returns the first factors that lead there, or nil if the first
// factor of the token's sign-in does, with a second one that is still to come.
func (a *attempt) aim(up *stepUp, factors []string) ([]string, error) {
	if up.access != nil && (a.user == nil || a.user.Sub != up.access.User.Sub) {
		return nil, errOtherUser
	}
	// A password that was replaced by a temporary one is to be proven anew.
	up.fresh = up.fresh && a.user.Status == userpool.StatusConfirmed
	if up.fresh {
		a.session.Proved = userpool.MethodsOf(up.access.Claims.AMR)
		a.session.Second = a.secondProved()
	}
	for _, goal := range up.targets {
		direct := a.completes(goal)
		leading := a.leading(goal, factors)
		switch {
		case up.fresh && userpool.Level(a.session.Proved) >= goal:
			return nil, errLevelHeld
		case direct:
			a.session.Goal = goal
			return nil, nil
		case len(leading) > 0:
			a.session.Goal = goal
			return leading, nil
		}
	}
	return nil, errUnreachable
}

// leading are those of the first factors from which a level can be reached,
// together with what was proven before.
func (a *attempt) leading(goal int, factors []string) []string {
	var leading []string
	for _, factor := range factors {
		methods := append(slices.Clone(a.session.Proved), methodOf(factor))
		reached := userpool.Level(methods) >= goal
		if !reached && methodOf(factor) == userpool.AMRPassword {
			reached = a.raise(methods, goal) != ""
		}
		if reached {
			leading = append(leading, factor)
		}
	}
	return leading
}

// completes says whether a second factor alone leads from what was proven to a
// level.
func (a *attempt) completes(goal int) bool {
	return slices.Contains(a.session.Proved, userpool.AMRPassword) && a.raise(a.session.Proved, goal) != ""
}

// secondProved is a second factor among what was proven beside the password, ""
// if there is none.
func (a *attempt) secondProved() string {
	for factor, method := range secondMethods {
		if slices.Contains(a.session.Proved, userpool.AMRPassword) && slices.Contains(a.session.Proved, method) {
			return factor
		}
	}
	return ""
}

// raise is the second factor of the user that lifts methods to a level: the
// preferred one if it does, otherwise the strongest; "" if none does.
func (a *attempt) raise(methods []string, goal int) string {
	if a.user == nil {
		return ""
	}
	for _, factor := range []string{a.user.MFA.Preferred, userpool.FactorToken, userpool.FactorSMS, userpool.FactorEmail} {
		if factor != "" && a.pool.CanUse(a.user, factor) &&
			userpool.Level(append(slices.Clone(methods), secondMethods[factor])) >= goal {
			return factor
		}
	}
	return ""
}

// secondMethods are the methods that second factors prove.
var secondMethods = map[string]string{
	userpool.FactorToken: userpool.AMRToken, userpool.FactorSMS: userpool.AMRSMS, userpool.FactorEmail: userpool.AMREmail}

// methodOf is the method that a first factor proves, as far as levels go.
func methodOf(factor string) string {
	switch factor {
	case userpool.FirstPassword, userpool.FirstSRP:
		return userpool.AMRPassword
	case userpool.FirstPasskey:
		return userpool.AMRRoaming
	}
	return firstMethods[factor]
}

// demandLevel asks for the second factor that is missing to the level that the
// sign-in is to reach. It comes before what the pool demands, which any second
// factor satisfies.
func (m *Machine) demandLevel(ctx context.Context, a *attempt) error {
	s := &a.session
	if s.Goal == 0 || userpool.Level(s.Proved) >= s.Goal {
		return nil
	}
	factor := a.raise(s.Proved, s.Goal)
	if factor == "" { // taken away meanwhile
		return errUnreachable
	}
	if slices.Contains(s.Proved, userpool.AMRPassword) {
		s.Password = passwordDigest(a.user)
	}
	return m.askFactor(ctx, a, factor, nothing)
}

func nothing(*store.Tx) error { return nil }
