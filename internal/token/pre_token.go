package token

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/trigger"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// The claims that no function can change (developer guide, "Pre token generation
// Lambda trigger"). A function that tries is not heard, as in Cognito. So is one
// that adds a claim of a prefix that is Cognito's own.
var (
	fixedClaims = []string{"acr", "amr", "at_hash", "auth_time", "azp", "exp", "iat", "identities", "iss", "jti", "nbf", "nonce",
		"origin_jti", "sub", "token_use", "event_id"}
	fixedIDClaims     = append([]string{"aud", "cognito:username"}, fixedClaims...)
	fixedAccessClaims = append([]string{"username", "client_id", "device_key", "version", "scope"}, fixedClaims...)
	fixedPrefixes     = []string{"cognito:", "dev:"}
)

var errTooLong = fault.New(fault.InvalidLambdaResponse, "PreTokenGeneration makes the token too long.")

// preToken asks the trigger PreTokenGeneration about the tokens of a user.
// Errors are those of triggers.
func (i *Issuer) preToken(ctx context.Context, pool *userpool.Pool, client *userpool.Client, user *store.User,
	groups userpool.GroupClaims, scopes []string, source string) (trigger.TokenChanges, error) {
	function := pool.LambdaConfig.PreTokenGenerationConfig
	if function == nil {
		return trigger.TokenChanges{}, nil
	}
	have := &trigger.Groups{Names: listed(groups.Names), Roles: listed(groups.Roles)}
	if groups.PreferredRole != "" {
		have.PreferredRole = new(groups.PreferredRole)
	}
	call := pool.TriggerCall(ctx, function.LambdaArn, source, user.Username)
	call.ClientID = client.ID
	return pool.Triggers().PreTokenGeneration(ctx, function.LambdaVersion, call, trigger.PreTokenGeneration{
		UserAttributes: userpool.TriggerAttributes(user), Groups: have, Scopes: scopes,
		ClientMetadata: trigger.CallerFrom(ctx).ClientMetadata,
	})
}

// listed is a list that is shown even if nothing is in it.
func listed(list []string) []string { return append([]string{}, list...) }

// preClientToken asks the trigger PreTokenGeneration, if the pool has one that
// takes events of version 3, about the access token of a client itself. It returns
// the claims and the scopes as they are then. Errors are those of triggers.
func (i *Issuer) preClientToken(ctx context.Context, g ClientGrant, claims clientClaims, scopes []string) (any, []string, error) {
	function := g.Pool.LambdaConfig.PreTokenGenerationConfig
	if function == nil || function.LambdaVersion != trigger.TokenV3 {
		return claims, scopes, nil
	}
	call := g.Pool.TriggerCall(ctx, function.LambdaArn, trigger.TokenGenerationClientCredentials, trigger.ClientCredentialsUser)
	call.ClientID = g.Client.ID
	changes, err := g.Pool.Triggers().PreTokenGeneration(ctx, function.LambdaVersion, call,
		trigger.PreTokenGeneration{Scopes: scopes, ClientMetadata: g.Metadata})
	if err != nil {
		return nil, nil, err
	}
	scopes = changeScopes(scopes, changes.Scopes)
	claims.Scope = strings.Join(scopes, " ")
	changed, err := changedAccess(claims, g.Client.ID, changes.Access)
	return changed, scopes, err
}

// changeGroups are the groups that tokens tell of.
func changeGroups(groups userpool.GroupClaims, changes trigger.TokenChanges) userpool.GroupClaims {
	if changes.Groups == nil {
		return groups
	}
	groups = userpool.GroupClaims{Names: changes.Groups.Names, Roles: changes.Groups.Roles}
	if changes.Groups.PreferredRole != nil {
		groups.PreferredRole = *changes.Groups.PreferredRole
	}
	return groups
}

func changeScopes(scopes []string, changes trigger.ScopeChanges) []string {
	if len(changes.Add) == 0 && len(changes.Suppress) == 0 {
		return scopes
	}
	scopes = slices.Clone(scopes)
	for _, scope := range changes.Add {
		if !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	return slices.DeleteFunc(scopes, func(scope string) bool { return slices.Contains(changes.Suppress, scope) })
}

// changeClaims changes claims but for the fixed ones.
func changeClaims(claims map[string]any, fixed []string, changes trigger.ClaimChanges) {
	for name, value := range changes.Set {
		if !slices.Contains(fixed, name) && !slices.ContainsFunc(fixedPrefixes, func(p string) bool { return strings.HasPrefix(name, p) }) {
			claims[name] = value
		}
	}
	for _, name := range changes.Suppress {
		if !slices.Contains(fixed, name) {
			delete(claims, name)
		}
	}
}

// changeAccess changes the claims of an access token. An audience it can only be
// given in the client that the token is for.
func changeAccess(claims map[string]any, clientID string, changes trigger.ClaimChanges) error {
	if audience, ok := changes.Set["aud"]; ok {
		var text string
		if json.Unmarshal(audience, &text) != nil || text != clientID {
			return fault.New(fault.InvalidLambdaResponse, "Unrecognizable lambda output")
		}
	}
	fixed := fixedAccessClaims
	if claims["cnf"] != nil { // the key was proven to us; elsewhere a function may write one
		fixed = append(slices.Clip(fixed), "cnf")
	}
	changeClaims(claims, fixed, changes)
	return nil
}

// changedAccess are the claims of an access token, of a user or of a client, as a
// function changes them.
func changedAccess(access any, clientID string, changes trigger.ClaimChanges) (any, error) {
	if len(changes.Set) == 0 && len(changes.Suppress) == 0 {
		return access, nil
	}
	text, err := json.Marshal(access)
	if err != nil {
		return nil, err
	}
	var each map[string]json.RawMessage
	if err := json.Unmarshal(text, &each); err != nil {
		return nil, err
	}
	claims := make(map[string]any, len(each))
	for name, value := range each {
		claims[name] = value
	}
	return claims, changeAccess(claims, clientID, changes)
}
