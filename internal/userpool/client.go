package userpool

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"slices"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
)

// Client is an app client with its secrets opened. It is shared by all requests
// of a node and never changed once loaded.
type Client struct {
	PoolID     string
	ID         string
	Name       string
	CreatedAt  time.Time
	ModifiedAt time.Time
	ClientConfig
	SeparateClientConfig

	secrets []openSecret
}

// openSecret is a client secret in the clear. It lives only in the cache.
type openSecret struct {
	id        string
	value     string
	createdAt time.Time
}

// HasSecret says whether the client must prove that it knows a secret.
func (c *Client) HasSecret() bool { return len(c.secrets) > 0 }

// Secret is the oldest of the client's secrets, the one that descriptions show,
// or "".
func (c *Client) Secret() string {
	if len(c.secrets) == 0 {
		return ""
	}
	return c.secrets[0].value
}

// VerifySecret says whether secret is one of the client's, in a time that tells
// nothing about them.
func (c *Client) VerifySecret(secret string) bool {
	given := sha256.Sum256([]byte(secret))
	equal := 0
	for _, s := range c.secrets {
		known := sha256.Sum256([]byte(s.value))
		equal |= subtle.ConstantTimeCompare(given[:], known[:])
	}
	return equal == 1
}

// CheckSecret checks a secret that a call sends as it is. The operations differ in
// the code of the refusal.
func (c *Client) CheckSecret(secret string, code fault.Code) error {
	switch {
	case !c.HasSecret() && secret == "":
		return nil
	case !c.HasSecret():
		return fault.Errorf(code, "Client %s is not configured for secret but secret was received", c.ID)
	case secret == "":
		return fault.Errorf(code, "Client %s is configured for secret but secret was not received", c.ID)
	case !c.VerifySecret(secret):
		return fault.Errorf(code, "Client secret does not match for the client: %s", c.ID)
	}
	return nil
}

// CheckSecretHash checks the SECRET_HASH of a call: the base64 form of
// HMAC-SHA256 under a secret of the client over the username as the call gives
// it and the client id. The errors are NotAuthorizedException.
// https://docs.aws.amazon.com/cognito/latest/developerguide/signing-up-users-in-your-app.html#cognito-user-pools-computing-secret-hash
func (c *Client) CheckSecretHash(username, secretHash string) error {
	switch {
	case !c.HasSecret() && secretHash == "":
		return nil
	case !c.HasSecret():
		return fault.Errorf(fault.NotAuthorized, "Client %s is not configured for secret but secret was received", c.ID)
	case secretHash == "":
		return fault.Errorf(fault.NotAuthorized, "Client %s is configured with secret but SECRET_HASH was not received", c.ID)
	case !c.matchesSecretHash(username, secretHash):
		return fault.Errorf(fault.NotAuthorized, "Unable to verify secret hash for client %s", c.ID)
	}
	return nil
}

func (c *Client) matchesSecretHash(username, secretHash string) bool {
	given := []byte(secretHash)
	equal := 0
	for _, s := range c.secrets {
		mac := hmac.New(sha256.New, []byte(s.value))
		mac.Write([]byte(username))
		mac.Write([]byte(c.ID))
		equal |= subtle.ConstantTimeCompare(given, []byte(base64.StdEncoding.EncodeToString(mac.Sum(nil))))
	}
	return equal == 1
}

// Reads says whether the client may see a user's attribute. A client without a
// list sees all of them; sub and identities are always seen.
func (c *Client) Reads(attribute string) bool {
	return attribute == "sub" || attribute == "identities" || len(c.ReadAttributes) == 0 || slices.Contains(c.ReadAttributes, attribute)
}

// Writes says whether a user may set an attribute through the client. A client
// without a list may set all but those that no user ever sets: see
// unwritable.
func (c *Client) Writes(attribute string) bool {
	if unwritable(attribute) {
		return false
	}
	return len(c.WriteAttributes) == 0 || slices.Contains(c.WriteAttributes, attribute)
}

// RevealsUsers says whether answers through this client may tell that a user
// does not exist: PreventUserExistenceErrors is LEGACY or was never set.
func (c *Client) RevealsUsers() bool { return c.PreventUserExistenceErrors != "ENABLED" }

// Rotates says whether a refresh gives a new refresh token, and how long the old
// one still works after it.
func (c *Client) Rotates() (rotates bool, grace time.Duration) {
	r := c.RefreshTokenRotation
	if r == nil || r.Feature != "ENABLED" {
		return false, 0
	}
	if r.RetryGracePeriodSeconds != nil {
		grace = time.Duration(*r.RetryGracePeriodSeconds) * time.Second
	}
	return true, grace
}

// SessionTTL is how long a challenge waits for its answer.
func (c *Client) SessionTTL() time.Duration {
	return time.Duration(c.AuthSessionValidity) * time.Minute
}

// AccessTokenTTL is the life of the client's access tokens, 60 minutes unless
// set.
func (c *Client) AccessTokenTTL() time.Duration {
	return validity(c.AccessTokenValidity, c.units().AccessToken, "hours", time.Hour)
}

// IDTokenTTL is the life of the client's ID tokens, 60 minutes unless set.
func (c *Client) IDTokenTTL() time.Duration {
	return validity(c.IdTokenValidity, c.units().IdToken, "hours", time.Hour)
}

// RefreshTokenTTL is the life of the client's refresh tokens, 30 days unless
// set.
func (c *Client) RefreshTokenTTL() time.Duration {
	return validity(&c.RefreshTokenValidity, c.units().RefreshToken, "days", defaultRefreshTTL)
}

const defaultRefreshTTL = 30 * 24 * time.Hour

func (c *ClientConfig) units() TokenValidityUnits {
	if c.TokenValidityUnits == nil {
		return TokenValidityUnits{}
	}
	return *c.TokenValidityUnits
}

// validity is a number of units as a duration. A number that is not set or 0
// gives the fallback.
func validity(n *int, unit, defaultUnit string, fallback time.Duration) time.Duration {
	if n == nil || *n == 0 {
		return fallback
	}
	if unit == "" {
		unit = defaultUnit
	}
	return time.Duration(*n) * timeUnits[unit]
}

var timeUnits = map[string]time.Duration{
	"seconds": time.Second,
	"minutes": time.Minute,
	"hours":   time.Hour,
	"days":    24 * time.Hour,
}
