package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/store"
)

// providerRefresh: providers are taken when they are due, the one that has waited
// longest first, and each once.
func providerRefresh(t *testing.T, db *store.DB) {
	at := time.Now().UTC().Truncate(time.Millisecond)
	update(t, db, func(tx *store.Tx) error {
		for id, refresh := range map[string]time.Time{"never": {}, "late": at.Add(-2 * time.Hour), "now": at.Add(-time.Hour), "later": at.Add(time.Hour)} {
			must(t, tx.InsertIdentityProvider(&store.IdentityProvider{PoolID: "refreshed", ID: id, Name: id, Type: "SAML", Doc: "{}",
				CreatedAt: at, ModifiedAt: at, RefreshAt: refresh}))
		}
		return nil
	})
	for _, want := range []string{"late", "now", ""} {
		view(t, db, func(tx *store.Tx) error {
			if due, err := tx.IdentityProviderDue(); err != nil || due != (want != "") {
				t.Errorf("before %q is taken: due %v, %v", want, due, err)
			}
			return nil
		})
		var got string
		err := db.Update(t.Context(), func(tx *store.Tx) error {
			got = ""
			p, err := tx.TakeIdentityProvider(at.Add(2 * time.Hour))
			if err != nil {
				return err
			}
			if got = p.ID; !p.RefreshAt.Equal(at.Add(2 * time.Hour)) {
				t.Errorf("%s is due again at %v", got, p.RefreshAt)
			}
			return nil
		})
		if got != want || (want == "") != errors.Is(err, store.ErrNotFound) {
			t.Errorf("took %q, %v, want %q", got, err, want)
		}
	}
	update(t, db, func(tx *store.Tx) error {
		return tx.RefreshIdentityProviderAt("refreshed", "now", at.Add(-time.Minute))
	})
	view(t, db, func(tx *store.Tx) error {
		if due, err := tx.IdentityProviderDue(); err != nil || !due {
			t.Errorf("due again: %v, %v", due, err)
		}
		if p, err := tx.IdentityProvider("refreshed", "late"); err != nil || !p.RefreshAt.Equal(at.Add(2*time.Hour)) {
			t.Errorf("what was taken: %+v, %v", p, err)
		}
		return nil
	})
	if err := db.Update(t.Context(), func(tx *store.Tx) error { return tx.RefreshIdentityProviderAt("refreshed", "none", at) }); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("of no provider: %v", err)
	}
}
