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
