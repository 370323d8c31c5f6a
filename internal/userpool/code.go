package userpool

import (
	"cmp"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/store"
)

// The purposes of codes. A user has one live code a purpose.
const (
	codeSignUp         = "sign-up"
	codeForgotPassword = "forgot-password"
	codeDecoy          = "decoy"
)

// codeVerify is the purpose of codes that verify an attribute.
func codeVerify(attribute string) string { return "verify-" + attribute }

// How long codes live (developer guide).
const (
	signUpCodeLife   = 24 * time.Hour
	verifyCodeLife   = 24 * time.Hour
	recoveryCodeLife = time.Hour
)

// What codes are hashed for, and what is sealed beside them, bound to pool, sub
// and purpose.
const (
	codePurpose       keys.Purpose = "code"
	codeTargetPurpose keys.Purpose = "code-target"
)

var (
	errCodeMismatch = fault.New(fault.CodeMismatch, "Invalid verification code provided, please try again.")
	errCodeExpired  = fault.New(fault.ExpiredCode, "Invalid code provided, please request a code again.")
)

// codeTarget is what a code decides about: the address it went to. A pending one
// becomes the attribute's value once the code comes back; another verifies only
// the value that is still there.
type codeTarget struct {
	Attribute string `json:"attribute"`
	Value     string `json:"value"`
	Pending   bool   `json:"pending,omitzero"`
}

// sending is a code to be made and sent.
type sending struct {
	purpose string
	life    time.Duration
	channel channel
	pending bool    // see codeTarget
	source  string  // see message.Message
	client  *Client // of a sign-up, which a link may confirm
	texts   *Texts  // what it may say in place of the pool's template; nil: nothing
}

// sendCode makes a code, in place of any older one of its purpose, and puts it
// into the outbox.
func (u *Users) sendCode(tx *store.Tx, pool *Pool, user *store.User, s sending) (*Delivery, error) {
	digits := newDigits(codeDigits)
	m := pool.codeMessage(user.Username, s.texts.localeOf(user), s, digits)
	link, err := u.linkTo(tx, pool, user, s, digits)
	if err != nil {
		return nil, err
	}
	if link != "" {
		m = pool.linkMessage(user, s, digits, link)
	}
	if err := s.texts.apply(&m, user, user.Username); err != nil {
		return nil, err
	}
	// Before the code, so that a refused message leaves the older code as it is.
	if err := u.put(tx, pool, user, s.life, m); err != nil {
		return nil, err
	}
	target, err := json.Marshal(codeTarget{Attribute: s.channel.attribute, Value: s.channel.to, Pending: s.pending})
	if err != nil {
		return nil, err
	}
	sealed, err := u.ring.Seal(codeTargetPurpose, target, pool.ID, user.Sub, s.purpose)
	if err != nil {
		return nil, err
	}
	return s.channel.delivery(), tx.PutCode(&store.Code{
		PoolID: pool.ID, Sub: user.Sub, Purpose: s.purpose, Target: sealed,
		Hash:      u.codeHash(pool.ID, user.Sub, s.purpose, digits),
		CreatedAt: tx.Now(), ExpiresAt: tx.Now().Add(s.life),
	})
}

// pretendCode does for sub, which may be that of nobody, what sendCode does,
// but nobody gets the code: no guess ever fits it. The second row costs what the
// message would.
func (u *Users) pretendCode(tx *store.Tx, pool *Pool, sub, name string, s sending) (*Delivery, error) {
	if err := u.ready(pool, s.channel.medium); err != nil { // as sendCode
		return nil, err
	}
	sealed, err := u.outbox.Seal(pool.codeMessage(name, s.texts.localeOf(nil), s, newDigits(codeDigits)), tx.Now())
	if err != nil {
		return nil, err
	}
	code := store.Code{
		PoolID: pool.ID, Sub: sub, Purpose: s.purpose, Hash: rand.Text(),
		CreatedAt: tx.Now(), ExpiresAt: tx.Now().Add(s.life),
	}
	decoy := code
	decoy.Purpose, decoy.Target = codeDecoy, sealed.Text()
	if err := tx.PutCode(&decoy); err != nil {
		return nil, err
	}
	if code.Target, err = u.ring.Seal(codeTargetPurpose, []byte("{}"), pool.ID, sub, s.purpose); err != nil {
		return nil, err
	}
	return s.channel.delivery(), tx.PutCode(&code)
}

