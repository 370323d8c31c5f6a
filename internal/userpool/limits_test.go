package userpool

import (
	"context"
	"maps"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
)

func TestUserLimits(t *testing.T) {
	limits := DefaultLimits()
	for _, tt := range []struct {
		name  string
		limit int
		code  fault.Code // of the answers below the limit
		try   func(d *directory, pool *Pool, name string) error
	}{
		{"ConfirmSignUp", limits.ConfirmSignUp, "CodeMismatchException", func(d *directory, pool *Pool, name string) error {
			_, err := d.users.ConfirmSignUp(d.t.Context(), pool, concealing, name, "no code", false)
			return err
		}},
		{"ResendConfirmationCode", limits.ResendConfirmationCode, "", func(d *directory, pool *Pool, name string) error {
			_, err := d.users.ResendConfirmationCode(d.t.Context(), pool, concealing, name)
			return err
		}},
		{"ForgotPassword", limits.ForgotPassword, "", func(d *directory, pool *Pool, name string) error {
			_, err := d.users.ForgotPassword(d.t.Context(), pool, concealing, name)
			return err
		}},
		{"ConfirmForgotPassword", limits.ForgotPassword, "ExpiredCodeException", func(d *directory, pool *Pool, name string) error {
			_, err := d.users.ConfirmForgotPassword(d.t.Context(), pool, concealing, name, "no code", goodPassword)
			return err
		}},
	} {
		for _, name := range []string{"ann", "nobody"} {
			t.Run(tt.name+" "+name, func(t *testing.T) {
				d := newDirectory(t, limits)
				pool := testPool(t, autoVerified("email"))
				d.signUp(pool, "ann", map[string]string{"email": "ann@example.com"})
				if tt.name == "ConfirmSignUp" && name == "nobody" {
					d.resend(pool, concealing, name) // what a sign-up does for a user
				}
				for i := range tt.limit {
					if err := tt.try(d, pool, name); fault.CodeOf(err) != tt.code {
						t.Fatalf("try %d: %v", i+1, err)
					}
				}
				checkFault(t, tt.try(d, pool, name), "LimitExceededException", textLimit)
				d.advance(time.Hour - time.Millisecond)
				checkFault(t, tt.try(d, pool, name), "LimitExceededException", textLimit)
				d.advance(time.Millisecond)
				if err := tt.try(d, pool, name); fault.CodeOf(err) == fault.LimitExceeded {
					t.Error("still limited after an hour")
				}
			})
		}
	}
}

func TestLimitsAreOfOneUserByAnyName(t *testing.T) {
	d := newDirectory(t, DefaultLimits())
	pool := testPool(t, usernameAttributes("email"), autoVerified("email"), ignoringCase)
	user := d.signUp(pool, "ann@example.com", nil).User
	for _, name := range []string{"ann@example.com", "Ann@example.com", user.Sub, "ANN@EXAMPLE.COM", "ann@example.com"} {
		d.resend(pool, revealing, name)
	}
	_, err := d.users.ResendConfirmationCode(t.Context(), pool, revealing, user.Sub)
	checkFault(t, err, "LimitExceededException", textLimit)
	_, err = d.users.ResendConfirmationCode(t.Context(), pool, concealing, "bob@example.com")
	checkFault(t, err, "", "")
}

// A burst over many nodes must not see more guesses than one after the other.
func TestGuessesAreCountedTogether(t *testing.T) {
	limits := DefaultLimits()
	onBoth(t, limits, func(t *testing.T, d *directory) {
		pool := testPool(t, autoVerified("email"))
		d.signUp(pool, "ann", map[string]string{"email": "ann@example.com"})
		nodes := []*Users{d.users, NewUsers(d.db, d.ring, d.outbox, limits)}
		got := tally(together(20, func(i int) error {
			_, err := nodes[i%2].ConfirmSignUp(context.Background(), pool, revealing, "ann", "no code", false)
			return err
		}))
		want := map[string]int{"CodeMismatchException: " + textMismatch: limits.ConfirmSignUp,
			"LimitExceededException: " + textLimit: 20 - limits.ConfirmSignUp}
		if !maps.Equal(got, want) {
			t.Errorf("answers %v, want %v", got, want)
		}
	})
}

func TestACodeDiesOfWrongGuesses(t *testing.T) {
	limits := NoLimits()
	limits.WrongGuesses = 3
	d := newDirectory(t, limits)
	pool := testPool(t, autoVerified("email"))
	d.signUp(pool, "ann", map[string]string{"email": "ann@example.com"})
	code := d.lastCode()
	for range 3 {
		_, err := d.users.ConfirmSignUp(t.Context(), pool, revealing, "ann", wrong(code), false)
		checkFault(t, err, "CodeMismatchException", textMismatch)
	}
	_, err := d.users.ConfirmSignUp(t.Context(), pool, revealing, "ann", code, false)
	checkFault(t, err, "ExpiredCodeException", textExpired)
}

func TestNoLimits(t *testing.T) {
	d := newDirectory(t, NoLimits())
	pool := testPool(t, autoVerified("email"))
	d.signUp(pool, "ann", map[string]string{"email": "ann@example.com"})
	code := d.lastCode()
	for range 50 {
		_, err := d.users.ConfirmSignUp(t.Context(), pool, revealing, "ann", wrong(code), false)
		checkFault(t, err, "CodeMismatchException", textMismatch)
	}
	_, err := d.users.ConfirmSignUp(t.Context(), pool, revealing, "ann", code, false)
	checkFault(t, err, "", "")
}
