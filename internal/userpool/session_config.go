package userpool

import (
	"context"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
)

// SessionConfig says whether a pool keeps a record of its users' sessions and how
// many each may have. Its JSON is that of the Cognito API.
type SessionConfig struct {
	UserSessionTracking string       `json:"UserSessionTracking"`
	TokenSession        TokenSession `json:"TokenSession"`
}

// TokenSession bounds the sessions that refresh tokens stand for.
type TokenSession struct {
	MaxPerUser int `json:"MaxPerUser"`
}

// SSOSession bounds for how many minutes behind the last authentication a client
// takes over a browser's session; 0 means never.
type SSOSession struct {
	MaxValidityMinutes int `json:"MaxValidityMinutes"`
}

// SessionConfig is the pool's configuration, with Cognito's default if it was
// never set.
func (c *PoolConfig) SessionConfig() SessionConfig {
	if c.Sessions == nil {
		return SessionConfig{UserSessionTracking: "DISABLED", TokenSession: TokenSession{MaxPerUser: 20}}
	}
	return *c.Sessions
}

// TracksSessions says whether the pool keeps a record of its users' sessions.
func (c *PoolConfig) TracksSessions() bool { return c.SessionConfig().UserSessionTracking == "ENABLED" }

// SSO is the client's bound on browsers' sessions, with Cognito's default if it
// was never set.
func (c *Client) SSO() SSOSession {
	if c.SSOSession == nil {
		return SSOSession{MaxValidityMinutes: 60}
	}
	return *c.SSOSession
}

// SetSessionConfig replaces the session configuration of a pool. Errors:
// ResourceNotFoundException, FeatureUnavailableInTierException.
func (p *Pools) SetSessionConfig(ctx context.Context, id string, s SessionConfig) error {
	return p.changePool(ctx, id, func(pool *Pool) error {
		pool.Sessions = &s
		if p.strictTiers {
			return pool.checkTier(fault.FeatureUnavailableInTier)
		}
		return nil
	})
}

// SetClientSSO sets a client's bound on browsers' sessions, which the pool must
// keep a record of. Errors: ResourceNotFoundException,
// InvalidParameterException.
func (p *Pools) SetClientSSO(ctx context.Context, poolID, clientID string, s SSOSession) error {
	_, err := p.changeClient(ctx, poolID, clientID, func(_ *store.Tx, pool *Pool, _ *store.UserPoolClient, doc *clientDoc) error {
		if !pool.TracksSessions() {
			return invalid("User session tracking is not enabled for user pool %s.", pool.ID)
		}
		doc.SSOSession = &s
		return nil
	})
	return err
}
