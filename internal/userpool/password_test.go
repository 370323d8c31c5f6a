package userpool

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
)

func TestPasswordPolicy(t *testing.T) {
	const (
		failed  = "Password did not conform with policy: Password "
		pattern = "1 validation error detected: Value at 'password' failed to satisfy constraint: " +
			`Member must satisfy regular expression pattern: ^[\S]+.*[\S]+$`
		long = "1 validation error detected: Value at 'password' failed to satisfy constraint: Member must have length less than or equal to 256"
	)
	full := testPool(t)
	lax := testPool(t, func(p *Pool) { p.Policies.PasswordPolicy = PasswordPolicy{MinimumLength: 6} })
	for _, tt := range []struct {
		name     string
		pool     *Pool
		password string
		code     fault.Code
		text     string
	}{
		{"good", full, goodPassword, "", ""},
		{"good with spaces", full, "my Passw0rd", "", ""},
		{"good beyond ASCII", full, "Pässw0rd!", "", ""},
		{"empty", full, "", "InvalidPasswordException", failed + "not long enough"},
		{"short", full, "Passw0!", "InvalidPasswordException", failed + "not long enough"},
		{"characters count, not bytes", full, "Pä0!äää", "InvalidPasswordException", failed + "not long enough"},
		{"length before all else", full, "a", "InvalidPasswordException", failed + "not long enough"},
		{"no digit", full, "Password!", "InvalidPasswordException", failed + "must have numeric characters"},
		{"no digit before no symbol", full, "passwords", "InvalidPasswordException", failed + "must have numeric characters"},
		{"no symbol", full, "Passw0rds", "InvalidPasswordException", failed + "must have symbol characters"},
		{"a symbol off the list", full, "Passw0rd€", "InvalidPasswordException", failed + "must have symbol characters"},
		{"no upper case", full, "passw0rd!", "InvalidPasswordException", failed + "must have uppercase characters"},
		{"no lower case", full, "PASSW0RD!", "InvalidPasswordException", failed + "must have lowercase characters"},
		{"leading space", full, " Passw0rd!", "InvalidParameterException", pattern},
		{"trailing space", full, "Passw0rd! ", "InvalidParameterException", pattern},
		{"longest", lax, strings.Repeat("x", 256), "", ""},
		{"too long", lax, strings.Repeat("x", 257), "InvalidParameterException", long},
		{"nothing required", lax, "aaaaaa", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			checkFault(t, tt.pool.CheckPasswordPolicy(tt.password), tt.code, tt.text)
		})
	}
	for _, symbol := range symbols {
		checkFault(t, full.CheckPasswordPolicy("Pass"+string(symbol)+"w0rd"), "", "")
	}
}

func TestTemporaryPassword(t *testing.T) {
	for _, length := range []int{6, 8, 20, 99} {
		pool := testPool(t, func(p *Pool) { p.Policies.PasswordPolicy.MinimumLength = length })
		seen := make(map[string]bool)
		for range 200 {
			password := pool.temporaryPassword()
			if err := pool.CheckPasswordPolicy(password); err != nil {
				t.Fatalf("length %d: %q: %v", length, password, err)
			}
			seen[password] = true
		}
		if len(seen) != 200 {
			t.Errorf("length %d: %d different ones of 200", length, len(seen))
		}
	}
}

// setPassword stores a new password as the operations do.
func (d *directory) setPassword(pool *Pool, name, password string, temporary bool) error {
	d.t.Helper()
	sealed, err := d.users.NewPassword(pool, d.find(pool, name), password, temporary)
	if err == nil {
		d.set(pool, name, sealed.Apply)
	}
	return err
}

