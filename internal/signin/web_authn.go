package signin

import (
	"context"
	"crypto/rand"
	"errors"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/passkey"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// readPasskeys reads the user's passkeys for the relying party of the request, or
// of its session. For a name that nobody has it looks for some too, for the time
// that takes.
func (m *Machine) readPasskeys(ctx context.Context, a *attempt) (have []*store.Passkey, err error) {
	if a.session.RelyingParty == "" || !a.pool.SignsInWithPasskeys() {
		return nil, nil
	}
	sub := m.madeUpID(a)
	if a.user != nil {
		sub = a.user.Sub
	}
	err = m.db.View(ctx, func(tx *store.Tx) error {
		rows, err := tx.Passkeys(a.pool.ID, sub)
		for _, p := range rows {
			if p.RPID == a.session.RelyingParty {
				have = append(have, p)
			}
		}
		return err
	})
	return have, err
}

const passkeyChallengeSize = 32 // bytes

// askPasskey asks for one of the user's passkeys. The challenge travels in the
// session.
func (m *Machine) askPasskey(a *attempt, have []*store.Passkey) error {
	var ids [][]byte
	if a.user == nil {
		ids = [][]byte{m.users.PretendedPasskey(a.pool, a.session.Name, a.session.RelyingParty)}
	} else {
		var err error
		if ids, err = userpool.PasskeyIDs(have, a.session.RelyingParty); err != nil {
			return err
		}
	}
	a.session.Nonce = make([]byte, passkeyChallengeSize)
	rand.Read(a.session.Nonce) // never fails, see crypto/rand
	options, err := passkey.RequestOptions(a.ceremony(), ids)
	if err != nil {
		return err
	}
	a.ask, a.available = userpool.FirstPasskey, []string{userpool.FirstPasskey}
	a.params = map[string]string{"CREDENTIAL_REQUEST_OPTIONS": string(options)}
	return nil
}

func (a *attempt) ceremony() passkey.Ceremony {
	return passkey.Ceremony{
		Challenge: a.session.Nonce, RelyingParty: a.session.RelyingParty, VerifyUser: a.pool.PasskeysVerifyUsers()}
}

// answerPasskey is the answer to WEB_AUTHN. All that is wrong with it but its
// form gets one answer after the same work, so that the ids of made-up passkeys
// do not tell. Wrong passkeys do not count as wrong passwords do: they cannot be
// guessed.
func (m *Machine) answerPasskey(ctx context.Context, a *attempt) error {
	text, err := a.require("CREDENTIAL")
	if err != nil {
		return err
	}
	answer, err := passkey.ParseAssertion([]byte(text))
	if err != nil {
		return fault.Errorf(fault.InvalidParameter, "Invalid credential: %s.", err)
	}
	have, err := m.readPasskeys(ctx, a)
	if err != nil {
		return err
	}
	used, key, err := userpool.PasskeyCalled(have, answer.ID)
	if err != nil {
		return err
	}
	if used == nil {
		key = m.decoyKey
	}
	if err := answer.Verify(a.ceremony(), key); err != nil || used == nil || a.user == nil ||
		answer.UserHandle != nil && string(answer.UserHandle) != a.user.Sub {
		return errIncorrect
	}
	if !answer.WentOn(used.SignCount) {
		m.log.WarnContext(ctx, "the counter of a passkey went back: it may be a copy", "pool", a.pool.ID, "sub", a.user.Sub,
			"passkey", used.Name, "registered", used.CreatedAt, "stored", used.SignCount, "received", answer.SignCount)
		return errIncorrect
	}
	seen := used.SignCount
	used.SignCount = answer.SignCount
	err = m.db.Update(ctx, func(tx *store.Tx) error {
		if err := a.spend(tx); err != nil {
			return err
		}
		return tx.AdvancePasskey(used, seen)
	})
	if errors.Is(err, store.ErrNotFound) { // removed, or used meanwhile
		return errIncorrect
	}
	if err != nil {
		return err
	}
	a.session.Nonce = nil
	if used.Attachment == "platform" {
		a.proved(userpool.AMRPlatform)
	} else {
		a.proved(userpool.AMRRoaming)
	}
	if a.pool.PasskeysAreMFA() && answer.UserVerified() {
		a.session.Second = userpool.FirstPasskey
	}
	return nil
}
