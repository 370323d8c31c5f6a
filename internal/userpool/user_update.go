package userpool

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
)

// verifiable are the attributes that a code can verify.
var verifiable = []string{"email", "phone_number"}

// UpdateAttributes writes attributes over those of the user called name, ""
// deleting one, and returns where codes went. A new email address or phone
// number is unverified: if the pool verifies the attribute by itself, a code goes
// to it, and where verification comes before the update the old value stays until
// VerifyAttribute has the code. An administrator may say instead that the value
// is verified.
//
// The errors are UserNotFoundException, InvalidParameterException,
// NotAuthorizedException for what the writer may not set, AliasExistsException,
// CodeDeliveryFailureException and, for a user who has too many codes sent,
// LimitExceededException.
func (u *Users) UpdateAttributes(ctx context.Context, pool *Pool, name string, set map[string]string, w Writer) ([]Delivery, error) {
	var sent []Delivery
	texts := NewTexts(pool)
	update := func(tx *store.Tx, user *store.User) error {
		if err := pool.CheckChangedAttributes(user, set, w); err != nil {
			return err
		}
		now, codes, err := u.splitUpdate(tx, pool, user, set, w)
		if err != nil {
			return err
		}
		if len(codes) > 0 && !w.administrator() {
			refused, err := count(tx, pool.ID, user.Sub, actionGetAttributeCode, u.limits.GetAttributeCode)
			if refused != nil {
				return refused // nothing was counted that would have to stay
			}
			if err != nil {
				return err
			}
		}
		if err := pool.WriteAttributes(user, now); err != nil {
			return err
		}
		sent = nil
		for _, s := range codes {
			s.texts = texts
			d, err := u.sendCode(tx, pool, user, s)
			if err != nil {
				return err
			}
			sent = append(sent, *d)
		}
		return nil
	}
	err := texts.Run(ctx, func() error {
		_, err := u.Modify(ctx, pool, name, update)
		return err
	})
	if err != nil {
		return nil, err
	}
	return sent, nil
}

// splitUpdate says which of the attributes to set count now, and which codes
// have to be sent for them or for those that wait. Older codes that would decide
// about the same attributes are void from here on.
func (u *Users) splitUpdate(tx *store.Tx, pool *Pool, user *store.User, set map[string]string,
	w Writer) (now map[string]string, codes []sending, err error) {
	now = maps.Clone(set)
	for _, attribute := range verifiable {
		value, given := set[attribute]
		if !given {
			continue
		}
		if value == user.Attributes[attribute] {
			// So the user does not want the value that may be pending.
			_, waits, err := u.pendingValue(tx, pool, user, attribute)
			if err == nil && waits {
				err = dropCode(tx, pool, user, codeVerify(attribute))
			}
			if err != nil {
				return nil, nil, err
			}
			continue
		}
		s := sending{
			purpose: codeVerify(attribute), life: verifyCodeLife, channel: channelOf(attribute, value), source: sourceUpdateAttribute,
		}
		switch {
		case value == "" || w.administrator() && strings.EqualFold(set[attribute+"_verified"], "true"):
		case pool.VerifiesBeforeUpdate(attribute):
			if err := pool.mayClaim(tx, user, attribute, value); err != nil {
				return nil, nil, err
			}
			s.pending = true
			codes = append(codes, s)
			delete(now, attribute)
			delete(now, attribute+"_verified") // it was meant for the new value
			continue
		case slices.Contains(pool.AutoVerifiedAttributes, attribute):
			codes = append(codes, s)
		}
		if err := dropCode(tx, pool, user, codeVerify(attribute)); err != nil {
			return nil, nil, err
		}
	}
	return now, codes, nil
}

// mayClaim refuses a value that names another user in a pool of username
// attributes, so that this is told before the code is typed.
func (p *Pool) mayClaim(tx *store.Tx, user *store.User, attribute, value string) error {
	if !slices.Contains(p.UsernameAttributes, attribute) {
		return nil
	}
	name := store.UserName{Name: p.Fold(value), Kind: aliasKinds[attribute]}
	owner, err := tx.NameOwner(p.ID, name)
	switch {
	case errors.Is(err, store.ErrNotFound) || err == nil && owner == user.Sub:
		return nil
	case err != nil:
		return err
	}
	return &store.NameTakenError{Name: name}
}

// DeleteAttributes deletes attributes of the user called name. The errors are
// UserNotFoundException, InvalidParameterException and NotAuthorizedException.
func (u *Users) DeleteAttributes(ctx context.Context, pool *Pool, name string, attributes []string, w Writer) error {
	if err := pool.checkDeletedAttributes(attributes, w); err != nil {
		return err
	}
	set := make(map[string]string, len(attributes))
	for _, attribute := range attributes {
		set[attribute] = ""
	}
	_, err := u.Modify(ctx, pool, name, func(tx *store.Tx, user *store.User) error {
		for _, attribute := range verifiable {
			if slices.Contains(attributes, attribute) {
				if err := dropCode(tx, pool, user, codeVerify(attribute)); err != nil {
					return err
				}
			}
		}
		return pool.WriteAttributes(user, set)
	})
	return err
}

// WriteAttributes is SetAttributes, save that a user who is called by attributes
// keeps one of them: to delete the last is an InvalidParameterException.
func (p *Pool) WriteAttributes(user *store.User, set map[string]string) error {
	before := p.names(user)
	p.SetAttributes(user, set)
	if len(p.UsernameAttributes) > 0 && len(before) > 0 && len(p.names(user)) == 0 {
		return errUndeletable(kindAttribute(before[0].Kind))
	}
	return nil
}

// pendingValue returns the value of an attribute that waits for its code.
func (u *Users) pendingValue(tx *store.Tx, pool *Pool, user *store.User, attribute string) (value string, waits bool, err error) {
	code, err := tx.Code(pool.ID, user.Sub, codeVerify(attribute))
	if errors.Is(err, store.ErrNotFound) || err == nil && !code.ExpiresAt.After(tx.Now()) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	target, err := u.openTarget(code)
	return target.Value, target.Pending, err
}

// dropCode removes a code, which need not be there.
func dropCode(tx *store.Tx, pool *Pool, user *store.User, purpose string) error {
	if err := tx.DeleteCode(pool.ID, user.Sub, purpose); !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return nil
}

var (
	errUnverifiable = fault.New(fault.InvalidParameter, "Invalid attribute name. Only phone_number and email can be verified.")

	// unreachable is what GetUserAttributeVerificationCode answers a user who
	// has no value for an attribute.
	unreachable = map[string]error{
		"email":        fault.New(fault.InvalidParameter, "User does not have a valid registered email"),
		"phone_number": fault.New(fault.InvalidParameter, "User does not have a valid registered phone number"),
	}
)
