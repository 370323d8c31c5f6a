package trigger

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
)

// The sources of PreTokenGeneration.
const (
	TokenGenerationHostedAuth           = "TokenGeneration_HostedAuth"
	TokenGenerationAuthentication       = "TokenGeneration_Authentication"
	TokenGenerationNewPasswordChallenge = "TokenGeneration_NewPasswordChallenge"
	TokenGenerationAuthenticateDevice   = "TokenGeneration_AuthenticateDevice"
	TokenGenerationRefreshTokens        = "TokenGeneration_RefreshTokens"
	TokenGenerationClientCredentials    = "TokenGeneration_ClientCredentials"
)

// ClientCredentialsUser is the userName of events about tokens of clients.
const ClientCredentialsUser = "ClientCredentials"

// The versions of the event, as a pool's configuration names them.
const (
	TokenV1 = "V1_0" // changes the claims of ID tokens, by text alone
	TokenV2 = "V2_0" // changes access tokens too, by any JSON
	TokenV3 = "V3_0" // changes tokens of clients too
)

// Groups are what tokens say of a user's groups.
type Groups struct {
	Names         []string `json:"groupsToOverride"`
	Roles         []string `json:"iamRolesToOverride"`
	PreferredRole *string  `json:"preferredRole"` // nil: there is none
}

// PreTokenGeneration asks what tokens are to say.
type PreTokenGeneration struct {
	UserAttributes map[string]string `json:"userAttributes"`
	Groups         *Groups           `json:"groupConfiguration"`
	ClientMetadata map[string]string `json:"clientMetadata,omitzero"`
	Scopes         []string          `json:"scopes,omitzero"` // of the access token; not in version 1
}

// TokenChanges are what a function changes of tokens. The zero value changes
// nothing.
type TokenChanges struct {
	ID     ClaimChanges
	Access ClaimChanges
	Scopes ScopeChanges
	Groups *Groups // nil: as they are
}

// ClaimChanges are changes to the claims of one token. What is in both goes.
type ClaimChanges struct {
	Set      map[string]json.RawMessage
	Suppress []string
}

// ScopeChanges are changes to the scopes of an access token. What is in both
// goes.
type ScopeChanges struct{ Add, Suppress []string }

// maxChanges is the most changes that one answer may ask for.
const maxChanges = 5000

// PreTokenGeneration asks the trigger of that name, with the event of a version.
// An answer that gives a claim no value or, in version 1, one that is no text, a
// scope that is no word, or asks for more than 5,000 changes, is
// InvalidLambdaResponseException. Which claims are out of a function's reach is
// for the caller to say.
func (i *Invoker) PreTokenGeneration(ctx context.Context, version string, c Call, in PreTokenGeneration) (TokenChanges, error) {
	in.UserAttributes = filled(in.UserAttributes)
	if version != TokenV2 && version != TokenV3 {
		in.Scopes = nil
		got, err := read[tokenAnswerV1](i.call(ctx, "PreTokenGeneration", "1", c, in, tokenAnswerV1{}))
		if err != nil {
			return TokenChanges{}, err
		}
		return got.changes()
	}
	if in.Scopes == nil {
		in.Scopes = []string{}
	}
	number := strings.TrimSuffix(strings.TrimPrefix(version, "V"), "_0")
	got, err := read[tokenAnswerV2](i.call(ctx, "PreTokenGeneration", number, c, in, tokenAnswerV2{}))
	if err != nil {
		return TokenChanges{}, err
	}
	return got.changes()
}

// tokenAnswerV1 is the response of version 1.
type tokenAnswerV1 struct {
	Details *struct {
		Set      map[string]*string `json:"claimsToAddOrOverride"`
		Suppress []string           `json:"claimsToSuppress"`
		Groups   groupOverride      `json:"groupOverrideDetails"`
	} `json:"claimsOverrideDetails"`
}

func (a tokenAnswerV1) changes() (TokenChanges, error) {
	d := a.Details
	if d == nil {
		return TokenChanges{}, nil
	}
	set := make(map[string]json.RawMessage, len(d.Set))
	for name, value := range d.Set {
		if value == nil {
			return TokenChanges{}, errUnrecognizable
		}
		text, err := json.Marshal(*value)
		if err != nil {
			return TokenChanges{}, err
		}
		set[name] = text
	}
	return TokenChanges{ID: ClaimChanges{Set: set, Suppress: d.Suppress}, Groups: d.Groups.groups}.check()
}

// tokenAnswerV2 is the response of versions 2 and 3.
type tokenAnswerV2 struct {
	Details *struct {
		ID *struct {
			Set      map[string]json.RawMessage `json:"claimsToAddOrOverride"`
			Suppress []string                   `json:"claimsToSuppress"`
		} `json:"idTokenGeneration"`
		Access *struct {
			Set            map[string]json.RawMessage `json:"claimsToAddOrOverride"`
			Suppress       []string                   `json:"claimsToSuppress"`
			AddScopes      []string                   `json:"scopesToAdd"`
			SuppressScopes []string                   `json:"scopesToSuppress"`
		} `json:"accessTokenGeneration"`
		Groups groupOverride `json:"groupOverrideDetails"`
	} `json:"claimsAndScopeOverrideDetails"`
}

func (a tokenAnswerV2) changes() (TokenChanges, error) {
	d := a.Details
	if d == nil {
		return TokenChanges{}, nil
	}
	c := TokenChanges{Groups: d.Groups.groups}
	if d.ID != nil {
		c.ID = ClaimChanges{Set: d.ID.Set, Suppress: d.ID.Suppress}
	}
	if d.Access != nil {
		c.Access = ClaimChanges{Set: d.Access.Set, Suppress: d.Access.Suppress}
		c.Scopes = ScopeChanges{Add: d.Access.AddScopes, Suppress: d.Access.SuppressScopes}
	}
	return c.check()
}

// check refuses changes that no token can take.
func (t TokenChanges) check() (TokenChanges, error) {
	if len(t.ID.Set)+len(t.ID.Suppress)+len(t.Access.Set)+len(t.Access.Suppress)+len(t.Scopes.Add)+len(t.Scopes.Suppress) > maxChanges {
		return TokenChanges{}, errUnrecognizable
	}
	for _, set := range []map[string]json.RawMessage{t.ID.Set, t.Access.Set} {
		for name, value := range set {
			if name == "" || isNull(value) {
				return TokenChanges{}, errUnrecognizable
			}
		}
	}
	for _, scope := range t.Scopes.Add {
		if !isScope(scope) {
			return TokenChanges{}, errUnrecognizable
		}
	}
	return t, nil
}

// isScope says whether a text is a scope-token of RFC 6749.
func isScope(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' })
}

// groupOverride is the member groupOverrideDetails. Absent it leaves the groups
// as they are; null and empty take them away.
type groupOverride struct{ groups *Groups }

// MarshalJSON leaves nothing of it in the empty answer of an event.
func (g groupOverride) MarshalJSON() ([]byte, error) { return json.Marshal(g.groups) }

// UnmarshalJSON reads the member where it is present.
func (g *groupOverride) UnmarshalJSON(text []byte) error {
	g.groups = new(Groups)
	if bytes.Equal(text, []byte("null")) {
		return nil
	}
	return json.Unmarshal(text, g.groups)
}
