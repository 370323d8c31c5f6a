package userpool

import (
	"context"
	"net/url"
	"strings"

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

	// DPoP says whether tokens are bound to a key of the client's (RFC 9449).
	DPoP DPoPMode `json:"dpop"`

	// DPoPNonce wants proofs of the key to have a nonce of the server's.
	DPoPNonce bool `json:"dpopNonce"`

	// BackChannelLogoutURI is where the client is told that a session is over (OpenID
	// Connect Back-Channel Logout 1.0); "": it is not, and its tokens have no sid.
	BackChannelLogoutURI string `json:"backChannelLogoutUri"`

	// BackChannelLogoutSessionRequired says that the client wants the sid with it,
	// which it always gets.
	BackChannelLogoutSessionRequired bool `json:"backChannelLogoutSessionRequired"`
}

// DPoPMode says what becomes of proofs of possession.
type DPoPMode string

const (
	DPoPOff      DPoPMode = ""         // they are not looked at
	DPoPAllowed  DPoPMode = "allowed"  // a request with one gets bound tokens
	DPoPRequired DPoPMode = "required" // no others get tokens
)

// Extensions are the client's, none if they were never set.
func (c *Client) Extensions() OAuthExtensions {
	if c.OAuth == nil {
		return OAuthExtensions{}
	}
	return *c.OAuth
}

// SetClientExtensions replaces the extensions of a client. The errors are
// InvalidParameterException and ResourceNotFoundException.
func (p *Pools) SetClientExtensions(ctx context.Context, poolID, clientID string, e OAuthExtensions) error {
	if e.DPoP != DPoPOff && e.DPoP != DPoPAllowed && e.DPoP != DPoPRequired {
		return invalid(`dpop must be "allowed", "required" or "".`)
	}
	if err := p.checkLogoutURI(e.BackChannelLogoutURI); err != nil {
		return err
	}
	_, err := p.changeClient(ctx, poolID, clientID, func(_ *store.Tx, _ *Pool, _ *store.UserPoolClient, doc *clientDoc) error {
		doc.OAuth = &e
		return nil
	})
	return err
}

// maxLogoutURI is the longest back-channel logout URI, in bytes: that of the other
// URLs of clients.
const maxLogoutURI = 1024

// checkLogoutURI refuses what cannot be a back-channel logout URI (2.2 of its
// specification): https and no fragment, but for development on one machine.
func (p *Pools) checkLogoutURI(text string) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	switch {
	case len(text) > maxLogoutURI:
		return invalid("backChannelLogoutUri cannot be longer than %d bytes.", maxLogoutURI)
	case err != nil || u.Hostname() == "" || u.User != nil:
		return invalid("backChannelLogoutUri is not a valid URL.")
	case strings.Contains(text, "#"):
		return invalid("backChannelLogoutUri cannot contain a fragment.")
	case u.Scheme != "https" && (u.Scheme != "http" || !p.localLogout || !isLoopback(u.Hostname())):
		return invalid("backChannelLogoutUri must use the HTTPS protocol.")
	}
	return nil
}
