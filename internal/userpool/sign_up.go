package userpool

import (
	"context"
	"errors"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/trigger"
)

// SignUp is what a person who signs up gives.
type SignUp struct {
	Pool       *Pool
	Client     *Client
	Username   string
	Password   string
	Attributes map[string]string
}

// SignedUp is a new user.
type SignedUp struct {
	User     *store.User
	Delivery *Delivery // where the confirmation code went; nil if none was sent
}

// SignUp makes a user, unconfirmed, and sends the confirmation code if the pool
// verifies one of the attributes that were given. The errors are
// NotAuthorizedException where only administrators make users,
// InvalidParameterException, InvalidPasswordException, UsernameExistsException,
// CodeDeliveryFailureException and those of triggers.
func (u *Users) SignUp(ctx context.Context, s SignUp) (*SignedUp, error) {
	if s.Pool.AdminCreateUserConfig.AllowAdminCreateUserOnly {
		return nil, fault.New(fault.NotAuthorized, "SignUp is not permitted for this user pool")
	}
	user, err := s.user()
	if err != nil {
		return nil, err
	}
	if s.Password == "" && !s.Pool.canDoWithout(user) {
		return nil, missingMember("password")
	}
	if s.Password != "" {
		if err := u.CheckLeaked(s.Pool, s.Client, s.Password, LeakSignUp); err != nil {
			return nil, err
		}
		password, err := u.NewPassword(s.Pool, user, s.Password, false)
		if err != nil {
			return nil, err
		}
		password.Apply(user)
	}
	if err := s.Pool.preSignUp(ctx, trigger.PreSignUpSignUp, user); err != nil {
		return nil, err
	}
	channel, send := s.Pool.confirmationChannel(user)
	send = send && user.Status == StatusUnconfirmed
	if send {
		if err := u.ready(s.Pool, channel.medium); err != nil {
			return nil, err
		}
	}
	var code *sending
	if send {
		code = &sending{
			purpose: codeSignUp, life: signUpCodeLife, channel: channel, source: sourceSignUp, client: s.Client, texts: NewTexts(s.Pool)}
	}
	delivery, err := u.insertSignedUp(ctx, s.Pool, user, code)
	if err != nil {
		return nil, usernameExists(err, "User already exists")
	}
	if user.Status == StatusConfirmed {
		if err := s.Pool.postConfirmation(ctx, trigger.PostConfirmationSignUp, user); err != nil {
			return nil, err
		}
	}
	return &SignedUp{User: user, Delivery: delivery}, nil
}

// insertSignedUp adds the user and sends the code, unless that is nil. Where the
// trigger CustomMessage fails the user is there all the same, as in Cognito, and
// can ask for another code.
func (u *Users) insertSignedUp(ctx context.Context, pool *Pool, user *store.User, code *sending) (delivery *Delivery, err error) {
	insert := func(tx *store.Tx) error {
		user.CreatedAt, user.ModifiedAt = tx.Now(), tx.Now()
		err := pool.insert(tx, user)
		if err == nil && code != nil {
			delivery, err = u.sendCode(tx, pool, user, *code)
		}
		return err
	}
	if code == nil {
		return nil, u.db.Update(ctx, insert)
	}
	failed := code.texts.Run(ctx, func() error { return u.db.Update(ctx, insert) })
	if !trigger.Refused(failed) {
		return delivery, failed
	}
	code = nil
	if err := u.db.Update(ctx, insert); err != nil {
		return nil, err
	}
	return nil, failed
}

// user is the user to be, without a password.
func (s SignUp) user() (*store.User, error) {
	attribute, err := s.Pool.checkUsername(s.Username)
	if err != nil {
		return nil, err
	}
	attrs, err := s.Pool.fillUsername(s.Username, attribute, s.Attributes)
	if err != nil {
		return nil, err
	}
	if attrs["preferred_username"] != "" && s.Pool.claims(&store.User{}, "preferred_username") {
		return nil, fault.New(fault.InvalidParameter, "Preferred username cannot be provided for unconfirmed account, "+
			"since user pool is configured for preferred username alias.")
	}
	if err := s.Pool.checkNewAttributes(attrs, Writer{s.Client}, attribute); err != nil {
		return nil, err
	}
	user := &store.User{
		PoolID: s.Pool.ID, Sub: newSub(), Username: s.Username, Status: StatusUnconfirmed, Enabled: true,
		Attributes: make(map[string]string),
	}
	if attribute != "" {
		user.Username = user.Sub
	}
	s.Pool.SetAttributes(user, attrs)
	return user, nil
}

