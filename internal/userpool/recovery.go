package userpool

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/trigger"
)

var (
	errNotResettable = fault.New(fault.NotAuthorized, "User password cannot be reset in the current state.")
	errNoRecovery    = fault.New(fault.InvalidParameter,
		"Cannot reset password for the user as there is no registered/verified email or phone_number")
)

// ForgotPassword sends a code with which a new password can be set. The errors
// are NotAuthorizedException where only administrators reset passwords or the
// user's state forbids it, LimitExceededException, CodeDeliveryFailureException
// and, where the client reveals that, UserNotFoundException,
// NotAuthorizedException for a disabled user and InvalidParameterException for
// one who cannot be reached.
func (u *Users) ForgotPassword(ctx context.Context, pool *Pool, client *Client, name string) (*Delivery, error) {
	if pool.onlyAdminsRecover() {
		return nil, fault.New(fault.NotAuthorized, "Contact administrator to reset password.")
	}
	if err := u.ready(pool, ""); err != nil {
		return nil, err
	}
	if err := u.migrateForgetful(ctx, pool, name); err != nil {
		return nil, err
	}
	var delivery *Delivery
	texts := NewTexts(pool)
	send := func(tx *store.Tx) (refused, err error) {
		user, sub, err := u.lookUp(tx, pool, name)
		if err != nil {
			return nil, err
		}
		if refused, err := count(tx, pool.ID, sub, actionForgotPassword, u.limits.ForgotPassword); refused != nil || err != nil {
			return refused, err
		}
		s := sending{purpose: codeForgotPassword, life: recoveryCodeLife, source: sourceForgotPassword, texts: texts}
		var concealed error // what only a client that reveals users is told
		switch {
		case user == nil:
			concealed = errNoUserOfClient
		case !user.Enabled:
			concealed = errDisabled
		case !resettable(user):
			return errNotResettable, nil
		default:
			var reachable bool
			if s.channel, reachable = pool.recoveryChannel(user); !reachable {
				concealed = errNoRecovery
			}
		}
		switch {
		case concealed == nil:
			delivery, err = u.sendCode(tx, pool, user, s)
			err = s.conceal(client, &delivery, err)
		case client.RevealsUsers():
			return concealed, nil
		default:
			s.channel = u.pretendedChannel(pool, name, pool.recoveryAttributes())
			delivery, err = u.pretendCode(tx, pool, sub, name, s)
		}
		return nil, err
	}
	if err := texts.Run(ctx, func() error { return u.attempt(ctx, send) }); err != nil {
		return nil, err
	}
	return delivery, nil
}

// migrateForgetful brings a user whom the pool does not know from another
// directory, if that knows them.
func (u *Users) migrateForgetful(ctx context.Context, pool *Pool, name string) error {
	if !pool.Migrates() {
		return nil
	}
	_, err := u.Find(ctx, pool, name)
	if fault.CodeOf(err) == fault.UserNotFound {
		_, err = u.Migrate(ctx, pool, name, "", trigger.UserMigrationForgotPassword)
	}
	return err
}

// resettable says whether a user in this state may set a new password with a
// code.
func resettable(user *store.User) bool {
	switch user.Status {
	case StatusUnconfirmed, StatusConfirmed, StatusResetRequired:
		return true
	}
	return false
}

