package userpool

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/passkey"
	"github.com/poolhouse/poolhouse/internal/store"
)

const (
	// maxPasskeys is how many a user may have, as in Cognito.
	maxPasskeys = 20

	// MaxPasskeyPage is the most passkeys that a page has.
	MaxPasskeyPage = 20
)

// Cognito's exceptions; the texts are ours.
var (
	errPasswordReset = fault.New(fault.PasswordResetRequired, "Password reset required for the user")

	errPasskeysOff = fault.New(fault.WebAuthnNotEnabled, "Passkeys are not enabled for this user pool.")
	errNoRP        = fault.New(fault.WebAuthnConfigurationMissing,
		"The user pool has neither a relying party ID nor a domain.")
	errNoChallenge = fault.New(fault.WebAuthnChallengeNotFound,
		"The credential answers no challenge of this user, or one that has expired or was answered before.")
	errOtherClient    = fault.New(fault.WebAuthnClientMismatch, "The registration was started with another app client.")
	errPasskeyExists  = fault.New(fault.InvalidParameter, "The credential is registered already.")
	errPasskeyMissing = fault.New(fault.ResourceNotFound, "Credential does not exist.")
	errTooManyKeys    = fault.Errorf(fault.LimitExceeded, "A user can have at most %d passkeys.", maxPasskeys)
)

// passkeyEncoding is how ids and keys of passkeys are written.
var passkeyEncoding = base64.RawURLEncoding.Strict()

// SignsInWithPasskeys says whether passkeys are a first factor of the pool.
func (p *Pool) SignsInWithPasskeys() bool {
	return slices.Contains(p.Policies.SignInPolicy.AllowedFirstAuthFactors, "WEB_AUTHN")
}

// PasskeysVerifyUsers says whether an authenticator must ask for more than
// presence.
func (p *Pool) PasskeysVerifyUsers() bool {
	return p.WebAuthnConfiguration != nil && p.WebAuthnConfiguration.UserVerification == "required"
}

const registrationPurpose keys.Purpose = "passkey-registration"

// registration is what the challenge of a registration holds, sealed, so that
// nothing is written before a passkey is there. The seal makes it random.
type registration struct {
	ClientID     string `json:"c"`
	RelyingParty string `json:"r"`
	ExpiresAt    int64  `json:"e"` // unix milliseconds
}

// StartPasskey returns the PublicKeyCredentialCreationOptionsJSON with which the
// user's browser makes a passkey for a relying party, "" if the pool has none. The
// answer must come as soon as that to a challenge of the client's. The errors are
// WebAuthnNotEnabledException, WebAuthnConfigurationMissingException,
// LimitExceededException and PasswordResetRequiredException.
func (u *Users) StartPasskey(ctx context.Context, pool *Pool, client *Client, user *store.User, relyingParty string) ([]byte, error) {
	switch {
	case user.Status == StatusResetRequired:
		return nil, errPasswordReset
	case !pool.SignsInWithPasskeys():
		return nil, errPasskeysOff
	case relyingParty == "":
		return nil, errNoRP
	}
	have, err := u.passkeys(ctx, pool, user.Sub)
	if err != nil {
		return nil, err
	}
	if len(have) >= maxPasskeys {
		return nil, errTooManyKeys
	}
	exclude, err := PasskeyIDs(have, relyingParty)
	if err != nil {
		return nil, err
	}
	content, err := json.Marshal(registration{client.ID, relyingParty, u.db.Now().Add(client.SessionTTL()).UnixMilli()})
	if err != nil {
		return nil, err
	}
	sealed, err := u.ring.Seal(registrationPurpose, content, pool.ID, user.Sub)
	if err != nil {
		return nil, err
	}
	challenge, err := passkeyEncoding.DecodeString(sealed)
	if err != nil {
		return nil, fmt.Errorf("sealed challenge: %w", err)
	}
	return passkey.CreationOptions(passkey.Ceremony{Challenge: challenge, RelyingParty: relyingParty, VerifyUser: pool.PasskeysVerifyUsers()},
		passkey.User{ID: []byte(user.Sub), Name: user.Username}, exclude)
}

