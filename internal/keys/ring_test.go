package keys_test

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
)

const poolID = "us-east-1_AbCdEf123"

// clock is a clock that tests set.
type clock struct{ offset atomic.Int64 }

func (c *clock) now() time.Time {
	return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).Add(time.Duration(c.offset.Load()))
}
func (c *clock) advance(d time.Duration) { c.offset.Add(int64(d)) }

func openDB(t testing.TB, url string, c *clock) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{URL: url, Now: c.now, Migrate: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if _, _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

func openRing(t testing.TB, db *store.DB, master keys.MasterKey) *keys.Ring {
	t.Helper()
	r, err := keys.Open(t.Context(), db, master, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

func addPool(t testing.TB, db *store.DB, r *keys.Ring) {
	t.Helper()
	pair, err := r.NewPoolKeys(t.Context(), poolID, db.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(t.Context(), func(tx *store.Tx) error {
		for _, k := range pair {
			if err := tx.InsertSigningKey(k); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func signer(t testing.TB, r *keys.Ring, use string) *keys.SigningKey {
	t.Helper()
	k, err := r.Signer(t.Context(), poolID, use)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func kids(t testing.TB, r *keys.Ring) []string {
	t.Helper()
	jwks, err := r.JWKS(t.Context(), poolID)
	if err != nil {
		t.Fatal(err)
	}
	ids := make([]string, len(jwks))
	for i, k := range jwks {
		ids[i] = k.Kid
	}
	return ids
}

func TestNewPoolHasOneKeyPerUse(t *testing.T) {
	c := new(clock)
	db := openDB(t, "sqlite::memory:", c)
	r := openRing(t, db, keys.GenerateMasterKey())
	addPool(t, db, r)

	id, access := signer(t, r, keys.UseID), signer(t, r, keys.UseAccess)
	if id.ID == access.ID {
		t.Fatal("the two uses share a key")
	}
	for _, k := range []*keys.SigningKey{id, access} {
		raw, err := base64.StdEncoding.DecodeString(k.ID)
		if err != nil || len(raw) != 32 || len(k.ID) != 44 {
			t.Errorf("kid %q is not the base64 of 32 bytes", k.ID)
		}
		digest := sha256.Sum256([]byte("signed"))
		signature, err := k.Sign(digest[:])
		if err != nil {
			t.Fatal(err)
		}
		public, err := r.VerifyKey(t.Context(), poolID, k.ID, k.Use)
		if err != nil {
			t.Fatal(err)
		}
		if public.N.BitLen() != 2048 {
			t.Errorf("modulus has %d bits", public.N.BitLen())
		}
		if err := rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature); err != nil {
			t.Error(err)
		}
	}
	if _, err := r.VerifyKey(t.Context(), poolID, id.ID, keys.UseAccess); !errors.Is(err, keys.ErrUnknownKey) {
		t.Errorf("the ID key verifies access tokens: %v", err)
	}
	if _, err := r.VerifyKey(t.Context(), "us-east-1_Other0000", id.ID, keys.UseID); !errors.Is(err, keys.ErrUnknownKey) {
		t.Errorf("the key verifies for another pool: %v", err)
	}
	if _, err := r.Signer(t.Context(), "us-east-1_Other0000", keys.UseID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("signer of no pool: %v", err)
	}
}

func TestJWKSReadsAsCognitos(t *testing.T) {
	db := openDB(t, "sqlite::memory:", new(clock))
	r := openRing(t, db, keys.GenerateMasterKey())
	addPool(t, db, r)
	jwks, err := r.JWKS(t.Context(), poolID)
	if err != nil {
		t.Fatal(err)
	}
	if len(jwks) != 2 {
		t.Fatalf("%d keys, want 2", len(jwks))
	}
	if jwks[0].N == jwks[1].N {
		t.Error("the two uses share a key")
	}
	text, err := json.Marshal(jwks[0])
	if err != nil {
		t.Fatal(err)
	}
	want := `{"alg":"RS256","e":"AQAB","kid":"` + jwks[0].Kid + `","kty":"RSA","n":"` + jwks[0].N + `","use":"sig"}`
	if string(text) != want {
		t.Errorf("JWK is\n%s, want\n%s", text, want)
	}
	n, err := base64.RawURLEncoding.DecodeString(jwks[0].N)
	if err != nil {
		t.Fatal(err)
	}
	use := keys.UseID
	if signer(t, r, keys.UseAccess).ID == jwks[0].Kid {
		use = keys.UseAccess
	}
	public, err := r.VerifyKey(t.Context(), poolID, jwks[0].Kid, use)
	if err != nil {
		t.Fatal(err)
	}
	if new(big.Int).SetBytes(n).Cmp(public.N) != 0 {
		t.Error("n is not the modulus")
	}
}

func TestRotationOverlaps(t *testing.T) {
	c := new(clock)
	db := openDB(t, "sqlite::memory:", c)
	r := openRing(t, db, keys.GenerateMasterKey())
	addPool(t, db, r)
	old := signer(t, r, keys.UseID).ID

	if err := r.RotatePool(t.Context(), poolID, time.Hour, 25*time.Hour); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		name      string
		advance   time.Duration
		old       bool // signs
		published int
	}{
		{"at once: published, not active", 0, true, 4},
		{"a moment before", time.Hour - time.Millisecond, true, 4},
		{"active", time.Millisecond, false, 4},
		{"the old one just not retired", 25*time.Hour - time.Millisecond, false, 4},
		{"the old one retired", time.Millisecond, false, 2},
	} {
		c.advance(step.advance)
		if got := signer(t, r, keys.UseID).ID == old; got != step.old {
			t.Errorf("%s: old key signs: %v, want %v", step.name, got, step.old)
		}
		if got := len(kids(t, r)); got != step.published {
			t.Errorf("%s: %d keys published, want %d", step.name, got, step.published)
		}
		_, err := r.VerifyKey(t.Context(), poolID, old, keys.UseID)
		if wantKnown := step.published == 4; (err == nil) != wantKnown {
			t.Errorf("%s: old key verifies: %v, want %v", step.name, err, wantKnown)
		}
	}
	if err := r.RotatePool(t.Context(), "us-east-1_Other0000", 0, 0); !errors.Is(err, store.ErrNotFound) ||
		!strings.Contains(err.Error(), "us-east-1_Other0000") {
		t.Errorf("rotation of no pool: %v", err)
	}
	if err := r.RotatePool(t.Context(), poolID, -1, 0); err == nil {
		t.Error("a negative delay is taken")
	}
}

func TestSignerWhenClockIsSetBack(t *testing.T) {
	c := new(clock)
	c.advance(48 * time.Hour)
	db := openDB(t, "sqlite::memory:", c)
	r := openRing(t, db, keys.GenerateMasterKey())
	addPool(t, db, r)
	want := signer(t, r, keys.UseID).ID
	c.advance(-48 * time.Hour)
	if got := signer(t, r, keys.UseID).ID; got != want {
		t.Errorf("signs with %s, want %s", got, want)
	}
}

// eventually waits for what another node has to notice.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(what)
		}
	}
}

func TestOtherNodesFollow(t *testing.T) {
	c := new(clock)
	url := "sqlite:" + filepath.Join(t.TempDir(), "poolhouse.db")
	master := keys.GenerateMasterKey()
	here, there := openDB(t, url, c), openDB(t, url, c)
	a, b := openRing(t, here, master), openRing(t, there, master)
	addPool(t, here, a)

	sealed, err := a.Seal("test", []byte("text"), "context")
	if err != nil {
		t.Fatal(err)
	}
	if text, err := b.Open("test", sealed, "context"); err != nil || string(text) != "text" {
		t.Fatalf("the other node opens %q, %v", text, err)
	}
	if string(a.MAC("test", "x")) != string(b.MAC("test", "x")) {
		t.Error("two nodes make different MACs")
	}
	old := signer(t, b, keys.UseAccess).ID
	c.advance(time.Second)
	if err := a.RotatePool(t.Context(), poolID, 0, time.Hour); err != nil {
		t.Fatal(err)
	}
	if signer(t, a, keys.UseAccess).ID == old {
		t.Error("the rotating node does not see its own rotation")
	}
	eventually(t, "the other node signs with the old key", func() bool {
		return signer(t, b, keys.UseAccess).ID != old
	})

	mac := string(a.MAC("test", "x"))
	if err := a.AddDataKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	keyOf := func(sealed string) string {
		raw, err := base64.RawURLEncoding.DecodeString(sealed)
		if err != nil {
			t.Fatal(err)
		}
		return string(raw[1:5])
	}
	before, _ := a.Seal("test", nil)
	if keyOf(before) != "\x00\x00\x00\x01" {
		t.Errorf("the new data key seals before others can know it")
	}
	c.advance(time.Minute)
	after, _ := a.Seal("test", []byte("newer"))
	if keyOf(after) != "\x00\x00\x00\x02" {
		t.Errorf("the new data key does not seal after a minute")
	}
	eventually(t, "the other node does not know the new data key", func() bool {
		text, err := b.Open("test", after)
		return err == nil && string(text) == "newer"
	})
	if _, err := b.Open("test", sealed, "context"); err != nil {
		t.Errorf("old values no longer open: %v", err)
	}
	if string(a.MAC("test", "x")) != mac || string(b.MAC("test", "x")) != mac {
		t.Error("a new data key changes MACs")
	}
}

func TestRotateMaster(t *testing.T) {
	c := new(clock)
	db := openDB(t, "sqlite::memory:", c)
	old, master := keys.GenerateMasterKey(), keys.GenerateMasterKey()
	r := openRing(t, db, old)
	addPool(t, db, r)
	kid := signer(t, r, keys.UseID).ID

	if err := keys.RotateMaster(t.Context(), db, master, old); !errors.Is(err, keys.ErrWrongMasterKey) {
		t.Errorf("rotation from a wrong key: %v", err)
	}
	if err := keys.RotateMaster(t.Context(), db, old, master); err != nil {
		t.Fatal(err)
	}
	if _, err := keys.Open(t.Context(), db, old, nil); !errors.Is(err, keys.ErrWrongMasterKey) {
		t.Errorf("the old master key opens: %v", err)
	}
	if err := r.AddDataKey(t.Context()); !errors.Is(err, keys.ErrWrongMasterKey) {
		t.Errorf("a node with the old master key adds a data key: %v", err)
	}
	if got := signer(t, openRing(t, db, master), keys.UseID).ID; got != kid {
		t.Errorf("kid is %s after the rotation, was %s", got, kid)
	}
}

func TestResetKeepsTheDataKeys(t *testing.T) {
	db := openDB(t, "sqlite::memory:", new(clock))
	master := keys.GenerateMasterKey()
	r := openRing(t, db, master)
	sealed, err := r.Seal("test", []byte("text"))
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the data key does not come back", func() bool {
		var rows []store.DataKey
		if err := db.View(t.Context(), func(tx *store.Tx) (err error) {
			rows, err = tx.DataKeys()
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return len(rows) == 1
	})
	if _, err := openRing(t, db, master).Open("test", sealed); err != nil {
		t.Errorf("what was sealed before the reset: %v", err)
	}
}

// Loads that run beside rotations never leave an old state behind.
func TestStaleLoadDoesNotOverwrite(t *testing.T) {
	db := openDB(t, "sqlite:"+filepath.Join(t.TempDir(), "poolhouse.db"), new(clock))
	r := openRing(t, db, keys.GenerateMasterKey())
	addPool(t, db, r)
	ctx, cancel := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for ctx.Err() == nil {
				if _, err := r.Signer(ctx, poolID, keys.UseID); err != nil && ctx.Err() == nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 20 {
		first := signer(t, r, keys.UseID).ID
		if err := db.Update(t.Context(), func(tx *store.Tx) error {
			return tx.RetireSigningKey(poolID, first, db.Now())
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := r.VerifyKey(t.Context(), poolID, first, keys.UseID); !errors.Is(err, keys.ErrUnknownKey) {
			t.Fatalf("a retired key verifies: %v", err)
		}
		if err := db.Update(t.Context(), func(tx *store.Tx) error {
			return tx.RetireSigningKey(poolID, first, time.Time{})
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := r.VerifyKey(t.Context(), poolID, first, keys.UseID); err != nil {
			t.Fatalf("a published key does not verify: %v", err)
		}
	}
	cancel()
	readers.Wait()
}

func TestSecretsRestSealed(t *testing.T) {
	db := openDB(t, "sqlite::memory:", new(clock))
	r := openRing(t, db, keys.GenerateMasterKey())
	pair, err := r.NewPoolKeys(t.Context(), poolID, db.Now())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Open("signing-key", pair[0].SealedPrivate, poolID, pair[1].KeyID, keys.UseID); !errors.Is(err, keys.ErrSealed) {
		t.Errorf("a private key opens under another kid: %v", err)
	}
	if strings.Contains(pair[0].SealedPrivate, "MII") {
		t.Error("the private key looks unsealed")
	}
}

func BenchmarkSigner(b *testing.B) {
	db := openDB(b, "sqlite::memory:", new(clock))
	r := openRing(b, db, keys.GenerateMasterKey())
	addPool(b, db, r)
	for b.Loop() {
		if _, err := r.Signer(b.Context(), poolID, keys.UseID); err != nil {
			b.Fatal(err)
		}
	}
}
