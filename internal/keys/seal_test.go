package keys

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
)

const (
	testPurpose  Purpose = "test"
	otherPurpose Purpose = "other"
)

func testKey(b byte) DataKey { return DataKey(bytes.Repeat([]byte{b}, 32)) }

func newTestSealer(t testing.TB, active uint32, ids ...uint32) *Sealer {
	t.Helper()
	set := make(map[uint32]DataKey)
	for _, id := range ids {
		set[id] = testKey(byte(id))
	}
	s, err := NewSealer(active, set)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustSeal(t testing.TB, s *Sealer, plaintext string, context ...string) string {
	t.Helper()
	sealed, err := s.Seal(testPurpose, []byte(plaintext), context...)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestSealOpen(t *testing.T) {
	s := newTestSealer(t, 2, 1, 2)
	for _, plaintext := range []string{"", "a", strings.Repeat("x", MaxPlaintext)} {
		t.Run(fmt.Sprint(len(plaintext)), func(t *testing.T) {
			sealed := mustSeal(t, s, plaintext, "pool", "sub")
			got, err := s.Open(testPurpose, sealed, "pool", "sub")
			if err != nil || string(got) != plaintext {
				t.Errorf("Open = %d bytes, %v", len(got), err)
			}
			if again := mustSeal(t, s, plaintext, "pool", "sub"); again == sealed {
				t.Error("two seals of one value are equal")
			}
		})
	}
	if _, err := s.Seal(testPurpose, make([]byte, MaxPlaintext+1)); !errors.Is(err, ErrPlaintextTooLong) {
		t.Errorf("Seal of too much = %v", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	s := newTestSealer(t, 1, 1)
	sealed := mustSeal(t, s, "hello", "pool", "sub")
	for _, c := range []struct {
		name    string
		purpose Purpose
		sealed  string
		context []string
	}{
		{"another purpose", otherPurpose, sealed, []string{"pool", "sub"}},
		{"another context", testPurpose, sealed, []string{"pool", "bus"}},
		{"context split elsewhere", testPurpose, sealed, []string{"pools", "ub"}},
		{"context joined", testPurpose, sealed, []string{"poolsub"}},
		{"no context", testPurpose, sealed, nil},
		{"one context more", testPurpose, sealed, []string{"pool", "sub", ""}},
		{"empty", testPurpose, "", []string{"pool", "sub"}},
		{"padded", testPurpose, sealed + "=", []string{"pool", "sub"}},
		{"line break", testPurpose, sealed[:9] + "\n" + sealed[9:], []string{"pool", "sub"}},
		{"cut", testPurpose, sealed[:len(sealed)-4], []string{"pool", "sub"}},
		{"too long", testPurpose, strings.Repeat("A", maxSealed+4), []string{"pool", "sub"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := s.Open(c.purpose, c.sealed, c.context...); !errors.Is(err, ErrSealed) {
				t.Errorf("err = %v, want ErrSealed", err)
			}
		})
	}
	t.Run("every flipped bit", func(t *testing.T) {
		raw, err := base64.RawURLEncoding.DecodeString(sealed)
		if err != nil {
			t.Fatal(err)
		}
		for i := range len(raw) * 8 {
			raw[i/8] ^= 1 << (i % 8)
			if _, err := s.Open(testPurpose, base64.RawURLEncoding.EncodeToString(raw), "pool", "sub"); !errors.Is(err, ErrSealed) {
				t.Errorf("bit %d: err = %v, want ErrSealed", i, err)
			}
			raw[i/8] ^= 1 << (i % 8)
		}
	})
}

func TestDataKeyRotation(t *testing.T) {
	before := newTestSealer(t, 1, 1)
	after := newTestSealer(t, 2, 1, 2)
	old, renewed := mustSeal(t, before, "old"), mustSeal(t, after, "new")
	if got, err := after.Open(testPurpose, old); err != nil || string(got) != "old" {
		t.Errorf("old value after rotation = %q, %v", got, err)
	}
	if _, err := before.Open(testPurpose, renewed); !errors.Is(err, ErrSealed) {
		t.Errorf("value of an unknown key: %v", err)
	}
	if !bytes.Equal(before.MAC(testPurpose, "a"), after.MAC(testPurpose, "a")) {
		t.Error("MAC changed with the active key")
	}
}

// A sealed value outlives releases: this one was made by version 1.
func TestFormatIsStable(t *testing.T) {
	s := newTestSealer(t, 7, 7)
	const wantMAC = "e21435185d58a71d1e1705c80a2f22431a29a4c0602a7b9be96b616958229ba7"
	const sealed = "AQAAAAe5wtR6Ab3hY6QSS5R9AsI8UhsZCYBucwxefotLRK5kLUSnADe0YZS5peTI3cVo-MoZlebDvqY"
	if got := hex.EncodeToString(s.MAC(testPurpose, "pool", "user")); got != wantMAC {
		t.Errorf("MAC = %s, want %s", got, wantMAC)
	}
	if got, err := s.Open(testPurpose, sealed, "pool", "user"); err != nil || string(got) != "kept for years" {
		t.Errorf("Open(%q) = %q, %v; a new seal is %q", sealed, got, err, mustSeal(t, s, "kept for years", "pool", "user"))
	}
}

func TestMACSeparates(t *testing.T) {
	s := newTestSealer(t, 1, 1)
	base := s.MAC(testPurpose, "ab", "c")
	for name, other := range map[string][]byte{
		"purpose": s.MAC(otherPurpose, "ab", "c"),
		"split":   s.MAC(testPurpose, "a", "bc"),
		"joined":  s.MAC(testPurpose, "abc"),
		"more":    s.MAC(testPurpose, "ab", "c", ""),
		"key":     newTestSealer(t, 2, 2).MAC(testPurpose, "ab", "c"),
	} {
		if bytes.Equal(base, other) {
			t.Errorf("%s: equal MAC", name)
		}
	}
	if !bytes.Equal(base, s.MAC(testPurpose, "ab", "c")) {
		t.Error("MAC is not stable")
	}
}

func TestNewSealerNeedsActive(t *testing.T) {
	if _, err := NewSealer(2, map[uint32]DataKey{1: {}}); err == nil {
		t.Error("no error")
	}
}

func TestMasterKey(t *testing.T) {
	k := GenerateMasterKey()
	if k == GenerateMasterKey() {
		t.Fatal("two generated keys are equal")
	}
	text := k.Text()
	if len(text) != 44 {
		t.Errorf("text has %d characters", len(text))
	}
	if got, err := ParseMasterKey(" " + text + "\n"); err != nil || got != k {
		t.Errorf("ParseMasterKey = %v", err)
	}
	for name, bad := range map[string]string{
		"empty": "", "short": text[:43], "long": text + "A", "not base64": "!" + text[1:],
		"loose bits": strings.Repeat("A", 42) + "B=", "line break inside": "AB\n" + text[3:],
		"31 bytes": base64.StdEncoding.EncodeToString(make([]byte, 31)),
	} {
		if _, err := ParseMasterKey(bad); !errors.Is(err, ErrMasterKey) {
			t.Errorf("%s: err = %v", name, err)
		}
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if s := fmt.Sprintf(verb, k) + fmt.Sprintf(verb, DataKey(k)); !strings.Contains(s, "secret") || strings.Contains(s, text) {
			t.Errorf("%s prints %s", verb, s)
		}
	}
}

func TestWrapDataKey(t *testing.T) {
	master, key := GenerateMasterKey(), GenerateDataKey()
	wrapped := master.WrapDataKey(3, key)
	if got, err := master.UnwrapDataKey(3, wrapped); err != nil || got != key {
		t.Fatalf("UnwrapDataKey: %v", err)
	}
	for name, unwrap := range map[string]func() (DataKey, error){
		"another id":     func() (DataKey, error) { return master.UnwrapDataKey(4, wrapped) },
		"another master": func() (DataKey, error) { return GenerateMasterKey().UnwrapDataKey(3, wrapped) },
		"cut":            func() (DataKey, error) { return master.UnwrapDataKey(3, wrapped[:len(wrapped)-1]) },
		"empty":          func() (DataKey, error) { return master.UnwrapDataKey(3, nil) },
		"damaged": func() (DataKey, error) {
			b := bytes.Clone(wrapped)
			b[40] ^= 1
			return master.UnwrapDataKey(3, b)
		},
	} {
		if _, err := unwrap(); !errors.Is(err, ErrSealed) {
			t.Errorf("%s: err = %v", name, err)
		}
	}
}

// Whatever opens must be the one spelling of something that was sealed, which
// a fuzzer cannot forge: only the seed may open.
func FuzzOpen(f *testing.F) {
	// A fresh key, so that a seed kept from an earlier run does not open.
	s, err := NewSealer(1, map[uint32]DataKey{1: GenerateDataKey()})
	if err != nil {
		f.Fatal(err)
	}
	good := mustSeal(f, s, "hello", "pool")
	f.Add(good)
	f.Add("")
	f.Add(good[:len(good)-1])
	f.Add(good + "\n")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := s.Open(testPurpose, text, "pool")
		if text == good {
			if err != nil || string(got) != "hello" {
				t.Errorf("Open = %q, %v", got, err)
			}
		} else if !errors.Is(err, ErrSealed) {
			t.Errorf("Open(%q) = %q, %v", text, got, err)
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	s := newTestSealer(b, 1, 1)
	plaintext := make([]byte, 800)
	for b.Loop() {
		if _, err := s.Seal(testPurpose, plaintext, "pool", "sub"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	s := newTestSealer(b, 1, 1)
	sealed := mustSeal(b, s, strings.Repeat("x", 800), "pool", "sub")
	for b.Loop() {
		if _, err := s.Open(testPurpose, sealed, "pool", "sub"); err != nil {
			b.Fatal(err)
		}
	}
}
