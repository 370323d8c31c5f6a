package userpool

import (
	"maps"
	"testing"
)

func TestUpdateKeepsTagsThatAreLeftOut(t *testing.T) {
	created := map[string]string{"team": "identity"}
	for _, c := range []struct {
		name       string
		sent, want map[string]string
	}{
		{"left out", nil, created},
		{"empty", map[string]string{}, nil},
		{"others", map[string]string{"stage": "live"}, map[string]string{"stage": "live"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := memoryPools(t, PoolsOptions{})
			pool := createPool(t, p, NewPool{Settings: PoolSettings{PoolConfig: PoolConfig{UserPoolTags: created}}})
			if err := p.Update(t.Context(), pool.ID, "", PoolSettings{PoolConfig: PoolConfig{UserPoolTags: c.sent}}); err != nil {
				t.Fatal(err)
			}
			updated, err := p.Pool(t.Context(), pool.ID)
			if err != nil {
				t.Fatal(err)
			}
			if !maps.Equal(updated.UserPoolTags, c.want) {
				t.Errorf("tags are %v, want %v", updated.UserPoolTags, c.want)
			}
		})
	}
}

func TestUpdateKeepsVerificationBeforeUpdateWhereItStillHasASense(t *testing.T) {
	p := memoryPools(t, PoolsOptions{})
	pool := createPool(t, p, NewPool{Settings: PoolSettings{PoolConfig: PoolConfig{
		AutoVerifiedAttributes:      []string{"email"},
		UserAttributeUpdateSettings: &UserAttributeUpdateSettings{AttributesRequireVerificationBeforeUpdate: []string{"email"}},
	}}})
	for _, c := range []struct {
		name         string
		autoVerified []string
		want         bool
	}{
		{"still verified", []string{"email"}, true},
		{"no longer verified", nil, false},
		{"verified again", []string{"email"}, false},
	} {
		if err := p.Update(t.Context(), pool.ID, "", PoolSettings{PoolConfig: PoolConfig{AutoVerifiedAttributes: c.autoVerified}}); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		updated, err := p.Pool(t.Context(), pool.ID)
		if err != nil {
			t.Fatal(err)
		}
		if got := updated.VerifiesBeforeUpdate("email"); got != c.want {
			t.Errorf("%s: verifies before update is %t, want %t", c.name, got, c.want)
		}
	}
}
