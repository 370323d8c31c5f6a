package userpool

import (
	"context"
	"errors"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/trigger"
)

// Migrates says whether users may come from another directory when they first
// sign in.
func (p *Pool) Migrates() bool { return p.LambdaConfig.UserMigration != "" }

// Migrate asks the trigger UserMigration for somebody who is called name and
// whom the pool does not know, and makes the user that it tells of. The password
// is the one that was typed, which the user keeps whatever the pool's policy; it
// is "" for a user who forgot it. It returns nil if the other directory knows no
// such user. Of two calls for one user at once the later returns the user that
// the earlier has made.
//
// Errors are UnexpectedLambdaException, InvalidLambdaResponseException, also for
// attributes that the pool's schema does not allow, UsernameExistsException and
// AliasExistsException.
//
// No invitation is sent: there is no temporary password to tell, and nobody's own
// belongs into a message.
func (u *Users) Migrate(ctx context.Context, pool *Pool, name, password, source string) (*store.User, error) {
	if !pool.Migrates() || len(password) > 4*maxPassword {
		return nil, nil
	}
	caller := trigger.CallerFrom(ctx)
	answer, found, err := pool.triggers.UserMigration(ctx, pool.TriggerCall(ctx, pool.LambdaConfig.UserMigration, source, name),
		trigger.UserMigration{Password: password, ValidationData: caller.ValidationData, ClientMetadata: caller.ClientMetadata})
	if err != nil || !found {
		return nil, err
	}
	user, err := pool.migrated(name, answer)
	if err != nil {
		return nil, err
	}
	user.Status = StatusResetRequired
	if password != "" {
		sealed, err := u.sealPassword(pool, user, password, nil, false)
		if err != nil {
			return nil, err
		}
		sealed.Apply(user)
		if answer.FinalUserStatus == StatusConfirmed {
			user.Status = StatusConfirmed
		}
	}
	var made *store.User
	err = u.db.Update(ctx, func(tx *store.Tx) error {
		// Somebody else may have been faster.
		before, err := pool.Find(tx, name)
		if !errors.Is(err, store.ErrNotFound) {
			made = before
			return err
		}
		user.CreatedAt, user.ModifiedAt = tx.Now(), tx.Now()
		if answer.ForceAliasCreation {
			if err := pool.takeAliases(tx, user); err != nil {
				return err
			}
		}
		if err := pool.insert(tx, user); err != nil {
			return err
		}
		made, err = pool.User(tx, user.Sub)
		return err
	})
	if err != nil {
		return nil, pool.invitedExists(err)
	}
	return made, nil
}

// migrated is the user to be, without a password and a status.
func (p *Pool) migrated(name string, answer trigger.UserMigrationAnswer) (*store.User, error) {
	in := Invitation{Username: name, Attributes: make(map[string]string, len(answer.UserAttributes))}
	for attribute, value := range answer.UserAttributes {
		switch {
		case attribute == "username" && len(p.UsernameAttributes) > 0:
			if p.Fold(value) != p.Fold(name) {
				return nil, fault.New(fault.InvalidLambdaResponse, "UserMigration returned a username that is not the name to sign in with.")
			}
		case attribute == "username":
			in.Username = value
		case value != "":
			in.Attributes[attribute] = value
		}
	}
	if in.Username == "" || len([]rune(in.Username)) > maxUsername {
		return nil, fault.New(fault.InvalidLambdaResponse, "UserMigration returned no valid username.")
	}
	user, err := p.invited(in)
	if fault.CodeOf(err) == fault.InvalidParameter { // it is not the caller who is wrong
		wrong, _ := errors.AsType[*fault.Error](err)
		err = fault.New(fault.InvalidLambdaResponse, wrong.Message)
	}
	if err != nil {
		return nil, err
	}
	if answer.EnableSMSMFA && user.Attributes["phone_number"] != "" {
		enableFactor(user, FactorSMS, true)
	}
	return user, nil
}
