package signin

import (
	"context"
	"errors"
	"slices"

	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// askFirstCode sends a code that is the first factor and asks for it. Nobody
// gets one for a name that nobody has or, where the client conceals that, for a
// disabled user.
func (m *Machine) askFirstCode(ctx context.Context, a *attempt, factor string) error {
	if a.user != nil && !a.user.Enabled && a.client.RevealsUsers() {
		return errDisabled
	}
	var code *userpool.SignInCode
	texts := userpool.NewTexts(a.pool)
	send := func(tx *store.Tx) (err error) {
		if a.session.ID != "" {
			if err := a.spend(tx); err != nil {
				return err
			}
		}
		if a.user == nil || !a.user.Enabled {
			code, err = m.users.PretendFirstCode(tx, a.pool, a.session.Name, factor)
		} else {
			code, err = m.users.SendFirstCode(tx, a.pool, a.user, factor, texts)
		}
		return err
	}
	if err := texts.Run(ctx, func() error { return m.db.Update(ctx, send) }); err != nil {
		return err
	}
	a.ask, a.available = factor, []string{factor}
	a.session.Code, a.session.Target = code.Hash, code.To
	a.params = map[string]string{
		"CODE_DELIVERY_DELIVERY_MEDIUM": code.Delivery.Medium,
		"CODE_DELIVERY_DESTINATION":     code.Delivery.Destination,
	}
	return nil
}

// firstMethods are the methods that codes as a first factor prove.
var firstMethods = map[string]string{userpool.FirstEmail: userpool.AMREmail, userpool.FirstSMS: userpool.AMRSMS}

// answerEmail is the answer to EMAIL_OTP, which is a first factor or a second
// one.
func (m *Machine) answerEmail(ctx context.Context, a *attempt) error {
	if a.session.First == userpool.FirstEmail && !slices.Contains(a.session.Proved, userpool.AMREmail) {
		return m.answerFirstCode(ctx, a, userpool.FirstEmail, "EMAIL_OTP_CODE")
	}
	return m.verifyEmail(ctx, a)
}

// answerSMS is the answer to SMS_OTP.
func (m *Machine) answerSMS(ctx context.Context, a *attempt) error {
	return m.answerFirstCode(ctx, a, userpool.FirstSMS, "SMS_OTP_CODE")
}

// answerFirstCode checks the code that is the first factor. The right one also
// verifies the address and confirms a user who signed up with it.
func (m *Machine) answerFirstCode(ctx context.Context, a *attempt, factor, parameter string) error {
	guess, err := a.require(parameter)
	if err != nil {
		return err
	}
	s := &a.session
	right := m.users.IsSignInCode(a.pool, s.Sub, factor, s.Target, s.Code, guess)
	changed := a.user
	err = m.judge(ctx, a, func(tx *store.Tx) (refused, err error) {
		if !right || a.user == nil {
			return errWrongCode, nil
		}
		changed, err = a.pool.ConfirmByCode(tx, a.user.Sub, factor, s.Target)
		if errors.Is(err, store.ErrNotFound) { // deleted, or has another address by now
			return nil, errInvalidSession
		}
		return nil, err
	})
	if err != nil {
		return err
	}
	a.user = changed
	s.Code, s.Target = "", ""
	a.proved(firstMethods[factor])
	return nil
}