// ConfirmForgotPassword sets a new password with the code of ForgotPassword and
// returns the user, who is confirmed by that. The errors are
// InvalidPasswordException, InvalidParameterException,
// PasswordHistoryPolicyViolationException, CodeMismatchException,
// ExpiredCodeException, LimitExceededException and, where the client reveals
// that, UserNotFoundException and NotAuthorizedException for a disabled user.
func (u *Users) ConfirmForgotPassword(ctx context.Context, pool *Pool, client *Client, name, code, password string) (*store.User, error) {
	if err := pool.CheckPasswordPolicy(password); err != nil {
		return nil, err
	}
	// The password is looked at, and its history told of, only after the code;
	// and the code is spent only with the password.
	var user *store.User
	err := u.attempt(ctx, func(tx *store.Tx) (refused, err error) {
		var sub string
		user, sub, err = u.lookUp(tx, pool, name)
		if err != nil {
			return nil, err
		}
		if refused, err := count(tx, pool.ID, sub, actionForgotPassword, u.limits.ForgotPassword); refused != nil || err != nil {
			return refused, err
		}
		if user == nil && client.RevealsUsers() {
			return errNoUserOfClient, nil
		}
		if user != nil && !user.Enabled && client.RevealsUsers() {
			return errDisabled, nil
		}
		target, refused, err := u.checkCode(tx, pool.ID, sub, codeForgotPassword, code)
		if refused == nil && err == nil {
			refused = redeemable(user, target)
		}
		return refused, err
	})
	if err != nil {
		return nil, err
	}
	if err := u.CheckLeaked(pool, client, password, LeakPasswordChange); err != nil {
		return nil, err
	}
	sealed, err := u.NewPassword(pool, user, password, false)
	if err != nil {
		return nil, err
	}
	err = u.attempt(ctx, func(tx *store.Tx) (refused, err error) {
		old, err := pool.User(tx, user.Sub)
		if errors.Is(err, store.ErrNotFound) {
			return errCodeExpired, nil
		}
		if err != nil {
			return nil, err
		}
		target, refused, err := u.spendCode(tx, pool.ID, old.Sub, codeForgotPassword, code)
		if refused != nil || err != nil {
			return refused, err
		}
		if refused := redeemable(old, target); refused != nil {
			return refused, nil
		}
		user, err = pool.Change(tx, old, func(user *store.User) error {
			sealed.Apply(user)
			user.Status = StatusConfirmed
			return nil
		})
		return nil, err
	})
	if err != nil {
		return nil, err
	}
	if err := pool.postConfirmation(ctx, trigger.PostConfirmationForgotPassword, user); err != nil {
		return nil, err
	}
	return user, nil
}

// redeemable refuses the right code of a user who has changed since it was sent:
// above all one that went to an address that is not the user's any more.
func redeemable(user *store.User, target codeTarget) error {
	switch {
	case !user.Enabled:
		return errCodeMismatch
	case !resettable(user):
		return errNotResettable
	case user.Attributes[target.Attribute] != target.Value:
		return errCodeExpired
	}
	return nil
}

// adminOnly is the recovery mechanism that leaves it to administrators.
const adminOnly = "admin_only"

// recoveryAttributes are the attributes that help a user who forgot the
// password, the preferred one first. Pools that set nothing take the phone
// before the email, as Cognito did before there was a setting.
func (p *Pool) recoveryAttributes() []string {
	if p.AccountRecoverySetting == nil || len(p.AccountRecoverySetting.RecoveryMechanisms) == 0 {
		return []string{"phone_number", "email"}
	}
	options := slices.Clone(p.AccountRecoverySetting.RecoveryMechanisms)
	slices.SortStableFunc(options, func(a, b RecoveryOption) int { return a.Priority - b.Priority })
	var attributes []string
	for _, o := range options {
		if attribute, ok := strings.CutPrefix(o.Name, "verified_"); ok {
			attributes = append(attributes, attribute)
		}
	}
	return attributes
}

// onlyAdminsRecover says whether users cannot reset their passwords themselves.
func (p *Pool) onlyAdminsRecover() bool { return len(p.recoveryAttributes()) == 0 }

// recoveryChannel is where the code for a forgotten password goes. Only verified
// addresses count. Where the pool has a setting for recovery, an address that is
// the user's second factor does not.
func (p *Pool) recoveryChannel(user *store.User) (channel, bool) {
	for _, attribute := range p.recoveryAttributes() {
		if p.AccountRecoverySetting != nil && p.asksAt(user, attribute) {
			continue // whoever has the phone or the mailbox would have both factors
		}
		if to := user.Attributes[attribute]; to != "" && user.Attributes[attribute+"_verified"] == "true" {
			return channelOf(attribute, to), true
		}
	}
	return channel{}, false
}
