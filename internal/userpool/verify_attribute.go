package userpool

import (
	"context"
	"errors"
	"slices"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
)

// SendAttributeCode sends the user a code that verifies an attribute, its
// pending value if there is one, and says where it went. An attribute that is
// verified already gets one too, as in Cognito. The errors are
// UserNotFoundException, InvalidParameterException, LimitExceededException and
// CodeDeliveryFailureException.
func (u *Users) SendAttributeCode(ctx context.Context, pool *Pool, sub, attribute string) (*Delivery, error) {
	if !slices.Contains(verifiable, attribute) {
		return nil, errUnverifiable
	}
	var sent *Delivery
	texts := NewTexts(pool)
	send := func(tx *store.Tx) (refused, err error) {
		user, err := pool.User(tx, sub)
		if errors.Is(err, store.ErrNotFound) {
			return errNoUser, nil
		}
		if err != nil {
			return nil, err
		}
		s := sending{purpose: codeVerify(attribute), life: verifyCodeLife, source: sourceVerifyAttribute, texts: texts}
		to := user.Attributes[attribute]
		pending, waits, err := u.pendingValue(tx, pool, user, attribute)
		if err != nil {
			return nil, err
		}
		if waits {
			to, s.pending = pending, true
		}
		if to == "" {
			return unreachable[attribute], nil
		}
		s.channel = channelOf(attribute, to)
		if refused, err := count(tx, pool.ID, user.Sub, actionGetAttributeCode, u.limits.GetAttributeCode); refused != nil || err != nil {
			return refused, err
		}
		sent, err = u.sendCode(tx, pool, user, s)
		return nil, err
	}
	if err := texts.Run(ctx, func() error { return u.attempt(ctx, send) }); err != nil {
		return nil, err
	}
	return sent, nil
}

// VerifyAttribute marks an attribute of the user as verified if the code is the
// one that was sent to its value. A pending value becomes the attribute's value.
// The errors are UserNotFoundException, InvalidParameterException,
// ExpiredCodeException, CodeMismatchException, LimitExceededException and
// AliasExistsException.
func (u *Users) VerifyAttribute(ctx context.Context, pool *Pool, sub, attribute, code string) error {
	if !slices.Contains(verifiable, attribute) {
		return errUnverifiable
	}
	err := u.attempt(ctx, func(tx *store.Tx) (refused, err error) {
		user, err := pool.User(tx, sub)
		if errors.Is(err, store.ErrNotFound) {
			return errNoUser, nil
		}
		if err != nil {
			return nil, err
		}
		_, waits, err := u.pendingValue(tx, pool, user, attribute)
		if err != nil {
			return nil, err
		}
		if !waits && user.Attributes[attribute] == "" {
			return fault.Errorf(fault.InvalidParameter, "Unable to verify attribute: %s no value set to verify", attribute), nil
		}
		if refused, err := count(tx, pool.ID, user.Sub, actionVerifyAttribute, u.limits.VerifyAttribute); refused != nil || err != nil {
			return refused, err
		}
		target, refused, err := u.spendCode(tx, pool.ID, user.Sub, codeVerify(attribute), code)
		if refused != nil || err != nil {
			return refused, err
		}
		if !target.Pending && target.Value != user.Attributes[attribute] {
			return errCodeExpired, nil
		}
		_, err = pool.Change(tx, user, func(user *store.User) error {
			return pool.WriteAttributes(user, map[string]string{attribute: target.Value, attribute + "_verified": "true"})
		})
		return nil, err
	})
	return aliasExists(err)
}
