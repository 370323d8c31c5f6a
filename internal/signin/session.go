package signin

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/threat"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// session is the state of a sign-in between two requests. Field names are short
// because most sessions travel whole, see seal.
type session struct {
	ID        string   `json:"i"`
	PoolID    string   `json:"b"`
	ClientID  string   `json:"g"`
	Flow      string   `json:"f"`
	Admin     bool     `json:"a,omitempty"`
	Hosted    bool     `json:"hp,omitempty"`
	Challenge string   `json:"c"`            // what was asked
	Name      string   `json:"n"`            // USERNAME as first sent
	Sub       string   `json:"s"`            // of the user; made up where nobody has the name
	Nobody    int      `json:"x"`            // 1: nobody has the name. A number, for the length must not tell
	UserID    string   `json:"u,omitempty"`  // USER_ID_FOR_SRP that was given out
	ExpiresAt int64    `json:"e"`            // unix milliseconds
	First     string   `json:"o,omitempty"`  // the first factor that USER_AUTH goes on with, as a challenge
	Proved    []string `json:"p,omitempty"`  // factors, as amr values
	Goal      int      `json:"j,omitempty"`  // the authentication level that must be reached
	Nonce     []byte   `json:"no,omitempty"` // the challenge for a passkey

	// The domain that passkeys are for.
	RelyingParty string `json:"rp,omitempty"`

	Device   string   `json:"d,omitempty"`  // the device that must prove itself, or did
	Trust    int      `json:"q,omitempty"`  // whether it did, see device.go
	Password []byte   `json:"w,omitempty"`  // digest of the sealed password that was proven and must be replaced
	SRP      []byte   `json:"r,omitempty"`  // the server's half of a handshake
	Code     string   `json:"k,omitempty"`  // digest of the one-time code that was sent
	Target   string   `json:"t,omitempty"`  // the address it went to
	Second   string   `json:"z,omitempty"`  // the second factor that was proven, as a challenge
	SetUp    bool     `json:"m,omitempty"`  // the code sets up that address as one
	Given    []string `json:"ga,omitempty"` // the addresses that came with a new password, as attributes
	Pending  []byte   `json:"y,omitempty"`  // the secret of an authenticator app that waits for its first code

	// Of CUSTOM_AUTH: what happened so far, and the private parameters of the
	// challenge that was asked.
	Rounds   []round           `json:"h,omitempty"`
	Private  map[string]string `json:"v,omitempty"`
	Metadata string            `json:"mm,omitempty"` // of that challenge
	Done     bool              `json:"cd,omitempty"` // the functions want nothing more

	// Of threat protection: what it decided, the event that it keeps a record of,
	// and whether the user was told.
	Verdict *threat.Verdict `json:"tv,omitempty"`
	Event   string          `json:"te,omitempty"`
	Told    bool            `json:"tt,omitempty"`

	// Kept: this is but the name of a session that rests in the database.
	Kept bool `json:"l,omitempty"`
}

// round is one challenge of a custom sign-in and how it ended, as triggers see
// it.
type round struct {
	Challenge string `json:"c"`
	Result    bool   `json:"r"`
	Metadata  string `json:"m,omitempty"`
}

const sessionPurpose = "session"

// Sessions are handed to clients that check their length: the API model's bound.
// A SECRET_BLOCK has none.
const maxSession = 2048

var (
	errInvalidSession = fault.New(fault.NotAuthorized, "Invalid session for the user.")
	errExpiredSession = fault.New(fault.NotAuthorized, "Invalid session for the user, session is expired.")
	errSpentSession   = fault.New(fault.NotAuthorized, "Invalid session for the user, session can only be used once.")
)

// seal returns the session string. A session too long for one (long names, or
// custom challenges with much to remember) rests in the database until it
// expires, and the string names it.
func (m *Machine) seal(ctx context.Context, pool *userpool.Pool, client *userpool.Client, s session) (string, error) {
	s.PoolID, s.ClientID = pool.ID, client.ID
	sealed, err := m.sealWhole(s)
	if err != nil || len(sealed) <= maxSession {
		return sealed, err
	}
	err = m.db.Update(ctx, func(tx *store.Tx) error {
		return tx.KeepSession(pool.ID, s.ID, sealed, time.UnixMilli(s.ExpiresAt))
	})
	if err != nil {
		return "", err
	}
	return m.sealWhole(session{ID: s.ID, PoolID: pool.ID, ClientID: client.ID, ExpiresAt: s.ExpiresAt, Kept: true})
}

// sealWhole returns the session as a string of any length.
func (m *Machine) sealWhole(s session) (string, error) {
	plain, err := json.Marshal(s)
	if err != nil {
		return "", err
	}
	return m.ring.Seal(sessionPurpose, plain)
}

// secretBlock is a session string as SRP clients want their SECRET_BLOCK: padded
// base64.
func secretBlock(sealed string) (string, error) {
	raw, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil {
		return "", fmt.Errorf("sealed session is not base64url: %w", err)
	}
	return base64.StdEncoding.EncodeToString(raw), nil
}

// open reads a session string or a SECRET_BLOCK, in either alphabet of base64,
// for clients re-encode the latter.
func (m *Machine) open(ctx context.Context, pool *userpool.Pool, client *userpool.Client, sealed string) (session, error) {
	sealed = strings.TrimRight(strings.NewReplacer("+", "-", "/", "_").Replace(sealed), "=")
	s, err := m.openWhole(sealed)
	if err == nil && (s.PoolID != pool.ID || s.ClientID != client.ID) {
		err = errInvalidSession
	}
	if err != nil || !s.Kept {
		return s, err
	}
	err = m.db.View(ctx, func(tx *store.Tx) (err error) {
		sealed, err = tx.KeptSession(pool.ID, s.ID)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return session{}, errInvalidSession
	}
	if err != nil {
		return session{}, err
	}
	return m.openWhole(sealed)
}

func (m *Machine) openWhole(sealed string) (session, error) {
	plain, err := m.ring.Open(sessionPurpose, sealed)
	if err != nil {
		return session{}, errInvalidSession
	}
	var s session
	if err := json.Unmarshal(plain, &s); err != nil {
		return session{}, fmt.Errorf("sealed session: %w", err)
	}
	if m.db.Now().UnixMilli() >= s.ExpiresAt {
		return session{}, errExpiredSession
	}
	return s, nil
}
