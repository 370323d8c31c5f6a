package userpool

import (
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
)

// hasPassword says whether a password is the user's.
func (d *directory) hasPassword(pool *Pool, user *store.User, password string) bool {
	d.t.Helper()
	ok, err := d.users.VerifyPassword(pool, user, password)
	if err != nil {
		d.t.Fatal(err)
	}
	return ok
}

func TestSetEnabled(t *testing.T) {
	d := newDirectory(t, NoLimits())
	pool := testPool(t, aliases("email"))
	ann := d.annWith(pool, "email", "a@example.com", "email_verified", "true")
	for _, name := range []string{"ann", ann.Sub, "a@example.com"} {
		for _, enabled := range []bool{false, false, true} {
			d.advance(time.Minute)
			if err := d.users.SetEnabled(t.Context(), pool, name, enabled); err != nil {
				t.Fatal(err)
			}
			if got := d.find(pool, name); got.Enabled != enabled || got.Status != StatusConfirmed || !got.ModifiedAt.Equal(d.db.Now()) {
				t.Errorf("%s: %+v", name, got)
			}
		}
	}
	checkFault(t, d.users.SetEnabled(t.Context(), pool, "nobody", true), fault.UserNotFound, "User does not exist.")
}

func TestSetPassword(t *testing.T) {
	const newPassword = "N3w-Passw0rd"
	for _, status := range statuses {
		for permanent, want := range map[bool]string{true: "CONFIRMED", false: "FORCE_CHANGE_PASSWORD"} {
			t.Run(status, func(t *testing.T) {
				d := newDirectory(t, NoLimits())
				pool := testPool(t)
				d.add(pool, store.User{Username: "ann", Status: status, FailedSignIns: 9, LastFailedAt: d.db.Now()})
				if err := d.users.SetPassword(t.Context(), pool, "ann", newPassword, permanent); err != nil {
					t.Fatal(err)
				}
				got := d.find(pool, "ann")
				if got.Status != want || !d.hasPassword(pool, got, newPassword) || got.FailedSignIns != 0 || !got.LastFailedAt.IsZero() ||
					got.PasswordExpiresAt.IsZero() != permanent {
					t.Errorf("permanent %t: %+v", permanent, got)
				}
			})
		}
	}
}

func TestSetPasswordRefusals(t *testing.T) {
	d := newDirectory(t, NoLimits())
	pool := testPool(t, historyOf(2))
	d.signUp(pool, "ann", nil)
	set := func(name, password string, permanent bool) error {
		return d.users.SetPassword(t.Context(), pool, name, password, permanent)
	}
	checkFault(t, set("nobody", goodPassword, true), fault.UserNotFound, "User does not exist.")
	for _, permanent := range []bool{true, false} {
		checkFault(t, set("ann", "lowercase", permanent), fault.InvalidPassword,
			"Password did not conform with policy: Password must have numeric characters")
	}
	checkFault(t, set("ann", goodPassword, true), fault.PasswordHistoryPolicyViolation, "Password has previously been used.")
	if got := d.find(pool, "ann"); got.Status != StatusUnconfirmed || !d.hasPassword(pool, got, goodPassword) {
		t.Errorf("changed to %+v", got)
	}
	if err := set("ann", goodPassword, false); err != nil {
		t.Errorf("temporary: %v", err)
	}
}