func TestPasswordHistory(t *testing.T) {
	const used = "Password has previously been used."
	d := newDirectory(t, NoLimits())
	pool := testPool(t, historyOf(2))
	password := func(i int) string { return fmt.Sprintf("Passw0rd!%d", i) }
	d.signUp(pool, "ann", nil) // with goodPassword

	checkFault(t, d.setPassword(pool, "ann", goodPassword, false), "PasswordHistoryPolicyViolationException", used)
	checkFault(t, d.setPassword(pool, "ann", password(1), false), "", "")
	checkFault(t, d.setPassword(pool, "ann", goodPassword, false), "PasswordHistoryPolicyViolationException", used)
	checkFault(t, d.setPassword(pool, "ann", password(2), false), "", "")
	checkFault(t, d.setPassword(pool, "ann", password(1), false), "PasswordHistoryPolicyViolationException", used)

	// A temporary one may be any and is not remembered; what was before it is.
	checkFault(t, d.setPassword(pool, "ann", password(2), true), "", "")
	checkFault(t, d.setPassword(pool, "ann", password(9), true), "", "")
	checkFault(t, d.setPassword(pool, "ann", password(2), false), "PasswordHistoryPolicyViolationException", used)
	checkFault(t, d.setPassword(pool, "ann", password(9), false), "", "")
	checkFault(t, d.setPassword(pool, "ann", goodPassword, false), "", "") // two others since

	// A pool that begins to keep a history knows the present password.
	plain := testPool(t, func(p *Pool) { p.ID = "us-east-1_Test00002" })
	d.signUp(plain, "ann", nil)
	checkFault(t, d.setPassword(plain, "ann", goodPassword, false), "", "")
	if user := d.find(plain, "ann"); user.SealedPasswordHistory != "" {
		t.Error("a history is kept though the pool has none")
	}
	historyOf(2)(plain)
	checkFault(t, d.setPassword(plain, "ann", goodPassword, false), "PasswordHistoryPolicyViolationException", used)
	checkFault(t, d.setPassword(plain, "ann", password(1), false), "", "")
	checkFault(t, d.setPassword(plain, "ann", goodPassword, false), "PasswordHistoryPolicyViolationException", used)
}

func TestLongestHistory(t *testing.T) {
	d := newDirectory(t, NoLimits())
	pool := testPool(t, historyOf(24))
	d.signUp(pool, "ann", nil)
	for i := range 24 {
		checkFault(t, d.setPassword(pool, "ann", fmt.Sprintf("Passw0rd!%d", i), false), "", "")
	}
	checkFault(t, d.setPassword(pool, "ann", "Passw0rd!0", false),
		"PasswordHistoryPolicyViolationException", "Password has previously been used.")
	checkFault(t, d.setPassword(pool, "ann", goodPassword, false), "", "")
}

func TestTemporaryPasswordExpires(t *testing.T) {
	for _, tt := range []struct{ days, want int }{{3, 3}, {0, 7}, {365, 365}} {
		d := newDirectory(t, NoLimits())
		pool := testPool(t, func(p *Pool) { p.Policies.PasswordPolicy.TemporaryPasswordValidityDays = tt.days })
		d.signUp(pool, "ann", nil)
		checkFault(t, d.setPassword(pool, "ann", goodPassword, true), "", "")
		if got, want := d.find(pool, "ann").PasswordExpiresAt, d.db.Now().AddDate(0, 0, tt.want); !got.Equal(want) {
			t.Errorf("%d days: expires at %v, want %v", tt.days, got, want)
		}
		checkFault(t, d.setPassword(pool, "ann", goodPassword, false), "", "")
		if got := d.find(pool, "ann").PasswordExpiresAt; !got.IsZero() {
			t.Errorf("a permanent password expires at %v", got)
		}
	}
}

func TestVerifyPassword(t *testing.T) {
	d := newDirectory(t, NoLimits())
	pool := testPool(t)
	user := d.signUp(pool, "ann", nil).User
	bob := d.signUp(pool, "bob", nil).User
	none := d.signUp(pool, "eve", nil).User
	none.SealedPassword = ""
	for _, tt := range []struct {
		name     string
		user     *store.User
		password string
		want     bool
	}{
		{"right", user, goodPassword, true},
		{"wrong", user, goodPassword + "x", false},
		{"empty", user, "", false},
		{"nobody", nil, goodPassword, false},
		{"nobody, empty", nil, "", false},
		{"without password", none, goodPassword, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := d.users.VerifyPassword(pool, tt.user, tt.password); err != nil || got != tt.want {
				t.Errorf("got %t, %v, want %t", got, err, tt.want)
			}
		})
	}
	bob.SealedPassword = user.SealedPassword
	if got, err := d.users.VerifyPassword(pool, bob, goodPassword); err == nil || got {
		t.Errorf("another user's sealed password opens: %t, %v", got, err)
	}
}