// ConfirmSignUp confirms a user with the code of SignUp and marks the address it
// went to as verified. In a pool of aliases that address may be another user's:
// force takes it away. The errors are CodeMismatchException,
// ExpiredCodeException, AliasExistsException, LimitExceededException,
// NotAuthorizedException where there is nothing to confirm and, where the client
// reveals that, UserNotFoundException and NotAuthorizedException for a disabled
// user.
func (u *Users) ConfirmSignUp(ctx context.Context, pool *Pool, client *Client, name, code string, force bool) (*Confirmed, error) {
	var done Confirmed
	err := u.attempt(ctx, func(tx *store.Tx) (refused, err error) {
		user, sub, err := u.lookUp(tx, pool, name)
		if err != nil {
			return nil, err
		}
		if refused, err := count(tx, pool.ID, sub, actionConfirmSignUp, u.limits.ConfirmSignUp); refused != nil || err != nil {
			return refused, err
		}
		switch {
		case user == nil && client.RevealsUsers():
			return errNoUserOfClient, nil
		case user != nil && !user.Enabled && client.RevealsUsers():
			return errDisabled, nil
		case user != nil && !user.Enabled: // like nobody's, no guess fits
			_, refused, err := u.checkCode(tx, pool.ID, sub, codeSignUp, code)
			if refused == nil {
				refused = errCodeMismatch
			}
			return refused, err
		case user != nil && user.Status != StatusUnconfirmed:
			return fault.Errorf(fault.NotAuthorized, "User cannot be confirmed. Current status is %s", user.Status), nil
		}
		target, refused, err := u.spendCode(tx, pool.ID, sub, codeSignUp, code)
		if refused != nil || err != nil {
			return refused, err
		}
		done.Attribute = target.Attribute
		done.User, err = pool.Change(tx, user, func(user *store.User) error {
			user.Status = StatusConfirmed
			if target.Value != user.Attributes[target.Attribute] {
				return nil // changed since; the code says nothing about the new one
			}
			user.Attributes[target.Attribute+"_verified"] = "true"
			if force {
				return pool.takeAliases(tx, user)
			}
			return nil
		})
		return nil, err
	})
	if err != nil {
		return nil, aliasExists(err)
	}
	if err := pool.postConfirmation(ctx, trigger.PostConfirmationSignUp, done.User); err != nil {
		return nil, err
	}
	return &done, nil
}

// Confirmed is a user who has just confirmed.
type Confirmed struct {
	User      *store.User
	Attribute string // where the code had gone
}

// ResendConfirmationCode sends a new code in place of that of SignUp. The errors
// are InvalidParameterException where there is nothing to confirm,
// LimitExceededException, CodeDeliveryFailureException and, where the client
// reveals that, UserNotFoundException and NotAuthorizedException for a disabled
// user.
func (u *Users) ResendConfirmationCode(ctx context.Context, pool *Pool, client *Client, name string) (*Delivery, error) {
	if len(pool.AutoVerifiedAttributes) == 0 {
		return nil, errNotAutoVerified
	}
	if err := u.ready(pool, ""); err != nil {
		return nil, err
	}
	var delivery *Delivery
	texts := NewTexts(pool)
	resend := func(tx *store.Tx) (refused, err error) {
		user, sub, err := u.lookUp(tx, pool, name)
		if err != nil {
			return nil, err
		}
		if refused, err := count(tx, pool.ID, sub, actionResend, u.limits.ResendConfirmationCode); refused != nil || err != nil {
			return refused, err
		}
		s := sending{purpose: codeSignUp, life: signUpCodeLife, source: sourceResendCode, client: client, texts: texts}
		switch {
		case user == nil && client.RevealsUsers():
			return errNoUserOfClient, nil
		case user != nil && !user.Enabled && client.RevealsUsers():
			return errDisabled, nil
		case user == nil || !user.Enabled:
			s.channel = u.pretendedChannel(pool, name, pool.AutoVerifiedAttributes)
			delivery, err = u.pretendCode(tx, pool, sub, name, s)
			return nil, err
		case user.Status != StatusUnconfirmed:
			return fault.New(fault.InvalidParameter, "User is already confirmed."), nil
		}
		var ok bool
		if s.channel, ok = pool.confirmationChannel(user); !ok {
			return errNotAutoVerified, nil
		}
		delivery, err = u.sendCode(tx, pool, user, s)
		return nil, s.conceal(client, &delivery, err)
	}
	if err := texts.Run(ctx, func() error { return u.attempt(ctx, resend) }); err != nil {
		return nil, err
	}
	return delivery, nil
}

var errNotAutoVerified = fault.New(fault.InvalidParameter, "Cannot resend codes. Auto verification not turned on.")

// lookUp finds the user that is called name, or nil, and the sub that counters
// and codes of that name go by.
func (u *Users) lookUp(tx *store.Tx, pool *Pool, name string) (*store.User, string, error) {
	unknown := u.UnknownSub(pool, name)
	user, err := pool.Find(tx, name)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, unknown, nil
	case err != nil:
		return nil, "", err
	}
	return user, user.Sub, nil
}

// missingMember is the edge's answer to a required member that is missing, for
// those that the API model calls optional.
func missingMember(name string) error {
	return fault.Errorf(fault.InvalidParameter,
		"1 validation error detected: Value at '%s' failed to satisfy constraint: Member must not be null", name)
}
