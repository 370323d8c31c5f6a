package srp

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"math/big"
	"strings"
	"testing"
)

const (
	testPool     = "AbCdEfGhI"
	testUser     = "3c2a7d10-5b5e-4a53-9b32-2f7e5a6c9d01"
	testPassword = "Passw0rd!23"
	testTime     = "Tue Sep 25 00:09:40 UTC 2018"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func testSalt(t testing.TB) []byte { return unhex(t, "9f1c2b3a4d5e6f708192a3b4c5d6e7f8") }

func repeated(b byte) *big.Int { return new(big.Int).SetBytes(bytes.Repeat([]byte{b}, secretSize)) }

func sum(n *big.Int) string {
	h := sha256.Sum256(pad(n))
	return hex.EncodeToString(h[:])
}

func check(t *testing.T, name, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s = %s, want %s", name, got, want)
	}
}

func TestVector(t *testing.T) {
	x := privateKey(testSalt(t), testPool, testUser, testPassword)
	v := NewVerifierWithSalt(testSalt(t), testPool, testUser, testPassword)
	client := newClient(testPool, repeated(0x11))
	a, err := ParseA(client.A())
	if err != nil {
		t.Fatal(err)
	}
	server, err := newServer(v, a, repeated(0x22), 0)
	if err != nil {
		t.Fatal(err)
	}
	u := scramble(a.n, server.public)
	shared := client.shared(server.public, u, x)
	prk, err := hkdf.Extract(sha256.New, pad(shared), pad(u))
	if err != nil {
		t.Fatal(err)
	}
	check(t, "k", multiplier.Text(16), "538282c4354742d7cbbde2359fcf67f9f5b3a6b08791e5011b43b8a5b66d9ee6")
	check(t, "x", x.Text(16), "b4ec03b5261b48ab93e9b3cbb815811edbe10d395d44c06dbd6ad22dcbc7a023")
	check(t, "sha256(v)", sum(v.v), "750c223a4d08965291838b174596594c32ddde90303057c1c302dc1a1b70b19d")
	check(t, "sha256(A)", sum(a.n), "fb177c2f8a148859028b890ea60616525a0b01fee86908d6b72f135787965310")
	check(t, "A begins", client.A()[:32], "f2c4e7407ccfac452a7c7e1034e8388b")
	check(t, "sha256(B)", sum(server.public), "479027976b721d193372225c0d02d90342d73b85c12097f1a4bf43c96dd002cb")
	check(t, "u", u.Text(16), "23cc4505ed1cc1409821bdd933f300621d660e3253f37b1b220086b6e715936c")
	check(t, "sha256(S)", sum(shared), "f8e662b234ace3b1ec5b67b32398a45ba103131ec29aa7ff4d7419dad928c053")
	check(t, "PRK", hex.EncodeToString(prk), "557badb8026cee3699be467a9f1ad9736ea6135f9903f7ab4cac57ac189b3572")
	check(t, "key", hex.EncodeToString(sessionKey(u, shared)), "ed5f61aa9c16c9cad8d2a7c03ef7b307")

	block, err := ParseSecretBlock("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
	if err != nil {
		t.Fatal(err)
	}
	claim, err := client.Claim(testUser, testPassword, v.Salt(), server.B(), block, testTime)
	if err != nil {
		t.Fatal(err)
	}
	check(t, "signature", base64.StdEncoding.EncodeToString(claim.Signature), "7+O3r+gRh/Goqh0SJb7JOKnNicngy9oBodSdSOkN+Cg=")
	if !server.Verify(v, claim) {
		t.Error("the server refuses the vector's claim")
	}
}

func TestDeviceVector(t *testing.T) {
	const group, key, password = "-v7w9UcY6", "us-west-2_a1b2c3d4-5678-90ab-cdef-111111111111", "c2VjcmV0LWRldmljZS1wYXNzd29yZA=="
	x := privateKey(testSalt(t), group, key, password)
	check(t, "x", x.Text(16), "a6e3f3e861e8cc77b55dca3460dc06d9bff57e2579399270d3f2400fc2a7a97e")
	v := NewVerifierWithSalt(testSalt(t), group, key, password)
	check(t, "sha256(v)", sum(v.v), "f47baf9da58e4bd7865ee08ee67b83faf1fb9fd99c234aba2a83470dec231cd5")
	parsed, err := ParseVerifier(append([]byte{0}, testSalt(t)...), pad(v.v)) // as ConfirmDevice sends it
	if err != nil || !parsed.Check(group, key, password) {
		t.Errorf("device verifier from the wire: %v", err)
	}
}

// handshake runs one through the wire and stored forms.
func handshake(t testing.TB, v Verifier, password string, negative byte) (*Server, Claim) {
	t.Helper()
	client := NewClient(testPool)
	a, err := ParseA(client.A())
	if err != nil {
		t.Fatal(err)
	}
	first, err := NewServer(v, a)
	if err != nil {
		t.Fatal(err)
	}
	if negative < 2 {
		if first, err = newServer(v, a, first.b, negative); err != nil {
			t.Fatal(err)
		}
	}
	state, err := first.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	var second Server
	if err := second.UnmarshalBinary(state); err != nil {
		t.Fatal(err)
	}
	claim, err := client.Claim(testUser, password, v.Salt(), first.B(), state, testTime)
	if err != nil {
		t.Fatal(err)
	}
	return &second, claim
}

func TestHandshake(t *testing.T) {
	v := NewVerifier(testPool, testUser, testPassword)
	other := NewVerifier(testPool, testUser, testPassword)
	for negative := range byte(2) {
		for range 6 { // the parity of the client's exponent decides between S and N-S
			server, claim := handshake(t, v, testPassword, negative)
			if !server.Verify(v, claim) {
				t.Fatalf("sign %d: refused", negative)
			}
			for name, change := range map[string]func(*Claim){
				"pool":      func(c *Claim) { c.PoolName += "x" },
				"user":      func(c *Claim) { c.UserID += "x" },
				"block":     func(c *Claim) { c.SecretBlock = c.SecretBlock[1:] },
				"timestamp": func(c *Claim) { c.Timestamp = strings.Replace(c.Timestamp, "40", "41", 1) },
				"signature": func(c *Claim) { c.Signature = bytes.Repeat([]byte{1}, 32) },
				"none":      func(c *Claim) { c.Signature = nil },
			} {
				c := claim
				change(&c)
				if server.Verify(v, c) {
					t.Errorf("sign %d: accepted with another %s", negative, name)
				}
			}
			if server.Verify(other, claim) || server.Verify(Verifier{}, claim) {
				t.Error("accepted for another verifier")
			}
		}
		if server, claim := handshake(t, v, "wrong", negative); server.Verify(v, claim) {
			t.Error("accepted a wrong password")
		}
	}
}

// B must not tell whether a guessed verifier is wrong: see the package comment.
func TestBHidesVerifier(t *testing.T) {
	v := NewVerifier(testPool, testUser, testPassword)
	a, err := ParseA("2")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]int{}
	for range 64 {
		s, err := NewServer(v, a)
		if err != nil {
			t.Fatal(err)
		}
		gb := new(big.Int).Mul(multiplier, v.v)
		seen[big.Jacobi(mod(gb.Sub(s.public, gb)), prime)]++
	}
	if seen[1] == 0 || seen[-1] == 0 {
		t.Errorf("B - k*v is always of one residuosity: %v", seen)
	}
}

