package token

import (
	"context"
	"fmt"
	"time"

	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// logoutLife is how long a logout token counts: it is made when it is sent (OpenID
// Connect Back-Channel Logout 1.0, 2.4 recommends two minutes at most).
const logoutLife = 2 * time.Minute

// logoutEvent is what a logout token tells of, always without more.
const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// Logout is the end of a session that a client has from tokens of its own.
type Logout struct {
	ID       string // the jti: the same each time the client is told
	ClientID string
	Sub      string
	SID      string
}

type logoutClaims struct {
	Iss    string                         `json:"iss"`
	Sub    string                         `json:"sub"`
	Aud    string                         `json:"aud"`
	Iat    int64                          `json:"iat"`
	Exp    int64                          `json:"exp"`
	JTI    string                         `json:"jti"`
	Events map[string]map[string]struct{} `json:"events"`
	SID    string                         `json:"sid"`
}

// logoutHeader tells a logout token from all others: what reads those of users takes
// no header with a typ.
func logoutHeader(kid string) string {
	return encoding.EncodeToString([]byte(`{"kid":"` + kid + `","typ":"logout+jwt","alg":"RS256"}`))
}

// LogoutToken is the token that tells a client of a logout, signed by the key of the
// pool's ID tokens.
func (i *Issuer) LogoutToken(ctx context.Context, pool *userpool.Pool, l Logout) (string, error) {
	key, err := i.ring.Signer(ctx, pool.ID, keys.UseID)
	if err != nil {
		return "", fmt.Errorf("signing key for logout tokens: %w", err)
	}
	now := i.db.Now()
	return signUnder(logoutHeader(key.ID), key, logoutClaims{
		Iss: i.issuerURL(pool.ID), Sub: l.Sub, Aud: l.ClientID, Iat: now.Unix(), Exp: now.Add(logoutLife).Unix(), JTI: l.ID,
		Events: map[string]map[string]struct{}{logoutEvent: {}}, SID: l.SID,
	})
}
