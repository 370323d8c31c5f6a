package signin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// demandSecondFactor asks for what userpool.Pool.SecondFactor decides.
func (m *Machine) demandSecondFactor(ctx context.Context, a *attempt) error {
	if a.session.Second != "" || a.session.Trust == deviceTrusted && !a.riskWantsFactor() || a.unproven() {
		return nil
	}
	need, err := a.secondFactor()
	if err != nil || need.Challenge == "" {
		return err
	}
	if slices.Contains(a.session.Proved, "pwd") {
		a.session.Password = passwordDigest(a.user)
	}
	switch need.Challenge {
	case userpool.SelectMFAType:
		return a.askChoice(need.Challenge, "MFAS_CAN_CHOOSE", need.Choices)
	case userpool.MFASetup:
		return a.askChoice(need.Challenge, "MFAS_CAN_SETUP", need.Choices)
	}
	return m.askFactor(ctx, a, need.Challenge, func(*store.Tx) error { return nil })
}

// askChoice asks for a challenge with a list of factors.
func (a *attempt) askChoice(challenge, parameter string, factors []string) error {
	list, err := json.Marshal(factors)
	if err != nil {
		return err
	}
	a.ask = challenge
	a.params = map[string]string{parameter: string(list), "USER_ID_FOR_SRP": a.user.Username}
	return nil
}

// namelessToken is what Cognito calls an authenticator app without a name.
const namelessToken = "transparent"

// askFactor asks for a second factor, once before has done its part of the
// transaction in which a code is sent.
func (m *Machine) askFactor(ctx context.Context, a *attempt, factor string, before func(*store.Tx) error) error {
	if factor != userpool.FactorToken {
		return m.askCode(ctx, a, factor, a.user.Attributes[userpool.FactorAttribute(factor)], before)
	}
	name := a.user.MFA.TokenName
	if name == "" {
		name = namelessToken
	}
	a.ask = factor
	a.params = map[string]string{"FRIENDLY_DEVICE_NAME": name, "USER_ID_FOR_SRP": a.user.Username}
	return before(nil)
}

// askCode sends the user a code and asks for it by challenge.
func (m *Machine) askCode(ctx context.Context, a *attempt, challenge, to string, before func(*store.Tx) error) error {
	var code *userpool.SignInCode
	texts := userpool.NewTexts(a.pool)
	send := func(tx *store.Tx) error {
		err := before(tx)
		if err == nil {
			code, err = m.users.SendSignInCode(tx, a.pool, a.user, challenge, to, texts)
		}
		return err
	}
	if err := texts.Run(ctx, func() error { return m.db.Update(ctx, send) }); err != nil {
		return err
	}
	a.ask = challenge
	a.session.Code, a.session.Target = code.Hash, code.To
	a.params = map[string]string{
		"CODE_DELIVERY_DELIVERY_MEDIUM": code.Delivery.Medium,
		"CODE_DELIVERY_DESTINATION":     code.Delivery.Destination,
		"USER_ID_FOR_SRP":               a.user.Username,
	}
	return nil
}

// selectFactor is the answer to SELECT_MFA_TYPE.
func (m *Machine) selectFactor(ctx context.Context, a *attempt) error {
	factor, err := a.require("ANSWER")
	if err != nil {
		return err
	}
	need, err := m.needStill(a)
	if err != nil {
		return err
	}
	if secondMethods[factor] == "" || need.Challenge != factor && !(need.Challenge == userpool.SelectMFAType && slices.Contains(need.Choices, factor)) {
		return fault.Errorf(fault.InvalidParameter, "%s can not be selected as the MFA type of the user.", factorName(factor))
	}
	if factor != userpool.FactorToken {
		return m.askFactor(ctx, a, factor, a.spend)
	}
	if err := m.db.Update(ctx, a.spend); err != nil {
		return err
	}
	return m.askFactor(ctx, a, factor, func(*store.Tx) error { return nil })
}

// needStill decides anew what a user is asked for who is about to answer that:
// the sign-in rests on a password that must still be the same, and a factor that
// was set up elsewhere meanwhile must not be passed by.
func (m *Machine) needStill(a *attempt) (userpool.SecondFactor, error) {
	if err := a.proofStill(); err != nil {
		return userpool.SecondFactor{}, err
	}
	return a.secondFactor()
}

func (a *attempt) proofStill() error {
	if len(a.session.Password) > 0 && (a.user == nil || !bytes.Equal(a.session.Password, passwordDigest(a.user))) {
		return errInvalidSession
	}
	return nil
}