func TestFakeVerifier(t *testing.T) {
	secret := bytes.Repeat([]byte{7}, 32)
	fake := FakeVerifier(secret, testPool, "nobody")
	if again := FakeVerifier(secret, testPool, "nobody"); again.Salt() != fake.Salt() || again.v.Cmp(fake.v) != 0 {
		t.Error("not stable")
	}
	for name, other := range map[string]Verifier{
		"secret": FakeVerifier(secret[1:], testPool, "nobody"),
		"pool":   FakeVerifier(secret, testPool+"n", "obody"),
		"user":   FakeVerifier(secret, testPool, "anybody"),
	} {
		if other.Salt() == fake.Salt() || other.v.Cmp(fake.v) == 0 {
			t.Errorf("the same for another %s", name)
		}
	}
	if len(fake.Salt()) != 2*saltSize {
		t.Errorf("salt = %s", fake.Salt())
	}
	if server, claim := handshake(t, fake, testPassword, 2); server.Verify(fake, claim) {
		t.Error("a fake handshake verified")
	}
	// Even a verifier that fits the password fails once it is marked as fake.
	marked := NewVerifier(testPool, testUser, testPassword)
	marked.fake = true
	if server, claim := handshake(t, marked, testPassword, 2); server.Verify(marked, claim) || marked.Check(testPool, testUser, testPassword) {
		t.Error("a marked verifier verified")
	}
	if _, err := fake.MarshalBinary(); !errors.Is(err, ErrVerifier) {
		t.Errorf("a fake can be stored: %v", err)
	}
}

