package userpool

import (
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
)

// The hashes are those of others: the bcrypt of Openwall's test, the argon2id of
// the reference implementation's, scrypt and PBKDF2 by Python's hashlib.
var foreignHashes = []struct{ name, algorithm, hash, password string }{
	{"bcrypt", "BCRYPT", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"},
	{"bcrypt 2b", "BCRYPT", "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"},
	{"bcrypt 2x", "BCRYPT", "$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"},
	{"bcrypt 2y", "BCRYPT", "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"},
	{"bcrypt looks at 72 bytes", "BCRYPT", "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui",
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789chars after 72 are ignored"},
	{"scrypt", "SCRYPT", "1024$8$1$000102030405060708090a0b0c0d0e0f$280e6200c120a13bc759cfaa7a21eb26a9cfbd64e0930b8a156a3c5f2d7c669c", "Correct-Horse-7"},
	{"argon2id", "ARGON2ID", "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", "password"},
	{"PBKDF2", "PBKDF2_SHA256", "$pbkdf2-sha256$1000$TgdAhWK+24tgzgXB3s/jrQ$bovfoW3m3FYHtf9CwdND5JNESuxNtu6+/ESj1Dt6lYw", "Correct-Horse-7"},
	{"PBKDF2 in passlib's base64", "PBKDF2_SHA256", "$pbkdf2-sha256$1000$TgdAhWK.24tgzgXB3s/jrQ$bovfoW3m3FYHtf9CwdND5JNESuxNtu6./ESj1Dt6lYw", "Correct-Horse-7"},
}

func TestForeignHashes(t *testing.T) {
	for _, tc := range foreignHashes {
		t.Run(tc.name, func(t *testing.T) {
			hash, err := parsePasswordHash(tc.algorithm, tc.hash)
			if err != nil {
				t.Fatal(err)
			}
			if !hash(tc.password) {
				t.Error("the right password does not fit")
			}
			for _, wrong := range []string{"", "x" + tc.password[1:], strings.ToLower(tc.password) + "x"} {
				if hash(wrong) {
					t.Errorf("%q fits", wrong)
				}
			}
			for _, algorithm := range []string{"BCRYPT", "SCRYPT", "ARGON2ID", "PBKDF2_SHA256", ""} {
				if _, err := parsePasswordHash(algorithm, tc.hash); algorithm != tc.algorithm && err == nil {
					t.Errorf("taken for a hash of %q", algorithm)
				}
			}
		})
	}
}

func TestForeignHashesRefuse(t *testing.T) {
	const form, bounds = "The password hash does not have the format of the job's password hashing algorithm.", "A parameter of the password hash exceeds the maximum."
	salt32, hash64 := strings.Repeat("00", 16), strings.Repeat("00", 32)
	const b64salt, b64hash = "c29tZXNhbHRzb21lc2FsdA", "nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
	for _, tc := range []struct{ name, algorithm, hash, want string }{
		{"no algorithm", "MD5", "x", form},
		{"bcrypt: cost 13", "BCRYPT", "$2b$13$" + strings.Repeat(".", 53), bounds},
		{"bcrypt: cost 3", "BCRYPT", "$2b$03$" + strings.Repeat(".", 53), form},
		{"bcrypt: another version", "BCRYPT", "$3b$10$" + strings.Repeat(".", 53), form},
		{"bcrypt: too short", "BCRYPT", "$2b$10$" + strings.Repeat(".", 52), form},
		{"bcrypt: line break", "BCRYPT", "$2b$10$" + strings.Repeat(".", 53) + "\n", form},
		{"scrypt: N", "SCRYPT", "131072$8$1$" + salt32 + "$" + hash64, bounds},
		{"scrypt: N is no power of two", "SCRYPT", "65535$8$1$" + salt32 + "$" + hash64, form},
		{"scrypt: N of one", "SCRYPT", "1$8$1$" + salt32 + "$" + hash64, form},
		{"scrypt: r", "SCRYPT", "65536$9$1$" + salt32 + "$" + hash64, bounds},
		{"scrypt: p", "SCRYPT", "65536$8$2$" + salt32 + "$" + hash64, bounds},
		{"scrypt: p of zero", "SCRYPT", "65536$8$0$" + salt32 + "$" + hash64, form},
		{"scrypt: odd hex", "SCRYPT", "65536$8$1$0$" + hash64, form},
		{"scrypt: short hash", "SCRYPT", "65536$8$1$" + salt32 + "$00", form},
		{"argon2id: memory", "ARGON2ID", "$argon2id$v=19$m=19457,t=2,p=1$" + b64salt + "$" + b64hash, bounds},
		{"argon2id: little memory", "ARGON2ID", "$argon2id$v=19$m=7,t=2,p=1$" + b64salt + "$" + b64hash, form},
		{"argon2id: time", "ARGON2ID", "$argon2id$v=19$m=19456,t=3,p=1$" + b64salt + "$" + b64hash, bounds},
		{"argon2id: threads", "ARGON2ID", "$argon2id$v=19$m=19456,t=2,p=2$" + b64salt + "$" + b64hash, bounds},
		{"argon2id: huge", "ARGON2ID", "$argon2id$v=19$m=4294967295,t=2,p=1$" + b64salt + "$" + b64hash, bounds},
		{"argon2id: old version", "ARGON2ID", "$argon2id$v=16$m=256,t=2,p=1$" + b64salt + "$" + b64hash, form},
		{"argon2i", "ARGON2ID", "$argon2i$v=19$m=256,t=2,p=1$" + b64salt + "$" + b64hash, form},
		{"PBKDF2: iterations", "PBKDF2_SHA256", "$pbkdf2-sha256$600001$" + b64salt + "$" + b64hash, bounds},
		{"PBKDF2: none", "PBKDF2_SHA256", "$pbkdf2-sha256$0$" + b64salt + "$" + b64hash, form},
		{"PBKDF2: SHA-1", "PBKDF2_SHA256", "$pbkdf2$1000$" + b64salt + "$" + b64hash, form},
		{"PBKDF2: long hash", "PBKDF2_SHA256", "$pbkdf2-sha256$1$" + b64salt + "$" + strings.Repeat("A", 88), form},
		{"too long", "PBKDF2_SHA256", "$pbkdf2-sha256$1$" + strings.Repeat("A", 600) + "$" + b64hash, form},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := parsePasswordHash(tc.algorithm, tc.hash)
			wantFault(t, err, fault.InvalidParameter, tc.want)
		})
	}
}

