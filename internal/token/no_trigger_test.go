package token

import (
	"testing"

	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/trigger"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// TestNoTriggerCostsNothing holds that tokens of a pool without the trigger
// PreTokenGeneration have nothing made for it.
func TestNoTriggerCostsNothing(t *testing.T) {
	i, pool, client, user := new(Issuer), new(userpool.Pool), new(userpool.Client), &store.User{Attributes: map[string]string{"email": "ada@example.com"}}
	groups, scopes := userpool.GroupClaims{Names: []string{"admins"}}, []string{"openid"}
	if n := testing.AllocsPerRun(100, func() {
		changes, err := i.preToken(t.Context(), pool, client, user, groups, scopes, trigger.TokenGenerationAuthentication)
		if err != nil || len(changeGroups(groups, changes).Names) != 1 {
			t.Errorf("changes %+v, %v", changes, err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