func TestVerifierForms(t *testing.T) {
	v := NewVerifier(testPool, testUser, testPassword)
	b, err := v.MarshalBinary()
	if err != nil || len(b) != 1+saltSize+groupSize {
		t.Fatalf("MarshalBinary = %d bytes, %v", len(b), err)
	}
	var read Verifier
	if err := read.UnmarshalBinary(b); err != nil || !read.Check(testPool, testUser, testPassword) {
		t.Fatalf("stored and read: %v", err)
	}
	if read.Check(testPool, testUser, "wrong") || read.Check(testPool, "other", testPassword) || (Verifier{}).Check(testPool, testUser, "") {
		t.Error("Check accepts what it must not")
	}
	minusOne := new(big.Int).Sub(prime, big.NewInt(1))
	for name, bad := range map[string][]byte{
		"0": {0}, "1": {1}, "N-1": pad(minusOne), "N": pad(prime), "long": make([]byte, groupSize+2), "empty": nil,
	} {
		if _, err := ParseVerifier([]byte{1}, bad); !errors.Is(err, ErrVerifier) {
			t.Errorf("ParseVerifier(%s) = %v", name, err)
		}
	}
	for name, salt := range map[string][]byte{"empty": nil, "long": make([]byte, maxSaltSize+1)} {
		if _, err := ParseVerifier(salt, pad(v.v)); !errors.Is(err, ErrVerifier) {
			t.Errorf("ParseVerifier with %s salt = %v", name, err)
		}
	}
}

func TestFixedBase(t *testing.T) {
	max := new(big.Int).Lsh(big.NewInt(1), 256)
	exponents := []*big.Int{new(big.Int), big.NewInt(1), big.NewInt(16), new(big.Int).Sub(max, big.NewInt(1)), new(big.Int).Rsh(max, 1)}
	for range 40 {
		exponents = append(exponents, new(big.Int).Mod(randomElement(), max))
	}
	for _, e := range exponents {
		if got, want := expG(e), new(big.Int).Exp(two, e, prime); got.Cmp(want) != 0 {
			t.Errorf("g^%x is wrong", e)
		}
	}
}

func TestPad(t *testing.T) {
	for n, want := range map[int64]string{0: "00", 1: "01", 0x7f: "7f", 0x80: "0080", 0x100: "0100", 0x8000: "008000"} {
		check(t, "pad", hex.EncodeToString(pad(big.NewInt(n))), want)
	}
}

func TestParseA(t *testing.T) {
	for _, c := range []struct {
		name, in string
		ok       bool
	}{
		{"odd", "abc", true}, {"upper", "ABCDEF", true}, {"leading zeros", "00ab", true},
		{"above N", "01" + primeHex, true}, {"longest", "00" + strings.Repeat("F", 768), true},
		{"empty", "", false}, {"zero", "0000", false}, {"N", primeHex, false}, {"N padded", "00" + primeHex, false},
		{"too long", strings.Repeat("1", 771), false}, {"sign", "-ab", false}, {"plus", "+ab", false},
		{"prefix", "0xab", false}, {"underscore", "a_b", false}, {"space", " ab", false}, {"not hex", "xyz", false},
		{"inner", "a-b", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := ParseA(c.in); (err == nil) != c.ok || err != nil && !errors.Is(err, ErrA) {
				t.Errorf("err = %v", err)
			}
		})
	}
}

