package signin

import (
	"context"
	"errors"

	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/trigger"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// call is the call of a function about the user of a sign-in, or about the name
// that nobody has.
func (a *attempt) call(ctx context.Context, function, source string) trigger.Call {
	name := a.session.Name
	if a.user != nil {
		name = a.user.Username
	}
	return a.pool.TriggerCall(ctx, function, source, name)
}

// notFound is what functions are told of whether anybody has the name: nothing,
// where clients are told.
func (a *attempt) notFound() *bool {
	if a.client.RevealsUsers() {
		return nil
	}
	return new(a.user == nil)
}

// reread reads the user again after a function was asked, which may have taken
// its time and changed the user itself.
func (m *Machine) reread(ctx context.Context, a *attempt) error {
	if a.user == nil {
		return nil
	}
	err := m.db.View(ctx, func(tx *store.Tx) (err error) {
		a.user, err = a.pool.User(tx, a.user.Sub)
		return err
	})
	if errors.Is(err, store.ErrNotFound) { // deleted meanwhile
		return errIncorrect
	}
	return err
}

// preAuthenticate asks the trigger PreAuthentication, before anything is proven.
func (m *Machine) preAuthenticate(ctx context.Context, a *attempt) error {
	function := a.pool.LambdaConfig.PreAuthentication
	if function == "" {
		return nil
	}
	err := a.pool.Triggers().PreAuthentication(ctx, a.call(ctx, function, trigger.PreAuthenticationSource), trigger.PreAuthentication{
		UserAttributes: userpool.TriggerAttributes(a.user), ValidationData: trigger.CallerFrom(ctx).ValidationData, UserNotFound: a.notFound(),
	})
	if err != nil {
		return err
	}
	return m.reread(ctx, a)
}

// postAuthenticate asks the trigger PostAuthentication, before the tokens, and
// looks again at whether the user may have them.
func (m *Machine) postAuthenticate(ctx context.Context, a *attempt, newDevice bool) error {
	function := a.pool.LambdaConfig.PostAuthentication
	if function == "" {
		return nil
	}
	in := trigger.PostAuthentication{
		UserAttributes: userpool.TriggerAttributes(a.user), ClientMetadata: trigger.CallerFrom(ctx).ClientMetadata}
	if a.pool.TracksDevices() {
		in.NewDeviceUsed = new(newDevice)
	}
	if err := a.pool.Triggers().PostAuthentication(ctx, a.call(ctx, function, trigger.PostAuthenticationSource), in); err != nil {
		return err
	}
	if err := m.reread(ctx, a); err != nil {
		return err
	}
	return m.demandState(ctx, a)
}

// migrates says whether a sign-in that begins with the password itself may bring
// its user from another directory.
func (a *attempt) migrates() bool {
	if !a.pool.Migrates() || a.parameters["PASSWORD"] == "" {
		return false
	}
	switch a.session.Flow {
	case "USER_PASSWORD_AUTH", "ADMIN_USER_PASSWORD_AUTH":
		return true
	case "USER_AUTH":
		return a.parameters["PREFERRED_CHALLENGE"] == userpool.FirstPassword
	}
	return false
}

// migrate brings the user of a name that nobody has from another directory, if
// that knows the user and the password. PreAuthentication, which find left out
// for that, is asked afterwards.
func (m *Machine) migrate(ctx context.Context, a *attempt, password string) (err error) {
	if a.user, err = m.users.Migrate(ctx, a.pool, a.session.Name, password, trigger.UserMigrationAuthentication); err != nil {
		return err
	}
	switch {
	case a.user != nil:
		a.session.Nobody = 0
	case a.client.RevealsUsers():
		return errUnknownUser
	}
	if a.session.ID != "" { // it was asked when the sign-in began
		return nil
	}
	return m.preAuthenticate(ctx, a)
}

// tokenSource is what the trigger PreTokenGeneration is told of a sign-in.
func (a *attempt) tokenSource() string {
	switch a.answered {
	case newPasswordRequired:
		return trigger.TokenGenerationNewPasswordChallenge
	case devicePasswordVerifier:
		return trigger.TokenGenerationAuthenticateDevice
	}
	return trigger.TokenGenerationAuthentication
}
