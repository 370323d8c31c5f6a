package signin

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// session is the state of a sign-in between two requests. Field names are short
// because the sealed form must stay below 2048 characters.
type session struct {
	ID        string   `json:"i"`
	Flow      string   `json:"f"`
	Admin     bool     `json:"a,omitempty"`
	Challenge string   `json:"c"`           // what was asked
	Name      string   `json:"n"`           // USERNAME as first sent
	Sub       string   `json:"s"`           // of the user; made up where nobody has the name
	Nobody    int      `json:"x"`           // 1: nobody has the name. A number, for the length must not tell
	UserID    string   `json:"u,omitempty"` // USER_ID_FOR_SRP that was given out
	ExpiresAt int64    `json:"e"`           // unix milliseconds
	Proved    []string `json:"p,omitempty"` // factors, as amr values
	Password  []byte   `json:"w,omitempty"` // digest of the sealed password that was proven and must be replaced
	SRP       []byte   `json:"r,omitempty"` // the server's half of a handshake
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

// seal returns the session string.
func (m *Machine) seal(pool *userpool.Pool, client *userpool.Client, s session) (string, error) {
	plain, err := json.Marshal(s)
	if err != nil {
		return "", err
	}
	return m.ring.Seal(sessionPurpose, plain, pool.ID, client.ID)
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
func (m *Machine) open(pool *userpool.Pool, client *userpool.Client, sealed string) (session, error) {
	sealed = strings.TrimRight(strings.NewReplacer("+", "-", "/", "_").Replace(sealed), "=")
	plain, err := m.ring.Open(sessionPurpose, sealed, pool.ID, client.ID)
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