// CompletePasskey registers the passkey that a browser made: a
// RegistrationResponseJSON. The errors are InvalidParameterException,
// WebAuthnNotEnabledException, WebAuthnChallengeNotFoundException,
// WebAuthnClientMismatchException, WebAuthnRelyingPartyMismatchException,
// WebAuthnOriginNotAllowedException, WebAuthnCredentialNotSupportedException,
// LimitExceededException, PasswordResetRequiredException and
// UserNotFoundException.
func (u *Users) CompletePasskey(ctx context.Context, pool *Pool, client *Client, user *store.User, answer []byte) error {
	switch {
	case user.Status == StatusResetRequired:
		return errPasswordReset
	case !pool.SignsInWithPasskeys():
		return errPasskeysOff
	}
	r, err := passkey.ParseRegistration(answer)
	if err != nil {
		return passkeyFault(err)
	}
	challenge := passkeyEncoding.EncodeToString(r.Challenge())
	started, err := u.openRegistration(pool, user, challenge)
	if err != nil {
		return err
	}
	if started.ClientID != client.ID {
		return errOtherClient
	}
	if err := r.Verify(passkey.Ceremony{
		Challenge: r.Challenge(), RelyingParty: started.RelyingParty, VerifyUser: pool.PasskeysVerifyUsers(),
	}); err != nil {
		return passkeyFault(err)
	}
	row := &store.Passkey{
		PoolID: pool.ID, Sub: user.Sub, ID: passkeyEncoding.EncodeToString(r.ID), RPID: started.RelyingParty, Name: r.Name(),
		Attachment: r.Attachment, Transports: r.Transports, PublicKey: passkeyEncoding.EncodeToString(r.PublicKey),
		SignCount: r.SignCount,
	}
	return u.db.Update(ctx, func(tx *store.Tx) error {
		row.CreatedAt = tx.Now()
		return addPasskey(tx, row, challenge, time.UnixMilli(started.ExpiresAt))
	})
}

// openRegistration reads what StartPasskey sealed for the user.
func (u *Users) openRegistration(pool *Pool, user *store.User, challenge string) (registration, error) {
	var started registration
	content, err := u.ring.Open(registrationPurpose, challenge, pool.ID, user.Sub)
	if err != nil {
		return started, errNoChallenge
	}
	if err := json.Unmarshal(content, &started); err != nil {
		return started, fmt.Errorf("challenge of a passkey: %w", err)
	}
	if u.db.Now().UnixMilli() >= started.ExpiresAt {
		return started, errNoChallenge
	}
	return started, nil
}

// addPasskey adds a passkey and uses its challenge up.
func addPasskey(tx *store.Tx, row *store.Passkey, challenge string, expires time.Time) error {
	if _, err := tx.User(row.PoolID, row.Sub); errors.Is(err, store.ErrNotFound) {
		return errNoUser
	} else if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(challenge))
	first, err := tx.SpendSession(row.PoolID, "passkey "+passkeyEncoding.EncodeToString(sum[:]), expires)
	if err != nil {
		return err
	}
	if !first {
		return errNoChallenge
	}
	have, err := tx.Passkeys(row.PoolID, row.Sub)
	if err != nil {
		return err
	}
	if len(have) >= maxPasskeys {
		return errTooManyKeys
	}
	err = tx.InsertPasskey(row)
	if errors.Is(err, store.ErrExists) {
		return errPasskeyExists
	}
	return err
}