// checkCode compares a guess with the code of a purpose. A wrong one counts, so
// the caller commits and answers refused, ExpiredCodeException or
// CodeMismatchException, afterwards.
func (u *Users) checkCode(tx *store.Tx, poolID, sub, purpose, guess string) (target codeTarget, refused, err error) {
	code, err := tx.Code(poolID, sub, purpose)
	// The hash is made first, so that a code that is not there takes as long.
	hash := u.codeHash(poolID, sub, purpose, guess)
	if errors.Is(err, store.ErrNotFound) {
		return target, errCodeExpired, nil
	}
	if err != nil {
		return target, nil, err
	}
	if !code.ExpiresAt.After(tx.Now()) {
		return target, errCodeExpired, nil
	}
	if subtle.ConstantTimeCompare([]byte(hash), []byte(code.Hash)) != 1 {
		if most := u.limits.WrongGuesses; most > 0 && code.Attempts+1 >= most {
			return target, errCodeMismatch, tx.DeleteCode(poolID, sub, purpose)
		}
		return target, errCodeMismatch, tx.CountCodeGuess(code)
	}
	target, err = u.openTarget(code)
	return target, nil, err
}

// openTarget returns what a code decides about.
func (u *Users) openTarget(code *store.Code) (codeTarget, error) {
	var target codeTarget
	b, err := u.ring.Open(codeTargetPurpose, code.Target, code.PoolID, code.Sub, code.Purpose)
	if err == nil {
		err = json.Unmarshal(b, &target)
	}
	if err != nil {
		return codeTarget{}, fmt.Errorf("target of code %s of user %s: %w", code.Purpose, code.Sub, err)
	}
	return target, nil
}

// spendCode is checkCode for the use of the code, which is its only one.
func (u *Users) spendCode(tx *store.Tx, poolID, sub, purpose, guess string) (target codeTarget, refused, err error) {
	target, refused, err = u.checkCode(tx, poolID, sub, purpose, guess)
	if refused != nil || err != nil {
		return target, refused, err
	}
	err = tx.DeleteCode(poolID, sub, purpose)
	if errors.Is(err, store.ErrNotFound) {
		return target, errCodeExpired, nil
	}
	return target, nil, err
}

// codeHash is what is stored of a code.
func (u *Users) codeHash(poolID, sub, purpose, digits string) string {
	return base64.RawURLEncoding.EncodeToString(u.ring.MAC(codePurpose, poolID, sub, purpose, digits))
}

// codeDigits is how long codes are that prove no more than an address, or come
// after a password.
const codeDigits = 6

// newDigits is a uniform code of n digits.
func newDigits(n int) string {
	digits := make([]byte, n)
	for i := range digits {
		digits[i] = byte('0' + randomInt(10)) //nolint:gosec // below 10
	}
	return string(digits)
}

// codeMessage is the message that carries a code.
func (p *Pool) codeMessage(username, locale string, s sending, digits string) message.Message {
	subject, body := p.verificationTemplate(s.channel.medium).Or(message.Verification, locale).Render(s.channel.medium, digits, username)
	return message.Message{
		UserPoolID: p.ID, Username: username, Medium: s.channel.medium, To: s.channel.to,
		Subject: subject, Body: body, Code: digits, Source: s.source,
	}
}

// verificationTemplate is the pool's text for codes, what it sets of it.
func (p *Pool) verificationTemplate(medium string) message.Template {
	t := p.VerificationMessageTemplate
	if medium == message.SMS {
		return message.Template{Body: cmp.Or(t.SmsMessage, p.SmsVerificationMessage)}
	}
	return message.Template{
		Subject: cmp.Or(t.EmailSubject, p.EmailVerificationSubject), Body: cmp.Or(t.EmailMessage, p.EmailVerificationMessage),
	}
}
