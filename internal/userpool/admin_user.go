package userpool

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
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
// confirms the user, or until the first sign-in. It lifts a lockout. The errors
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
	_, err = u.Modify(ctx, pool, user.Sub, func(_ *store.Tx, user *store.User) error {
		sealed.Apply(user)
		user.Status = StatusForceChangePassword
		if permanent {
			user.Status = StatusConfirmed
		}
		return nil
	})
	return err
}

// ResetPassword makes the user called name set a new password, with a code that
// is sent, before the next sign-in. The errors are UserNotFoundException,
// NotAuthorizedException where the state of the user forbids it or the pool
// leaves recovery to administrators, InvalidParameterException for a user who
// cannot be reached, and CodeDeliveryFailureException.
func (u *Users) ResetPassword(ctx context.Context, pool *Pool, name string) error {
	_, err := u.Modify(ctx, pool, name, func(tx *store.Tx, user *store.User) error {
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
		_, err := u.sendCode(tx, pool, user, sending{
			purpose: codeForgotPassword, life: recoveryCodeLife, channel: c, source: sourceForgotPassword,
		})
		return err
	})
	return err
}

// ForceConfirm confirms the sign-up of the user called name without a code, and
// so verifies nothing. The errors are UserNotFoundException and
// NotAuthorizedException for a user who is not waiting for that.
func (u *Users) ForceConfirm(ctx context.Context, pool *Pool, name string) error {
	_, err := u.Modify(ctx, pool, name, func(tx *store.Tx, user *store.User) error {
		if user.Status != StatusUnconfirmed {
			return fault.Errorf(fault.NotAuthorized, "User cannot be confirmed. Current status is %s", user.Status)
		}
		user.Status = StatusConfirmed
		return dropCode(tx, pool, user, codeSignUp)
	})
	return err
}

// Invitation is what an administrator gives for a new user, or to invite one
// again.
type Invitation struct {
	Username          string
	Attributes        map[string]string // of a new user
	TemporaryPassword string            // "" to have one made
	Media             []string          // EMAIL, SMS or both; none means SMS, as in Cognito
	Silent            bool              // send nothing
	ForceAlias        bool              // take verified addresses from the users who have them now
}

// Create makes a user for an administrator and sends the temporary password by
// the media for which the user has an address. Required attributes may be
// missing; the first sign-in asks for them. Where the pool lets users sign in
// with codes alone, one who can receive them gets no password unless it is given,
// and is confirmed. The errors are InvalidParameterException,
// InvalidPasswordException, UsernameExistsException, AliasExistsException and
// CodeDeliveryFailureException.
func (u *Users) Create(ctx context.Context, pool *Pool, in Invitation) (*store.User, error) {
	user, err := pool.invited(in)
	if err != nil {
		return nil, err
	}
	var channels []channel
	var password string
	if in.TemporaryPassword == "" && pool.signsInWithCodes(user) {
		user.Status = StatusConfirmed // and not invited, for there is no password to tell
	} else {
		if channels = in.channels(user); len(channels) > 0 {
			if err := u.outbox.Ready(); err != nil {
				return nil, err
			}
		}
		password = in.password(pool)
		sealed, err := u.NewPassword(pool, user, password, true)
		if err != nil {
			return nil, err
		}
		sealed.Apply(user)
	}
	err = u.db.Update(ctx, func(tx *store.Tx) error {
		user.CreatedAt, user.ModifiedAt = tx.Now(), tx.Now()
		if in.ForceAlias {
			if err := pool.takeAliases(tx, user); err != nil {
				return err
			}
		}
		if err := pool.insert(tx, user); err != nil {
			return err
		}
		return u.invite(tx, pool, user, channels, password)
	})
	if err != nil {
		return nil, pool.invitedExists(err)
	}
	return user, nil
}