func TestResetPassword(t *testing.T) {
	reachable := attributes("email", "a@example.com", "email_verified", "true")
	const unreachableText = "Cannot reset password for the user as there is no registered/verified email or phone_number"
	for _, tt := range []struct {
		name string
		pool *Pool
		user store.User
		code fault.Code
		text string
	}{
		{"confirmed", testPool(t), store.User{Status: StatusConfirmed, Enabled: true, Attributes: reachable}, "", ""},
		{"again", testPool(t), store.User{Status: StatusResetRequired, Enabled: true, Attributes: reachable}, "", ""},
		{"never signed in", testPool(t), store.User{Status: StatusForceChangePassword, Enabled: true, Attributes: reachable},
			fault.NotAuthorized, "User password cannot be reset in the current state."},
		{"federated", testPool(t), store.User{Status: StatusExternalProvider, Enabled: true, Attributes: reachable},
			fault.NotAuthorized, "User password cannot be reset in the current state."},
		{"disabled", testPool(t), store.User{Status: StatusConfirmed, Attributes: reachable}, fault.NotAuthorized, "User is disabled."},
		{"nothing verified", testPool(t), store.User{Status: StatusConfirmed, Enabled: true, Attributes: attributes("email", "a@example.com")},
			fault.InvalidParameter, unreachableText},
		{"by phone only", testPool(t, recovery("verified_phone_number")),
			store.User{Status: StatusConfirmed, Enabled: true, Attributes: reachable}, fault.InvalidParameter, unreachableText},
		{"by administrators only", testPool(t, recovery("admin_only")),
			store.User{Status: StatusConfirmed, Enabled: true, Attributes: reachable}, fault.NotAuthorized, "Contact administrator to reset password."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDirectory(t, NoLimits())
			tt.user.Username = "ann"
			before := d.add(tt.pool, tt.user)
			err := d.users.ResetPassword(t.Context(), tt.pool, "ann")
			if (err == nil) != (tt.code == "") {
				t.Fatalf("got %v", err)
			}
			checkFault(t, err, tt.code, tt.text)
			got := d.find(tt.pool, "ann")
			if err != nil {
				if got.Status != before.Status || len(d.messages()) != 0 {
					t.Errorf("status %s, %d messages", got.Status, len(d.messages()))
				}
				return
			}
			if m := d.messages()[0]; got.Status != "RESET_REQUIRED" || m.Source != "CustomMessage_ForgotPassword" || m.To != "a@example.com" {
				t.Errorf("status %s, message %+v", got.Status, m)
			}
			done, err := d.users.ConfirmForgotPassword(t.Context(), tt.pool, revealing, "ann", d.lastCode(), goodPassword)
			if err != nil || done.Status != "CONFIRMED" {
				t.Errorf("with the code: %v", err)
			}
		})
	}
	t.Run("unknown", func(t *testing.T) {
		d := newDirectory(t, NoLimits())
		checkFault(t, d.users.ResetPassword(t.Context(), testPool(t), "nobody"), fault.UserNotFound, "User does not exist.")
	})
}

func TestForceConfirm(t *testing.T) {
	d := newDirectory(t, NoLimits())
	pool := testPool(t, autoVerified("email"))
	d.signUp(pool, "ann", attributes("email", "a@example.com"))
	if err := d.users.ForceConfirm(t.Context(), pool, "ann"); err != nil {
		t.Fatal(err)
	}
	got := d.find(pool, "ann")
	if got.Status != "CONFIRMED" || got.Attributes["email_verified"] != "false" {
		t.Errorf("confirmed %+v", got)
	}
	if err := d.db.View(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Code(pool.ID, got.Sub, codeSignUp)
		return err
	}); err != store.ErrNotFound {
		t.Errorf("the code of the sign-up: %v", err)
	}
	for _, status := range []string{StatusConfirmed, StatusForceChangePassword, StatusResetRequired, StatusExternalProvider} {
		d.set(pool, "ann", func(u *store.User) { u.Status = status })
		checkFault(t, d.users.ForceConfirm(t.Context(), pool, "ann"), fault.NotAuthorized, "User cannot be confirmed. Current status is "+status)
	}
	checkFault(t, d.users.ForceConfirm(t.Context(), pool, "nobody"), fault.UserNotFound, "User does not exist.")
}

func TestDeletedUsersLeaveNothing(t *testing.T) {
	d := newDirectory(t, DefaultLimits())
	pool := testPool(t, aliases("email"))
	ann := d.annWith(pool, "email", "a@example.com", "email_verified", "true", "name", "Ann")
	d.sendAttributeCode(pool, ann.Sub, "email")
	if err := d.users.Delete(t.Context(), pool, "a@example.com"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ann", ann.Sub, "a@example.com"} {
		_, err := d.users.Find(t.Context(), pool, name)
		checkFault(t, err, fault.UserNotFound, "User does not exist.")
		checkFault(t, d.users.Delete(t.Context(), pool, name), fault.UserNotFound, "User does not exist.")
	}
	if got := d.list(pool, `name = "Ann"`, 0, nil)[0]; len(got) != 0 {
		t.Errorf("the index still has %v", got)
	}
	if err := d.db.View(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Code(pool.ID, ann.Sub, codeVerify("email"))
		return err
	}); err != store.ErrNotFound {
		t.Errorf("the code: %v", err)
	}
	if again := d.annWith(pool, "email", "a@example.com", "email_verified", "true"); again.Sub == ann.Sub {
		t.Error("the sub is the same")
	}
}
