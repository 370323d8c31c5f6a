package trigger

import (
	"context"
	"encoding/json"
)

// InboundFederationSource is the one source of InboundFederation.
const InboundFederationSource = "InboundFederation_ExternalProvider"

// InboundFederation tells what an identity provider said of somebody who is
// signing in. OpenID Connect and social providers fill the first three of the
// attributes, SAML ones the last.
type InboundFederation struct {
	ProviderName string              `json:"providerName"`
	ProviderType string              `json:"providerType"`
	Attributes   FederatedAttributes `json:"attributes"`
}

// FederatedAttributes are what a provider sent, as JSON objects.
type FederatedAttributes struct {
	TokenResponse json.RawMessage `json:"tokenResponse,omitzero"`
	IDToken       json.RawMessage `json:"idToken,omitzero"`
	UserInfo      json.RawMessage `json:"userInfo,omitzero"`
	SAMLResponse  json.RawMessage `json:"samlResponse,omitzero"`
}

type inboundFederationAnswer struct {
	UserAttributesToMap map[string]*string `json:"userAttributesToMap"`
}

// InboundFederation asks the trigger of that name. It returns the attributes that
// replace those of the provider, nil if those stay.
func (i *Invoker) InboundFederation(ctx context.Context, c Call, in InboundFederation) (map[string]string, error) {
	got, err := read[inboundFederationAnswer](i.call(ctx, "InboundFederation", "1", c, in, inboundFederationAnswer{}))
	if err != nil || len(got.UserAttributesToMap) == 0 {
		return nil, err
	}
	return known(got.UserAttributesToMap), nil
}
