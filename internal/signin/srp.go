package signin

import (
	"context"
	"fmt"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/srp"
	"github.com/poolhouse/poolhouse/internal/store"
)

const passwordVerifier = "PASSWORD_VERIFIER"

// maxName is the longest name that a user can have, in characters: that of a
// preferred_username. A longer one would not fit into a session.
const maxName = 2048

// startSRP is the flow USER_SRP_AUTH: it always asks for PASSWORD_VERIFIER, of
// names that nobody has too.
func (m *Machine) startSRP(ctx context.Context, a *attempt) error {
	if utf8.RuneCountInString(a.session.Name) > maxName {
		return errLongName
	}
	clientA, err := a.clientA()
	if err != nil {
		return err
	}
	release, err := m.find(ctx, a)
	if err != nil {
		return err
	}
	release()
	return m.askVerifier(a, clientA)
}

var errLongName = fault.New(fault.InvalidParameter, "USERNAME is too long.")

// clientA reads the client's half of a handshake.
func (a *attempt) clientA() (srp.A, error) {
	text, err := a.require("SRP_A")
	if err != nil {
		return srp.A{}, err
	}
	clientA, err := srp.ParseA(text)
	if err != nil {
		return srp.A{}, fault.New(fault.InvalidParameter, "Invalid SRP_A value")
	}
	return clientA, nil
}

// askVerifier asks for PASSWORD_VERIFIER.
func (m *Machine) askVerifier(a *attempt, clientA srp.A) error {
	verifier, err := m.verifier(a)
	if err != nil {
		return err
	}
	server, err := srp.NewServer(verifier, clientA)
	if err != nil {
		return fmt.Errorf("srp: %w", err)
	}
	if a.session.SRP, err = server.MarshalBinary(); err != nil {
		return fmt.Errorf("srp: %w", err)
	}
	a.session.UserID = m.srpUserID(a)
	a.ask = passwordVerifier
	a.block = true
	a.params = map[string]string{
		"SALT":            verifier.Salt(),
		"SRP_B":           server.B(),
		"USERNAME":        a.session.UserID,
		"USER_ID_FOR_SRP": a.session.UserID,
	}
	return nil
}

// verifyPassword is the answer to PASSWORD_VERIFIER.
func (m *Machine) verifyPassword(ctx context.Context, a *attempt) error {
	claim, err := a.claim(a.pool.SRPName(), a.session.UserID)
	if err != nil {
		return err
	}
	var server srp.Server
	if err := server.UnmarshalBinary(a.session.SRP); err != nil {
		return errInvalidSession
	}
	verifier, err := m.verifier(a)
	if err != nil {
		return err
	}
	if !server.Verify(verifier, claim) || a.user == nil {
		return m.fail(ctx, a)
	}
	if err := m.findDevice(ctx, a); err != nil {
		return err
	}
	err = m.db.Update(ctx, func(tx *store.Tx) error {
		if err := a.spend(tx); err != nil {
			return err
		}
		return forgive(tx, a)
	})
	if err != nil {
		return err
	}
	a.session.SRP = nil // done with
	a.proved("pwd")
	return nil
}

// claim reads the response's proof for a name of a pool, or for a device of a
// group. It covers the SECRET_BLOCK as it was
// handed out and the TIMESTAMP as it was written. How old the timestamp is does
// not matter: the block is fresh and used once, and clients' clocks are wrong
// more often than not.
func (a *attempt) claim(poolName, userID string) (srp.Claim, error) {
	claim := srp.Claim{PoolName: poolName, UserID: userID}
	signature, err := a.require("PASSWORD_CLAIM_SIGNATURE")
	if err != nil {
		return claim, err
	}
	if claim.Timestamp, err = a.require("TIMESTAMP"); err != nil {
		return claim, err
	}
	if _, err := srp.ParseTimestamp(claim.Timestamp); err != nil {
		return claim, fault.New(fault.InvalidParameter, "TIMESTAMP format should be EEE MMM d HH:mm:ss z yyyy in english.")
	}
	if claim.SecretBlock, err = srp.ParseSecretBlock(a.parameters["PASSWORD_CLAIM_SECRET_BLOCK"]); err != nil {
		return claim, errIncorrect
	}
	if claim.Signature, err = srp.ParseSignature(signature); err != nil {
		return claim, errIncorrect
	}
	return claim, nil
}

// verifier is what the user's password is checked against. A name that nobody
// has and a user without a password get one that no password fits.
func (m *Machine) verifier(a *attempt) (srp.Verifier, error) {
	if a.user != nil {
		v, ok, err := m.users.Verifier(a.pool, a.user)
		if err != nil || ok {
			return v, err
		}
	}
	secret := m.ring.MAC("srp-fake", a.pool.ID)
	return srp.FakeVerifier(secret, a.pool.SRPName(), a.pool.Fold(a.session.Name)), nil
}

// srpUserID is the name that goes into the hashes: the stored username. For a
// name that nobody has it is what such a user's would look like; where case does
// not count that is not the spelling of the request, for a stored one would not
// be either.
func (m *Machine) srpUserID(a *attempt) string {
	if a.user != nil {
		return a.user.Username
	}
	if len(a.pool.UsernameAttributes) == 0 && !a.pool.LooksLikeAlias(a.session.Name) {
		return a.pool.Fold(a.session.Name)
	}
	return m.madeUpID(a)
}

// madeUpID is the sub that a name nobody has would have: always the same UUID.
func (m *Machine) madeUpID(a *attempt) string {
	id := uuid.UUID(m.ring.MAC("srp-fake-user", a.pool.ID, a.pool.Fold(a.session.Name))[:16])
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80 // version 4, as a real sub has
	return id.String()
}