func TestChangePassword(t *testing.T) {
	const next = "Passw0rd!2"
	for _, tt := range []struct {
		name               string
		change             func(*store.User)
		previous, proposed string
		code               fault.Code
		text               string
	}{
		{"changed", nil, goodPassword, next, "", ""},
		{"wrong previous", nil, "Passw0rd?", next, "NotAuthorizedException", "Incorrect username or password."},
		{"no previous", nil, "", next, "InvalidParameterException",
			"1 validation error detected: Value at 'previousPassword' failed to satisfy constraint: Member must not be null"},
		{"weak", nil, goodPassword, "Passw0rd", "InvalidPasswordException",
			"Password did not conform with policy: Password must have symbol characters"},
		{"the same", nil, goodPassword, goodPassword, "PasswordHistoryPolicyViolationException", "Password has previously been used."},
		{"reset required", func(u *store.User) { u.Status = StatusResetRequired }, goodPassword, next,
			"PasswordResetRequiredException", "Password reset required for the user"},
		{"unconfirmed", func(u *store.User) { u.Status = StatusUnconfirmed }, goodPassword, next,
			"UserNotConfirmedException", "User is not confirmed."},
		{"first password", func(u *store.User) { u.SealedPassword, u.SealedPasswordHistory = "", "" }, "", next, "", ""},
		{"previous that is none", func(u *store.User) { u.SealedPassword, u.SealedPasswordHistory = "", "" }, goodPassword, next,
			"NotAuthorizedException", "Incorrect username or password."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDirectory(t, DefaultLimits())
			pool := testPool(t, historyOf(2), autoVerified("email"))
			user := d.confirmed(pool, "ann", map[string]string{"email": "ann@example.com"})
			if tt.change != nil {
				user = d.set(pool, "ann", tt.change)
			}
			err := d.users.ChangePassword(t.Context(), pool, nil, user, tt.previous, tt.proposed)
			checkFault(t, err, tt.code, tt.text)
			right, err := d.users.VerifyPassword(pool, d.find(pool, "ann"), tt.proposed)
			if want := tt.code == "" || tt.proposed == goodPassword; err != nil || right != want {
				t.Errorf("that the proposed password fits is %t, %v, want %t", right, err, want)
			}
		})
	}
}

func TestChangePasswordAgainstTheNewestPassword(t *testing.T) {
	d := newDirectory(t, NoLimits())
	pool := testPool(t)
	d.signUp(pool, "ann", nil)
	stale := d.set(pool, "ann", func(u *store.User) { u.Status = StatusConfirmed })
	checkFault(t, d.setPassword(pool, "ann", "Passw0rd!2", false), "", "")
	err := d.users.ChangePassword(t.Context(), pool, nil, stale, goodPassword, "Passw0rd!3")
	checkFault(t, err, "NotAuthorizedException", "Incorrect username or password.")
}

func TestChangePasswordLimit(t *testing.T) {
	d := newDirectory(t, DefaultLimits())
	pool := testPool(t)
	d.signUp(pool, "ann", nil)
	user := d.set(pool, "ann", func(u *store.User) { u.Status = StatusConfirmed })
	for range 5 {
		err := d.users.ChangePassword(t.Context(), pool, nil, user, "Passw0rd?", "Passw0rd!2")
		checkFault(t, err, "NotAuthorizedException", "Incorrect username or password.")
	}
	err := d.users.ChangePassword(t.Context(), pool, nil, user, goodPassword, "Passw0rd!2")
	checkFault(t, err, "LimitExceededException", textLimit)
	d.advance(time.Hour)
	checkFault(t, d.users.ChangePassword(t.Context(), pool, nil, user, goodPassword, "Passw0rd!2"), "", "")
}

// An unknown user must cost what a wrong password costs.
func BenchmarkVerifyPassword(b *testing.B) {
	d := newDirectory(b, NoLimits())
	pool := testPool(b)
	user := d.signUp(pool, "ann", nil).User
	for name, u := range map[string]*store.User{"wrong": user, "nobody": nil} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if right, err := d.users.VerifyPassword(pool, u, "Passw0rd?"); right || err != nil {
					b.Fatal(right, err)
				}
			}
		})
	}
}