func TestParseTimestamp(t *testing.T) {
	for in, unix := range map[string]int64{
		testTime: 1537834180, "Sat Sep 1 00:00:00 UTC 2018": 1535760000, "Sat Sep 01 00:00:00 UTC 2018": 1535760000,
		"": 0, "Mon Sep 25 00:09:40 UTC 2018": 0, "tue Sep 25 00:09:40 UTC 2018": 0, "Tue Sep 25 00:09:40.5 UTC 2018": 0,
		"Tue Sep 25 00:09:40 PST 2018": 0, "Tue Sep 25 0:09:40 UTC 2018": 0, "Sat Sep  1 00:00:00 UTC 2018": 0,
		"Tue Sep 31 00:09:40 UTC 2018": 0, "2018-09-25T00:09:40Z": 0, testTime + " ": 0,
	} {
		got, err := ParseTimestamp(in)
		if unix == 0 {
			if !errors.Is(err, ErrTimestamp) {
				t.Errorf("%q: err = %v", in, err)
			}
		} else if err != nil || got.Unix() != unix {
			t.Errorf("%q = %v, %v", in, got, err)
		}
	}
	if got, err := ParseTimestamp(testTime); err != nil || FormatTimestamp(got) != testTime {
		t.Errorf("FormatTimestamp = %q", FormatTimestamp(got))
	}
}

func TestParseBase64(t *testing.T) {
	block := []byte{0xfb, 0xff, 0xfe, 0x01}
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		if got, err := ParseSecretBlock(enc.EncodeToString(block)); err != nil || !bytes.Equal(got, block) {
			t.Errorf("ParseSecretBlock = %x, %v", got, err)
		}
	}
	for _, bad := range []string{"!", "A", "AA\nAA", strings.Repeat("A", maxSecretBlock+4)} {
		if _, err := ParseSecretBlock(bad); !errors.Is(err, ErrEncoding) {
			t.Errorf("ParseSecretBlock(%.9q) = %v", bad, err)
		}
	}
	if _, err := ParseSignature("AAAA"); !errors.Is(err, ErrEncoding) {
		t.Errorf("short signature: %v", err)
	}
}

func FuzzParseA(f *testing.F) {
	f.Add("abc")
	f.Add(primeHex)
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseA(s)
		if err != nil {
			return
		}
		trimmed := strings.ToLower(strings.TrimLeft(s, "0"))
		if a.n.Text(16) != trimmed || new(big.Int).Mod(a.n, prime).Sign() == 0 {
			t.Errorf("ParseA(%q) = %x", s, a.n)
		}
	})
}

func FuzzUnmarshal(f *testing.F) {
	v := NewVerifier(testPool, testUser, testPassword)
	stored, err := v.MarshalBinary()
	if err != nil {
		f.Fatal(err)
	}
	server, _ := handshake(f, v, testPassword, 2)
	state, err := server.MarshalBinary()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(stored)
	f.Add(state)
	f.Fuzz(func(t *testing.T, b []byte) {
		var v Verifier
		if v.UnmarshalBinary(b) == nil {
			if again, err := v.MarshalBinary(); err != nil || !bytes.Equal(again, b) {
				t.Errorf("verifier: %x, %v", again, err)
			}
		}
		var s Server
		if s.UnmarshalBinary(b) == nil {
			s.Verify(FakeVerifier(nil, "", ""), Claim{})
		}
	})
}

func FuzzParseTimestamp(f *testing.F) {
	f.Add(testTime)
	f.Fuzz(func(t *testing.T, s string) {
		if got, err := ParseTimestamp(s); err == nil {
			if again, err := ParseTimestamp(FormatTimestamp(got)); err != nil || !again.Equal(got) {
				t.Errorf("%q = %v, then %v, %v", s, got, again, err)
			}
		}
	})
}
