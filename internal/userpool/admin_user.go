package userpool

import (
	"context"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/trigger"
)

// SetEnabled enables or disables the user called name. A disabled user cannot
// sign in, and tokens that were issued no longer act on the account. The error is
// UserNotFoundException.
func (u *Users) SetEnabled(ctx context.Context, pool *Pool, name string, enabled bool) error {
	_, err := u.Modify(ctx, pool, name, func(_ *store.Tx, user *store.User) error {
		user.Enabled = enabled
		return nil
	})
	return err
}

// SetPassword sets a user's password for an administrator: for good, which
// confirms the user, or until the first sign-in. It lifts a lockout, and a code
// for a forgotten password that is on its way is void. The errors
// are UserNotFoundException, InvalidPasswordException,
// InvalidParameterException and, for a permanent one,
// PasswordHistoryPolicyViolationException.
func (u *Users) SetPassword(ctx context.Context, pool *Pool, name, password string, permanent bool) error {
	user, err := u.Find(ctx, pool, name)
	if err != nil {
		return err
	}
	sealed, err := u.NewPassword(pool, user, password, !permanent)
	if err != nil {
		return err
	}
	// By sub: the seal holds for no other user who may have got the name since.
	_, err = u.Modify(ctx, pool, user.Sub, func(tx *store.Tx, user *store.User) error {
		sealed.Apply(user)
		user.Status = StatusForceChangePassword
		if permanent {
			user.Status = StatusConfirmed
		} else if err := tx.EndClientSessionsOf(pool.ID, user.Sub); err != nil {
			return err
		}
		return dropCode(tx, pool, user, codeForgotPassword)
	})
	return err
}

// ResetPassword makes the user called name set a new password, with a code that
// is sent, before the next sign-in. The errors are UserNotFoundException,
// NotAuthorizedException where the state of the user forbids it or the pool
// leaves recovery to administrators, InvalidParameterException for a user who
// cannot be reached, and CodeDeliveryFailureException.
func (u *Users) ResetPassword(ctx context.Context, pool *Pool, name string) error {
	texts := NewTexts(pool)
	reset := func(tx *store.Tx, user *store.User) error {
		if pool.onlyAdminsRecover() {
			return fault.New(fault.NotAuthorized, "Contact administrator to reset password.")
		}
		if !user.Enabled {
			return errDisabled
		}
		if !resettable(user) {
			return errNotResettable
		}
		c, reachable := pool.recoveryChannel(user)
		if !reachable {
			return errNoRecovery
		}
		user.Status = StatusResetRequired
		if err := tx.EndClientSessionsOf(pool.ID, user.Sub); err != nil {
			return err
		}
		_, err := u.sendCode(tx, pool, user, sending{
			purpose: codeForgotPassword, life: recoveryCodeLife, channel: c, source: sourceForgotPassword, texts: texts,
		})
		return err
	}
	return texts.Run(ctx, func() error {
		_, err := u.Modify(ctx, pool, name, reset)
		return err
	})
}

// ForceConfirm confirms the sign-up of the user called name without a code, and
// so verifies nothing. The errors are UserNotFoundException and
// NotAuthorizedException for a user who is not waiting for that.
func (u *Users) ForceConfirm(ctx context.Context, pool *Pool, name string) error {
	user, err := u.Modify(ctx, pool, name, func(tx *store.Tx, user *store.User) error {
		if user.Status != StatusUnconfirmed {
			return fault.Errorf(fault.NotAuthorized, "User cannot be confirmed. Current status is %s", user.Status)
		}
		user.Status = StatusConfirmed
		return dropCode(tx, pool, user, codeSignUp)
	})
	if err != nil {
		return err
	}
	return pool.postConfirmation(ctx, trigger.PostConfirmationSignUp, user)
}
