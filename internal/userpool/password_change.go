package userpool

import (
	"context"
	"errors"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
)

// ChangePassword replaces a user's own password, for which the previous one
// must be given; a user without a password gets his first. The user is as the
// access token's check read it, and the client is the one it was given to, whose risk
// configuration holds. The errors are NotAuthorizedException for a
// wrong previous password, InvalidPasswordException, InvalidParameterException,
// PasswordHistoryPolicyViolationException, LimitExceededException,
// PasswordResetRequiredException, UserNotConfirmedException and
// UserNotFoundException.
func (u *Users) ChangePassword(ctx context.Context, pool *Pool, client *Client, user *store.User, previous, proposed string) error {
	switch user.Status {
	case StatusUnconfirmed:
		return fault.New(fault.UserNotConfirmed, "User is not confirmed.")
	case StatusResetRequired:
		return fault.New(fault.PasswordResetRequired, "Password reset required for the user")
	}
	if user.SealedPassword != "" && previous == "" {
		return missingMember("previousPassword")
	}
	if err := pool.CheckPasswordPolicy(proposed); err != nil {
		return err
	}
	err := u.attempt(ctx, func(tx *store.Tx) (refused, err error) {
		return count(tx, pool.ID, user.Sub, actionChangePassword, u.limits.ChangePassword)
	})
	if err != nil {
		return err
	}
	if user.SealedPassword != "" || previous != "" {
		right, err := u.VerifyPassword(pool, user, previous)
		if err != nil {
			return err
		}
		if !right {
			return errCredentials
		}
	}
	if err := u.CheckLeaked(pool, client, proposed, LeakPasswordChange); err != nil {
		return err
	}
	sealed, err := u.NewPassword(pool, user, proposed, false)
	if err != nil {
		return err
	}
	return u.db.Update(ctx, func(tx *store.Tx) error {
		old, err := pool.User(tx, user.Sub)
		if errors.Is(err, store.ErrNotFound) {
			return errNoUser
		}
		if err != nil {
			return err
		}
		if old.SealedPassword != user.SealedPassword {
			return errCredentials // changed meanwhile: the previous one is another
		}
		_, err = pool.Change(tx, old, func(user *store.User) error {
			sealed.Apply(user)
			return dropCode(tx, pool, user, codeForgotPassword) // who knew the old password may have asked for it
		})
		return err
	})
}
