package userpool

import (
	"slices"

	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/store"
)

// The first factors that a user of choice-based sign-in chooses from.
const (
	FirstPassword = "PASSWORD"
	FirstSRP      = "PASSWORD_SRP"
	FirstEmail    = "EMAIL_OTP"
	FirstSMS      = "SMS_OTP"
	FirstPasskey  = "WEB_AUTHN"
)

func (p *Pool) allowsFirst(factor string) bool {
	return slices.Contains(p.Policies.SignInPolicy.AllowedFirstAuthFactors, factor)
}

// FirstFactors are the first factors that a user can sign in with. Passwords are
// there even for a user without one if conceal is set or there is nothing else,
// so that nobody learns of that. A user who must have or has a second factor
// begins with the password, or with a passkey that counts as both; so does one
// whose password an administrator has set or reset.
func (p *Pool) FirstFactors(user *store.User, passkey, conceal bool) []string {
	var factors []string
	settled := user.Status == StatusConfirmed || user.Status == StatusUnconfirmed
	second, err := p.SecondFactor(user)
	single := settled && err == nil && second.Challenge == "" && p.MfaConfiguration != "ON"
	for _, factor := range []string{FirstEmail, FirstSMS} {
		if single && p.allowsFirst(factor) && user.Attributes[FactorAttribute(factor)] != "" {
			factors = append(factors, factor)
		}
	}
	if passkey && settled && p.allowsFirst(FirstPasskey) && (single || p.PasskeysAreMFA()) {
		factors = append(factors, FirstPasskey)
	}
	if user.SealedPassword != "" || conceal || len(factors) == 0 {
		factors = append([]string{FirstSRP, FirstPassword}, factors...)
	}
	return factors
}

const pretendedFactorsPurpose keys.Purpose = "pretended-factors"

// PretendedFactors are what a name that nobody has is shown as first factors:
// always the same for the same name, and what users of the pool could have.
func (u *Users) PretendedFactors(pool *Pool, name string) []string {
	b := u.ring.MAC(pretendedFactorsPurpose, pool.ID, pool.Fold(name))
	factors := []string{FirstSRP, FirstPassword}
	codes := pool.MfaConfiguration != "ON"
	if codes && pool.allowsFirst(FirstEmail) && (isEmail(name) || pool.mostHave("email") || b[0] >= 16) {
		factors = append(factors, FirstEmail)
	}
	if codes && pool.allowsFirst(FirstSMS) && (isPhoneNumber(name) || pool.mostHave("phone_number") || b[1] >= 128) {
		factors = append(factors, FirstSMS)
	}
	if (codes || pool.PasskeysAreMFA()) && pool.allowsFirst(FirstPasskey) && b[2] >= 128 {
		factors = append(factors, FirstPasskey)
	}
	return factors
}

// mostHave says whether users of the pool can be expected to have an attribute.
func (p *Pool) mostHave(attribute string) bool {
	s := p.SchemaAttribute(attribute)
	return s != nil && s.Required || len(p.UsernameAttributes) == 1 && p.UsernameAttributes[0] == attribute
}

const pretendedPasskeyPurpose keys.Purpose = "pretended-passkey"

// PretendedPasskey is the id of a passkey that a name nobody has is shown as
// having, always the same.
func (u *Users) PretendedPasskey(pool *Pool, name, relyingParty string) []byte {
	return u.ring.MAC(pretendedPasskeyPurpose, pool.ID, pool.Fold(name), relyingParty)
}

// firstCodeDigits is how long the codes are that alone prove who a user is.
const firstCodeDigits = 8

// SendFirstCode sends a user a code that is the first factor of a sign-in.
// Errors are those of SendSignInCode.
func (u *Users) SendFirstCode(tx *store.Tx, pool *Pool, user *store.User, factor string, texts *Texts) (*SignInCode, error) {
	return u.sendSignInCode(tx, pool, user, factor, user.Attributes[FactorAttribute(factor)], newDigits(firstCodeDigits), texts)
}

// PretendFirstCode does for a name that nobody has, or a user who shall look like
// that, what SendFirstCode does, but nobody gets the code.
func (u *Users) PretendFirstCode(tx *store.Tx, pool *Pool, name, factor string) (*SignInCode, error) {
	sub := u.UnknownSub(pool, name)
	if err := u.countSignInCode(tx, pool, sub); err != nil {
		return nil, err
	}
	c := u.pretendedChannel(pool, name, []string{FactorAttribute(factor)})
	digits := newDigits(firstCodeDigits)
	if err := u.ready(pool, c.medium); err != nil { // as SendFirstCode
		return nil, err
	}
	subject, body := pool.signInTemplate(c.medium, "").Render(c.medium, digits, name)
	sealed, err := u.outbox.Seal(message.Message{
		UserPoolID: pool.ID, Username: name, Medium: c.medium, To: c.shown, Subject: subject, Body: body, Code: digits,
		Source: sourceAuthentication,
	}, tx.Now())
	if err != nil {
		return nil, err
	}
	hash := u.codeHash(pool.ID, sub, codeDecoy, digits)
	// The row costs what the message would.
	if err := tx.PutCode(&store.Code{
		PoolID: pool.ID, Sub: sub, Purpose: codeDecoy, Hash: hash, Target: sealed.Text(),
		CreatedAt: tx.Now(), ExpiresAt: tx.Now().Add(recoveryCodeLife),
	}); err != nil {
		return nil, err
	}
	return &SignInCode{Delivery: c.delivery(), To: c.shown, Hash: hash}, nil
}

// ConfirmByCode is ProveAddress for the first factor: a user who signed up and
// gets the code is confirmed by it. An address that somebody else has verified in
// a pool of aliases is AliasExistsException then.
func (p *Pool) ConfirmByCode(tx *store.Tx, sub, factor, to string) (*store.User, error) {
	user, err := p.User(tx, sub)
	if err != nil {
		return nil, err
	}
	attribute := FactorAttribute(factor)
	if user.Status != StatusUnconfirmed {
		return p.ProveAddress(tx, sub, attribute, to)
	}
	if user.Attributes[attribute] != to {
		return nil, store.ErrNotFound
	}
	user, err = p.Change(tx, user, func(user *store.User) error {
		user.Status = StatusConfirmed
		user.Attributes[attribute+"_verified"] = "true"
		return nil
	})
	return user, aliasExists(err)
}

// canDoWithout says whether a user who signs up could sign in by codes alone.
func (p *Pool) canDoWithout(user *store.User) bool {
	return user.Attributes["email"] != "" && p.allowsFirst(FirstEmail) ||
		user.Attributes["phone_number"] != "" && p.allowsFirst(FirstSMS)
}