// passkeyFault is what a caller is told of a registration that is refused.
func passkeyFault(err error) error {
	switch {
	case errors.Is(err, passkey.ErrMalformed):
		return fault.Errorf(fault.InvalidParameter, "Invalid credential: %s.", err)
	case errors.Is(err, passkey.ErrChallenge):
		return errNoChallenge
	case errors.Is(err, passkey.ErrRelyingParty):
		return fault.New(fault.WebAuthnRelyingPartyMismatch, "The credential is for another relying party ID than that of the user pool.")
	case errors.Is(err, passkey.ErrOrigin):
		return fault.New(fault.WebAuthnOriginNotAllowed, "The credential was made at an origin that the relying party ID does not cover.")
	case errors.Is(err, passkey.ErrUnverified):
		return fault.New(fault.WebAuthnCredentialNotSupported, "The authenticator did not verify the user, which the user pool requires.")
	case errors.Is(err, passkey.ErrUnsupported):
		return fault.New(fault.WebAuthnCredentialNotSupported, "The credential's algorithm is not supported.")
	}
	return err
}

// Passkeys returns up to limit passkeys of a user, in the order in which they
// were made, as List does. The error is InvalidParameterException.
func (u *Users) Passkeys(ctx context.Context, pool *Pool, user *store.User, token string, limit int) (page []*store.Passkey, next string, err error) {
	list := "passkeys " + pool.ID + " " + user.Sub
	after, err := PageAfter(list, token)
	if err != nil {
		return nil, "", err
	}
	rows, err := u.passkeys(ctx, pool, user.Sub)
	if err != nil {
		return nil, "", err
	}
	slices.SortFunc(rows, func(a, b *store.Passkey) int { return strings.Compare(passkeyKey(a), passkeyKey(b)) })
	rows = slices.DeleteFunc(rows, func(p *store.Passkey) bool { return passkeyKey(p) <= after })
	if len(rows) > limit {
		rows = rows[:limit]
		next = PageToken(list, passkeyKey(rows[limit-1]))
	}
	return rows, next, nil
}

// passkeyKey orders passkeys by their age. Ids can be too long for a paging
// token.
func passkeyKey(p *store.Passkey) string {
	sum := sha256.Sum256([]byte(p.ID))
	return fmt.Sprintf("%020s ", strconv.FormatInt(p.CreatedAt.UnixMilli(), 10)) + passkeyEncoding.EncodeToString(sum[:])
}

// DeletePasskey removes a passkey of a user, or returns
// ResourceNotFoundException.
func (u *Users) DeletePasskey(ctx context.Context, pool *Pool, user *store.User, id string) error {
	err := u.db.Update(ctx, func(tx *store.Tx) error { return tx.DeletePasskey(pool.ID, user.Sub, id) })
	if errors.Is(err, store.ErrNotFound) {
		return errPasskeyMissing
	}
	return err
}

func (u *Users) passkeys(ctx context.Context, pool *Pool, sub string) (rows []*store.Passkey, err error) {
	err = u.db.View(ctx, func(tx *store.Tx) (err error) { rows, err = tx.Passkeys(pool.ID, sub); return err })
	return rows, err
}

// PasskeyIDs are the ids of those passkeys that are for a relying party.
func PasskeyIDs(rows []*store.Passkey, relyingParty string) ([][]byte, error) {
	var ids [][]byte
	for _, p := range rows {
		if p.RPID != relyingParty {
			continue
		}
		id, err := passkeyEncoding.DecodeString(p.ID)
		if err != nil {
			return nil, fmt.Errorf("id of a passkey of user %s: %w", p.Sub, err)
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// PasskeyCalled is the passkey with an id and its public key in COSE; nil if none
// of them has it.
func PasskeyCalled(rows []*store.Passkey, id []byte) (row *store.Passkey, publicKey []byte, err error) {
	text := passkeyEncoding.EncodeToString(id)
	for _, p := range rows {
		if p.ID == text {
			publicKey, err = passkeyEncoding.DecodeString(p.PublicKey)
			if err != nil {
				return nil, nil, fmt.Errorf("key of a passkey of user %s: %w", p.Sub, err)
			}
			return p, publicKey, nil
		}
	}
	return nil, nil, nil
}