// FuzzPasswordHash checks what parses only if that is cheap.
func FuzzPasswordHash(f *testing.F) {
	for _, tc := range foreignHashes {
		f.Add(tc.algorithm, tc.hash)
	}
	f.Fuzz(func(t *testing.T, algorithm, text string) {
		hash, err := parsePasswordHash(algorithm, text)
		if err == nil && hash == nil || err != nil && fault.CodeOf(err) != fault.InvalidParameter {
			t.Fatalf("%v, %v", hash == nil, err)
		}
		if name, rest, ok := readHashForm(hashForm(algorithm, text)); !strings.Contains(algorithm, "\x00") && (!ok || name != algorithm || rest != text) {
			t.Fatalf("sealed %q %q, opened %q %q", algorithm, text, name, rest)
		}
	})
}

// imported is a user with a password of another system.
func (d *directory) imported(pool *Pool, name, hash string) *store.User {
	d.t.Helper()
	user, err := d.users.Imported(pool, ImportedUser{Username: name, PasswordHash: hash, HashAlgorithm: "BCRYPT",
		Attributes: map[string]string{"email": name + "@example.com", "email_verified": "true"}})
	if err != nil {
		d.t.Fatal(err)
	}
	if err := d.db.Update(d.t.Context(), func(tx *store.Tx) error {
		_, err := pool.InsertImported(tx, []*store.User{user})
		return err
	}); err != nil {
		d.t.Fatal(err)
	}
	return user
}

func TestImportedPasswords(t *testing.T) {
	d := newDirectory(t, NoLimits())
	size := 3
	pool := testPool(t, func(p *Pool) {
		p.AutoVerifiedAttributes = []string{"email"}
		p.Policies.PasswordPolicy.PasswordHistorySize = &size
	})
	const password = "U*U" // against the policy
	d.imported(pool, "ada", foreignHashes[0].hash)
	read := func() *store.User {
		user, err := d.users.Find(t.Context(), pool, "ada")
		if err != nil {
			t.Fatal(err)
		}
		return user
	}
	verify := func(password string) bool {
		right, err := d.users.VerifyPassword(pool, read(), password)
		if err != nil {
			t.Fatal(err)
		}
		return right
	}
	if !verify(password) || verify("U*V") {
		t.Error("the imported password is not the one that fits")
	}
	if _, ok, err := d.users.Verifier(pool, read()); ok || err != nil {
		t.Errorf("SRP knows the password before the first sign-in: %v, %v", ok, err)
	}
	if strings.Contains(read().SealedPassword, "CCCCC") {
		t.Error("the hash is not sealed")
	}

	before := read()
	if err := d.users.AdoptPassword(t.Context(), pool, before, password); err != nil {
		t.Fatal(err)
	}
	if v, ok, err := d.users.Verifier(pool, read()); !ok || err != nil || !v.Check(pool.SRPName(), "ada", password) {
		t.Errorf("SRP does not know the password after the first sign-in: %v, %v", ok, err)
	}
	if !verify(password) || verify("U*V") {
		t.Error("the adopted password is not the one that fits")
	}
	after := read()
	if err := d.users.AdoptPassword(t.Context(), pool, before, "another"); err != nil { // of a sign-in beside it
		t.Fatal(err)
	}
	if read().SealedPassword != after.SealedPassword {
		t.Error("a password was adopted twice")
	}

	// The imported password counts in the history, before and after.
	grace := d.imported(pool, "grace", "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW")
	pool.Policies.PasswordPolicy = PasswordPolicy{MinimumLength: 3, PasswordHistorySize: &size}
	for _, user := range []*store.User{grace, read()} {
		_, err := d.users.NewPassword(pool, user, password, false)
		wantFault(t, err, fault.PasswordHistoryPolicyViolation, "Password has previously been used.")
		if _, err := d.users.NewPassword(pool, user, "another", false); err != nil {
			t.Error(err)
		}
	}
}