// Reinvite gives a user who has not yet signed in a new temporary password, which
// lasts as long as a first one, and sends it. The errors are
// UserNotFoundException, UnsupportedUserStateException for any other user,
// InvalidPasswordException, InvalidParameterException and
// CodeDeliveryFailureException.
func (u *Users) Reinvite(ctx context.Context, pool *Pool, in Invitation) (*store.User, error) {
	user, err := u.Find(ctx, pool, in.Username)
	if err != nil {
		return nil, err
	}
	notInvited := func(user *store.User) error {
		if user.Status == StatusForceChangePassword {
			return nil
		}
		return fault.Errorf(fault.UnsupportedUserState,
			"Resend not possible. %s status is not %s", in.Username, StatusForceChangePassword)
	}
	if err := notInvited(user); err != nil {
		return nil, err
	}
	password := in.password(pool)
	sealed, err := u.NewPassword(pool, user, password, true)
	if err != nil {
		return nil, err
	}
	return u.Modify(ctx, pool, user.Sub, func(tx *store.Tx, user *store.User) error {
		if err := notInvited(user); err != nil {
			return err
		}
		sealed.Apply(user)
		return u.invite(tx, pool, user, in.channels(user), password)
	})
}

// password is the temporary password that is given, or one made for the pool.
func (in Invitation) password(pool *Pool) string {
	return cmp.Or(in.TemporaryPassword, pool.TemporaryPassword())
}

// invited is the user to be, without a password.
func (p *Pool) invited(in Invitation) (*store.User, error) {
	attribute, err := p.checkUsername(in.Username)
	if err != nil {
		return nil, err
	}
	attrs, err := p.fillUsername(in.Username, attribute, in.Attributes)
	if err != nil {
		return nil, err
	}
	if err := p.CheckNewAttributes(attrs, Writer{}); err != nil {
		return nil, err
	}
	user := &store.User{
		PoolID: p.ID, Sub: newSub(), Username: in.Username, Status: StatusForceChangePassword, Enabled: true,
		Attributes: make(map[string]string),
	}
	if attribute != "" {
		user.Username = user.Sub
	}
	p.SetAttributes(user, attrs)
	return user, nil
}

// invitedExists tells an administrator which name of a new user is taken.
func (p *Pool) invitedExists(err error) error {
	taken, ok := errors.AsType[*store.NameTakenError](err)
	if ok && taken.Name.Kind != store.NameUsername && len(p.UsernameAttributes) == 0 {
		return aliasExists(err)
	}
	return usernameExists(err, "User account already exists")
}

// signsInWithCodes says whether the pool lets the user sign in with a code that
// goes to a verified address.
func (p *Pool) signsInWithCodes(user *store.User) bool {
	for factor, attribute := range map[string]string{"EMAIL_OTP": "email", "SMS_OTP": "phone_number"} {
		if slices.Contains(p.Policies.SignInPolicy.AllowedFirstAuthFactors, factor) &&
			user.Attributes[attribute] != "" && user.Attributes[attribute+"_verified"] == "true" {
			return true
		}
	}
	return false
}

// channels are the ways in which the user can be invited.
func (in Invitation) channels(user *store.User) []channel {
	if in.Silent {
		return nil
	}
	var channels []channel
	for _, attribute := range verifiable {
		wanted := slices.Contains(in.Media, media[attribute]) || len(in.Media) == 0 && attribute == "phone_number"
		if to := user.Attributes[attribute]; wanted && to != "" {
			channels = append(channels, channelOf(attribute, to))
		}
	}
	return channels
}

// invite sends the temporary password with the name to sign in with, which in a
// pool of username attributes is not the username.
func (u *Users) invite(tx *store.Tx, pool *Pool, user *store.User, channels []channel, password string) error {
	name := user.Username
	for _, attribute := range verifiable {
		if value := user.Attributes[attribute]; value != "" && slices.Contains(pool.UsernameAttributes, attribute) {
			name = value
			break
		}
	}
	for _, c := range channels {
		if err := u.sendInvitation(tx, pool, user, c, name, password); err != nil {
			return err
		}
	}
	return nil
}
