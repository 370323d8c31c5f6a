package keys_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
)

const ticket keys.Purpose = "ticket" // what these tests seal for

func open(t *testing.T, r *keys.Ring, pool, sealed string) (string, error) {
	t.Helper()
	b, err := r.OpenInPool(t.Context(), ticket, pool, sealed)
	return string(b), err
}

func sealed(t *testing.T, r *keys.Ring, pool, text string) string {
	t.Helper()
	s, err := r.SealInPool(ticket, pool, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSealInPool(t *testing.T) {
	c := new(clock)
	db := openDB(t, "sqlite::memory:", c)
	r := openRing(t, db, keys.GenerateMasterKey())
	addPool(t, db, r)
	s := sealed(t, r, poolID, "hello")
	if err := r.AddDataKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.advance(time.Minute)
	if got, err := open(t, r, poolID, s); got != "hello" || err != nil {
		t.Errorf("opened %q, %v", got, err)
	}
	last := s[:len(s)-4]
	for name, try := range map[string]func() ([]byte, error){
		"another pool":    func() ([]byte, error) { return r.OpenInPool(t.Context(), ticket, "us-east-1_Other", s) },
		"another purpose": func() ([]byte, error) { return r.OpenInPool(t.Context(), "other", poolID, s) },
		"as plain":        func() ([]byte, error) { return r.Open(ticket, s) },
		"truncated":       func() ([]byte, error) { return r.OpenInPool(t.Context(), ticket, poolID, last) },
		"line break":      func() ([]byte, error) { return r.OpenInPool(t.Context(), ticket, poolID, s+"\n") },
		"unknown key": func() ([]byte, error) {
			return r.OpenInPool(t.Context(), ticket, poolID, "AgAAAAk"+s[7:])
		},
		"plain as in pool": func() ([]byte, error) {
			plain, _ := r.Seal(ticket, []byte("hello"))
			return r.OpenInPool(t.Context(), ticket, poolID, plain)
		},
		"too long": func() ([]byte, error) {
			return r.OpenInPool(t.Context(), ticket, poolID, strings.Repeat("A", 1<<20))
		},
	} {
		if b, err := try(); !errors.Is(err, keys.ErrSealed) {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}
	if _, err := r.SealInPool(ticket, poolID, make([]byte, keys.MaxPlaintext+1)); !errors.Is(err, keys.ErrPlaintextTooLong) {
		t.Errorf("too long: %v", err)
	}
}

// TestCarriedKeys gives a pool's keys of a purpose to another deployment, which
// has a data key of the same id.
func TestCarriedKeys(t *testing.T) {
	c := new(clock)
	source := openRing(t, openDB(t, "sqlite::memory:", c), keys.GenerateMasterKey())
	db := openDB(t, "sqlite::memory:", c)
	r := openRing(t, db, keys.GenerateMasterKey())
	addPool(t, db, r)
	before := sealed(t, source, poolID, "old")
	if _, err := open(t, r, poolID, before); !errors.Is(err, keys.ErrSealed) {
		t.Fatalf("opened without the key: %v", err)
	}

	carry := func(pool string, k keys.CarriedKey) {
		t.Helper()
		text, err := r.Seal("signing-key", k.Secret, pool, k.ID, string(k.Purpose))
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Update(t.Context(), func(tx *store.Tx) error {
			return tx.InsertSigningKey(store.SigningKey{
				PoolID: pool, KeyID: k.ID, TokenUse: string(k.Purpose), SealedPrivate: text, RetireAt: tx.Now().Add(time.Hour),
			})
		}); err != nil {
			t.Fatal(err)
		}
	}
	for _, k := range source.CarryKeys(ticket, poolID) {
		carry(poolID, k)
	}
	for _, k := range source.CarryKeys(ticket, "us-east-1_Other") {
		carry(poolID, k)
	}
	if got, err := open(t, r, poolID, before); got != "old" || err != nil {
		t.Errorf("opened %q, %v", got, err)
	}
	if got, err := open(t, r, poolID, sealed(t, r, poolID, "new")); got != "new" || err != nil {
		t.Errorf("its own: %q, %v", got, err)
	}
	if _, err := source.OpenInPool(t.Context(), ticket, poolID, sealed(t, r, poolID, "new")); !errors.Is(err, keys.ErrSealed) {
		t.Errorf("the source opens what is sealed after the move: %v", err)
	}
	if _, err := r.OpenInPool(t.Context(), "other", poolID, before); !errors.Is(err, keys.ErrSealed) {
		t.Errorf("it opens for another purpose: %v", err)
	}

	if n := len(kids(t, r)); n != 2 {
		t.Errorf("%d keys are published", n)
	}
	carried := func() (ids []string) {
		for _, k := range source.CarryKeys(ticket, poolID) {
			ids = append(ids, k.ID)
		}
		return ids
	}
	if !slices.Equal(carried(), carried()) {
		t.Error("the ids of carried keys do not follow from them")
	}
	if err := r.RotatePool(t.Context(), poolID, 0, time.Minute); err != nil {
		t.Fatal(err)
	}
	c.advance(2 * time.Minute)
	if got, err := open(t, r, poolID, before); got != "old" || err != nil {
		t.Errorf("after a rotation of the signing keys: %q, %v", got, err)
	}
	c.advance(time.Hour)
	if _, err := open(t, r, poolID, before); !errors.Is(err, keys.ErrSealed) {
		t.Errorf("after its time: %v", err)
	}
}
