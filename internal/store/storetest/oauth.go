package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/store"
)

func oauthCodes(t *testing.T, db *store.DB) {
	code := store.OAuthCode{PoolID: "us-east-1_A", ID: "hash", ClientID: "client", Sub: "sub", OriginJTI: "origin", Sealed: "sealed",
		ExpiresAt: db.Now().Add(time.Minute).Truncate(time.Millisecond)}
	insert := func(tx *store.Tx) error { return tx.InsertOAuthCode(&code) }
	if err := db.Update(t.Context(), insert); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("code of nobody: %v", err)
	}
	update(t, db, addPool("us-east-1_A", "a"))
	update(t, db, func(tx *store.Tx) error {
		return tx.InsertUser(&store.User{PoolID: "us-east-1_A", Sub: "sub", Username: "u", CreatedAt: tx.Now(), ModifiedAt: tx.Now()})
	})
	update(t, db, insert)
	update(t, db, func(tx *store.Tx) error {
		got, err := tx.OAuthCode("us-east-1_A", "hash")
		if err != nil || *got != code {
			t.Errorf("got %+v %v, want %+v", got, err, code)
		}
		if _, err := tx.OAuthCode("us-east-1_B", "hash"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("code of another pool: %v", err)
		}
		for _, want := range []bool{true, false} {
			if first, err := tx.UseOAuthCode("us-east-1_A", "hash"); err != nil || first != want {
				t.Errorf("use: %v %v, want %v", first, err, want)
			}
		}
		if got, err := tx.OAuthCode("us-east-1_A", "hash"); err != nil || got.UsedAt.IsZero() {
			t.Errorf("used code: %+v %v", got, err)
		}
		return nil
	})
}

func oauthRequests(t *testing.T, db *store.DB) {
	request := store.OAuthRequest{PoolID: "us-east-1_A", ID: "hash", ClientID: "client", Sealed: "sealed",
		ExpiresAt: db.Now().Add(time.Minute).Truncate(time.Millisecond)}
	expired := request
	expired.ID, expired.ExpiresAt = "old", db.Now()
	update(t, db, func(tx *store.Tx) error {
		return errors.Join(tx.InsertOAuthRequest(&request), tx.InsertOAuthRequest(&expired))
	})
	update(t, db, func(tx *store.Tx) error {
		if got, err := tx.OAuthRequest("us-east-1_A", "hash"); err != nil || *got != request {
			t.Errorf("got %+v %v", got, err)
		}
		if _, err := tx.OAuthRequest("us-east-1_A", "old"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("expired request: %v", err)
		}
		if err := tx.DeleteOAuthRequest("us-east-1_A", "hash"); err != nil {
			t.Error(err)
		}
		if err := tx.DeleteOAuthRequest("us-east-1_A", "hash"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("deleted twice: %v", err)
		}
		return nil
	})
}
