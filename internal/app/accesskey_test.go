package app

import (
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/iam"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store/storetest"
)

func TestAccessKeyNames(t *testing.T) {
	db := storetest.Memory(t)
	ring, err := keys.Open(t.Context(), db, keys.GenerateMasterKey(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ring.Close)
	k := NewAccessKeys(db, ring)
	for _, c := range []struct {
		name, key string
		fine      bool
	}{
		{"plain", "backend", true},
		{"all that IAM takes", "Ci_2+=,.@-", true},
		{"longest", strings.Repeat("a", 64), true},
		{"none", "", false},
		{"too long", strings.Repeat("a", 65), false},
		{"two lines", "a\nb", false},
		{"ends a line", "a\n", false},
		{"space", "my key", false},
		{"path", "team/key", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := list(t, k)
			_, err := k.Create(t.Context(), c.key, iam.AdministratorPolicy())
			if (err == nil) != c.fine {
				t.Errorf("error %v", err)
			}
			if made := list(t, k) - before; (made == 1) != c.fine {
				t.Errorf("%d keys made", made)
			}
		})
	}
}

func list(t *testing.T, k *AccessKeys) int {
	t.Helper()
	all, err := k.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}
