package userpool

import (
	"context"
	"slices"
	"strings"

	"github.com/poolhouse/poolhouse/internal/store"
)

// MachineScopes are the scopes of a token that a client gets for itself, in the
// order asked for: those of resource servers. Asking for none asks for all that
// the client has. One that was taken from its resource server since is left out,
// as Cognito does with scopes that it calls inactive; the error for one that the
// client never had is InvalidParameterException.
func (p *Pools) MachineScopes(ctx context.Context, client *Client, asked []string) ([]string, error) {
	for _, scope := range asked {
		if slices.Contains(systemScopes, scope) || !slices.Contains(client.AllowedOAuthScopes, scope) {
			return nil, invalid("Invalid scope requested: %s", scope)
		}
	}
	if len(asked) == 0 {
		asked = client.AllowedOAuthScopes
	}
	var scopes []string
	for _, scope := range asked {
		if slices.Contains(systemScopes, scope) || slices.Contains(scopes, scope) {
			continue
		}
		active, err := p.scopeActive(ctx, client.PoolID, scope)
		if err != nil {
			return nil, err
		}
		if active {
			scopes = append(scopes, scope)
		}
	}
	return scopes, nil
}

// scopeActive says whether a resource server of the pool has a scope now. Only
// scopes that an administrator gave a client are asked for, so what is kept is
// bounded by what is configured.
func (p *Pools) scopeActive(ctx context.Context, poolID, scope string) (bool, error) {
	return p.scopes.get(ctx, poolID+" "+scope, func(ctx context.Context, key string) (active bool, err error) {
		pool, scope, _ := strings.Cut(key, " ")
		err = p.db.View(ctx, func(tx *store.Tx) (err error) {
			active, err = hasScope(tx, pool, scope)
			return err
		})
		return active, err
	})
}
