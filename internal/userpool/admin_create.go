package userpool

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/trigger"
)

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
	if err := pool.preSignUp(ctx, trigger.PreSignUpAdminCreateUser, user); err != nil {
		return nil, err
	}
	var channels []channel
	var password string
	if in.TemporaryPassword == "" && pool.signsInWithCodes(user) {
		user.Status = StatusConfirmed // and not invited, for there is no password to tell
	} else {
		channels = in.channels(user)
		for _, c := range channels {
			if err := u.ready(pool, c.medium); err != nil {
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
	texts := NewTexts(pool)
	insert := func(tx *store.Tx) error {
		user.CreatedAt, user.ModifiedAt = tx.Now(), tx.Now()
		if in.ForceAlias {
			if err := pool.takeAliases(tx, user); err != nil {
				return err
			}
		}
		if err := pool.insert(tx, user); err != nil {
			return err
		}
		return u.invite(tx, pool, user, channels, password, texts)
	}
	err = texts.Run(ctx, func() error { return u.db.Update(ctx, insert) })
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
	texts := NewTexts(pool)
	var invited *store.User
	err = texts.Run(ctx, func() (err error) {
		invited, err = u.Modify(ctx, pool, user.Sub, func(tx *store.Tx, user *store.User) error {
			if err := notInvited(user); err != nil {
				return err
			}
			sealed.Apply(user)
			return u.invite(tx, pool, user, in.channels(user), password, texts)
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	return invited, nil
}

// password is the temporary password that is given, or one made for the pool.
func (in Invitation) password(pool *Pool) string {
	return cmp.Or(in.TemporaryPassword, pool.temporaryPassword())
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
	if err := p.checkNewAttributes(attrs, Writer{}, ""); err != nil {
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
func (u *Users) invite(tx *store.Tx, pool *Pool, user *store.User, channels []channel, password string, texts *Texts) error {
	name := user.Username
	for _, attribute := range verifiable {
		if value := user.Attributes[attribute]; value != "" && slices.Contains(pool.UsernameAttributes, attribute) {
			name = value
			break
		}
	}
	for _, c := range channels {
		if err := u.sendInvitation(tx, pool, user, c, name, password, texts); err != nil {
			return err
		}
	}
	return nil
}

// sendInvitation puts the message with a temporary password into the outbox.
// name is what the user is to sign in with.
func (u *Users) sendInvitation(tx *store.Tx, pool *Pool, user *store.User, c channel, name, password string, texts *Texts) error {
	var t message.Template
	if own := pool.AdminCreateUserConfig.InviteMessageTemplate; own != nil {
		if c.medium == message.SMS {
			t.Body = own.SMSMessage
		} else {
			t = message.Template{Subject: own.EmailSubject, Body: own.EmailMessage}
		}
	}
	subject, body := t.Or(message.Invitation, user.Attributes["locale"]).Render(c.medium, password, name)
	m := message.Message{Medium: c.medium, To: c.to, Subject: subject, Body: body, Code: password, Source: sourceAdminCreateUser}
	if err := texts.apply(&m, user, name); err != nil {
		return err
	}
	return u.put(tx, pool, user, pool.invitationLife(), m)
}
