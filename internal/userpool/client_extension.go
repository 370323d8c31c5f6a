package userpool

import (
	"context"

	"github.com/poolhouse/poolhouse/internal/store"
)

// OAuthExtensions are what a client has beyond Cognito. Its JSON is what
// administrators send.
type OAuthExtensions struct {
	// Introspection lets a client with a secret ask about tokens of the pool's other
	// clients (RFC 7662), as an API does. About its own it always may.
	Introspection bool `json:"introspection"`

	// DeviceGrant lets a client without a browser have its users sign in on another
	// device (RFC 8628).
	DeviceGrant bool `json:"deviceGrant"`

	// PushedOnly refuses authorization requests that were not pushed (RFC 9126).
	PushedOnly bool `json:"pushedOnly"`
}

// Extensions are the client's, none if they were never set.
func (c *Client) Extensions() OAuthExtensions {
	if c.OAuth == nil {
		return OAuthExtensions{}
	}
	return *c.OAuth
}

// SetClientExtensions replaces the extensions of a client. The error is
// ResourceNotFoundException.
func (p *Pools) SetClientExtensions(ctx context.Context, poolID, clientID string, e OAuthExtensions) error {
	_, err := p.changeClient(ctx, poolID, clientID, func(_ *store.Tx, _ *Pool, _ *store.UserPoolClient, doc *clientDoc) error {
		doc.OAuth = &e
		return nil
	})
	return err
}