// factorName is a factor as an outsider wrote it, cut to a length that an answer
// may carry.
func factorName(s string) string { return strings.ToValidUTF8(s[:min(len(s), 32)], "") }

// errWrongCode is the answer to a wrong code that was sent.
var errWrongCode = fault.New(fault.CodeMismatch, "Invalid code or auth state for the user.")

// verifyToken is the answer to SOFTWARE_TOKEN_MFA.
func (m *Machine) verifyToken(ctx context.Context, a *attempt) error {
	code, err := a.require("SOFTWARE_TOKEN_MFA_CODE")
	if err != nil {
		return err
	}
	err = m.judge(ctx, a, func(tx *store.Tx) (refused, err error) {
		return m.users.SpendTokenCode(tx, a.pool, a.user.Sub, code)
	})
	if err != nil {
		return err
	}
	a.provedSecond(userpool.FactorToken, "otp")
	return nil
}

// verifySMS is the answer to SMS_MFA.
func (m *Machine) verifySMS(ctx context.Context, a *attempt) error {
	if err := m.verifyCode(ctx, a, userpool.FactorSMS, "SMS_MFA_CODE"); err != nil {
		return err
	}
	a.provedSecond(userpool.FactorSMS, "sms")
	return nil
}

// verifyEmail is the answer to EMAIL_OTP as a second factor.
func (m *Machine) verifyEmail(ctx context.Context, a *attempt) error {
	if err := m.verifyCode(ctx, a, userpool.FactorEmail, "EMAIL_OTP_CODE"); err != nil {
		return err
	}
	a.provedSecond(userpool.FactorEmail, "email_otp")
	return nil
}

// verifyCode checks the response's code against the one that askCode sent, and
// marks the address it came back from as verified.
func (m *Machine) verifyCode(ctx context.Context, a *attempt, challenge, parameter string) error {
	code, err := a.require(parameter)
	if err != nil {
		return err
	}
	s := &a.session
	right := m.users.IsSignInCode(a.pool, s.Sub, challenge, s.Target, s.Code, code)
	changed := a.user
	err = m.judge(ctx, a, func(tx *store.Tx) (refused, err error) {
		if !right || a.user == nil {
			return errWrongCode, nil
		}
		if s.SetUp {
			changed, err = m.setUpEmail(tx, a)
		} else {
			changed, err = a.pool.ProveAddress(tx, a.user.Sub, userpool.FactorAttribute(challenge), s.Target)
		}
		if errors.Is(err, store.ErrNotFound) { // deleted, or has another address by now
			return nil, errInvalidSession
		}
		return nil, err
	})
	if err != nil {
		return err
	}
	a.user = changed
	s.Code, s.Target, s.SetUp = "", "", false
	return nil
}

// guessAction names the counter of wrong codes.
const guessAction = "sign-in-guess"

// forgetGuesses is how long wrong codes count. It is longer than for passwords,
// since a code has but six digits and whoever guesses one knows the password.
const forgetGuesses = 24 * time.Hour

// judge runs check on a code in the transaction that spends the session with it.
// A code that check refuses counts against the user: five in a row lock as five
// passwords do, but a right password does not make them forgotten. Other sessions
// of the user share the count, so that a new session is no new chance.
func (m *Machine) judge(ctx context.Context, a *attempt, check func(*store.Tx) (refused, err error)) error {
	if err := a.proofStill(); err != nil {
		return err
	}
	subject := a.session.Sub
	if a.user == nil {
		subject = m.users.UnknownSub(a.pool, a.session.Name)
	}
	var refused error
	err := m.db.Update(ctx, func(tx *store.Tx) error {
		refused = nil
		tried, err := tx.Attempts(a.pool.ID, subject, guessAction)
		if err != nil {
			return err
		}
		if tx.Now().Before(tried.LastAt.Add(failures{count: tried.Count}.lock())) {
			return errLocked
		}
		refused, err = check(tx)
		if err != nil {
			return err
		}
		if refused != nil {
			return tx.PutAttempts(a.pool.ID, subject, guessAction, store.Attempts{
				Count: tried.Count + 1, LastAt: tx.Now(), ExpiresAt: tx.Now().Add(forgetGuesses)})
		}
		if tried.Count > 0 {
			if err := tx.PutAttempts(a.pool.ID, subject, guessAction, store.Attempts{ExpiresAt: tx.Now()}); err != nil {
				return err
			}
		}
		return a.spend(tx)
	})
	if err != nil {
		return err
	}
	return refused
}

// provedSecond notes a factor that was proven as the second one.
func (a *attempt) provedSecond(factor, amr string) {
	a.session.Second = factor
	a.proved(amr)
}
