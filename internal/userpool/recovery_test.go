package userpool

import (
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
)

const (
	textMismatch = "Invalid verification code provided, please try again."
	textExpired  = "Invalid code provided, please request a code again."
	textLimit    = "Attempt limit exceeded, please try after some time."
)

// recovery sets AccountRecoverySetting, in the order of its names.
func recovery(names ...string) func(*Pool) {
	return func(p *Pool) {
		p.AccountRecoverySetting = &AccountRecoverySetting{}
		for i := len(names) - 1; i >= 0; i-- { // the priority counts, not the place
			p.AccountRecoverySetting.RecoveryMechanisms = append(p.AccountRecoverySetting.RecoveryMechanisms,
				RecoveryOption{Name: names[i], Priority: i + 1})
		}
	}
}

func TestForgotPasswordChannel(t *testing.T) {
	byEmail := &Delivery{"a***@e***", "EMAIL", "email"}
	bySMS := &Delivery{"+*******1111", "SMS", "phone_number"}
	for _, tt := range []struct {
		name     string
		setting  []string
		verified []string
		want     *Delivery
	}{
		{"no setting: phone first", nil, []string{"email", "phone_number"}, bySMS},
		{"no setting: email if alone", nil, []string{"email"}, byEmail},
		{"no setting: nothing verified", nil, nil, nil},
		{"email first", []string{"verified_email", "verified_phone_number"}, []string{"email", "phone_number"}, byEmail},
		{"phone first", []string{"verified_phone_number", "verified_email"}, []string{"email", "phone_number"}, bySMS},
		{"second if the first is not verified", []string{"verified_phone_number", "verified_email"}, []string{"email"}, byEmail},
		{"only email", []string{"verified_email"}, []string{"phone_number"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDirectory(t, DefaultLimits())
			pool := testPool(t)
			if tt.setting != nil {
				recovery(tt.setting...)(pool)
			}
			d.signUp(pool, "ann", map[string]string{"email": "ann@example.com", "phone_number": "+15550001111"})
			for _, attribute := range tt.verified {
				d.set(pool, "ann", verified(attribute))
			}
			got, err := d.users.ForgotPassword(t.Context(), pool, revealing, "ann")
			if tt.want == nil {
				checkFault(t, err, "InvalidParameterException",
					"Cannot reset password for the user as there is no registered/verified email or phone_number")
				return
			}
			if err != nil || *got != *tt.want {
				t.Fatalf("delivery %v, %v, want %v", got, err, tt.want)
			}
			sent := d.messages()
			if len(sent) != 1 || sent[0].Medium != tt.want.Medium || sent[0].Source != "CustomMessage_ForgotPassword" ||
				sent[0].Username != "ann" || len(sent[0].Code) != 6 {
				t.Errorf("sent %+v", sent)
			}
		})
	}
}

func TestForgotPasswordRefusals(t *testing.T) {
	unreachable := func(u *store.User) { u.Attributes["email_verified"] = "false" }
	disabled := func(u *store.User) { u.Enabled = false }
	state := func(status string) func(*store.User) { return func(u *store.User) { u.Status = status } }
	for _, tt := range []struct {
		name   string
		user   string
		change func(*store.User)
		code   fault.Code // what a client that reveals users is told
		text   string
		shown  bool // the other client is told the same
	}{
		{"unknown", "nobody", nil, "UserNotFoundException", "Username/client id combination not found.", false},
		{"disabled", "ann", disabled, "NotAuthorizedException", "User is disabled.", false},
		{"unreachable", "ann", unreachable, "InvalidParameterException",
			"Cannot reset password for the user as there is no registered/verified email or phone_number", false},
		{"never signed in", "ann", state(StatusForceChangePassword), "NotAuthorizedException",
			"User password cannot be reset in the current state.", true},
		{"federated", "ann", state(StatusExternalProvider), "NotAuthorizedException",
			"User password cannot be reset in the current state.", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDirectory(t, DefaultLimits())
			pool := testPool(t, autoVerified("email"))
			d.confirmed(pool, "ann", map[string]string{"email": "ann@example.com"})
			if tt.change != nil {
				d.set(pool, "ann", tt.change)
			}
			_, err := d.users.ForgotPassword(t.Context(), pool, revealing, tt.user)
			checkFault(t, err, tt.code, tt.text)

			got, err := d.users.ForgotPassword(t.Context(), pool, concealing, tt.user)
			if tt.shown {
				checkFault(t, err, tt.code, tt.text)
				return
			}
			if err != nil || got.Attribute != "email" || got.Medium != "EMAIL" || len(got.Destination) != len("x***@y***") {
				t.Fatalf("concealed: %v, %v", got, err)
			}
			if again, err := d.users.ForgotPassword(t.Context(), pool, concealing, tt.user); err != nil || *again != *got {
				t.Errorf("the second answer is %v, %v, the first was %v", again, err, got)
			}
			if sent := len(d.messages()); sent != 1 {
				t.Errorf("%d messages were sent in all, want only that of the sign-up", sent)
			}
			_, err = d.users.ConfirmForgotPassword(t.Context(), pool, concealing, tt.user, "123456", "Passw0rd!2")
			checkFault(t, err, "CodeMismatchException", textMismatch)
		})
	}
	t.Run("only administrators", func(t *testing.T) {
		d := newDirectory(t, DefaultLimits())
		pool := testPool(t, recovery("admin_only"))
		for _, client := range []*Client{revealing, concealing} {
			_, err := d.users.ForgotPassword(t.Context(), pool, client, "nobody")
			checkFault(t, err, "NotAuthorizedException", "Contact administrator to reset password.")
		}
	})
}

func TestPretendedDelivery(t *testing.T) {
	d := newDirectory(t, NoLimits())
	pool := testPool(t, ignoringCase, autoVerified("email"))
	other := testPool(t, ignoringCase, autoVerified("email"), func(p *Pool) { p.ID = "us-east-1_Test00002" })
	shown := func(pool *Pool, name string) Delivery {
		return *d.users.pretendedChannel(pool, name, pool.recoveryAttributes()).delivery()
	}
	for name, want := range map[string]Delivery{
		"bob@host.example": {"b***@h***", "EMAIL", "email"},
		"+15550002222":     {"+*******2222", "SMS", "phone_number"},
	} {
		if got := shown(pool, name); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	if shown(pool, "Nobody") != shown(pool, "nobody") {
		t.Error("the answer depends on case, which the pool ignores")
	}
	differ := 0
	for _, name := range []string{"ann", "bob", "eve", "joe", "kim", "lee"} {
		if shown(pool, name) != shown(other, name) {
			differ++
		}
	}
	if differ == 0 {
		t.Error("two pools pretend the same of six names")
	}
}

func TestConfirmForgotPassword(t *testing.T) {
	const fresh = "N3w Passw0rd!"
	for _, status := range []string{StatusConfirmed, StatusResetRequired, StatusUnconfirmed} {
		t.Run(status, func(t *testing.T) {
			d := newDirectory(t, DefaultLimits())
			pool := testPool(t, autoVerified("email"))
			d.confirmed(pool, "ann", map[string]string{"email": "ann@example.com"})
			d.set(pool, "ann", func(u *store.User) {
				u.Status, u.FailedSignIns, u.LastFailedAt = status, 7, d.db.Now()
			})
			if _, err := d.users.ForgotPassword(t.Context(), pool, concealing, "ann"); err != nil {
				t.Fatal(err)
			}
			code := d.lastCode()
			_, err := d.users.ConfirmForgotPassword(t.Context(), pool, concealing, "ann", wrong(code), fresh)
			checkFault(t, err, "CodeMismatchException", textMismatch)
			if _, err := d.users.ConfirmForgotPassword(t.Context(), pool, concealing, "ann", code, fresh); err != nil {
				t.Fatal(err)
			}
			user := d.find(pool, "ann")
			if right, err := d.users.VerifyPassword(pool, user, fresh); !right || err != nil {
				t.Errorf("the new password does not fit: %v", err)
			}
			if user.Status != "CONFIRMED" || user.FailedSignIns != 0 {
				t.Errorf("user is %s after %d failures", user.Status, user.FailedSignIns)
			}
			_, err = d.users.ConfirmForgotPassword(t.Context(), pool, concealing, "ann", code, fresh)
			checkFault(t, err, "ExpiredCodeException", textExpired)
		})
	}
}

// Who can read a user's mail may have asked for a code before the password was
// changed to keep them out.
func TestNewPasswordVoidsTheRecoveryCode(t *testing.T) {
	const fresh = "N3w Passw0rd!"
	for name, change := range map[string]func(d *directory, pool *Pool) error{
		"by the user": func(d *directory, pool *Pool) error {
			return d.users.ChangePassword(t.Context(), pool, nil, d.find(pool, "ann"), goodPassword, fresh)
		},
		"by an administrator": func(d *directory, pool *Pool) error {
			return d.users.SetPassword(t.Context(), pool, "ann", fresh, true)
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDirectory(t, DefaultLimits())
			pool := testPool(t, autoVerified("email"))
			d.confirmed(pool, "ann", map[string]string{"email": "ann@example.com"})
			if _, err := d.users.ForgotPassword(t.Context(), pool, revealing, "ann"); err != nil {
				t.Fatal(err)
			}
			code := d.lastCode()
			if err := change(d, pool); err != nil {
				t.Fatal(err)
			}
			_, err := d.users.ConfirmForgotPassword(t.Context(), pool, revealing, "ann", code, "0ther Passw0rd!")
			checkFault(t, err, "ExpiredCodeException", textExpired)
		})
	}
}

func TestConfirmForgotPasswordRefusals(t *testing.T) {
	disable := func(d *directory, pool *Pool) { d.set(pool, "ann", func(u *store.User) { u.Enabled = false }) }
	for _, tt := range []struct {
		name     string
		client   *Client
		user     string
		password string
		prepare  func(d *directory, pool *Pool)
		code     fault.Code
		text     string
	}{
		{"unknown, revealed", revealing, "nobody", goodPassword, nil, "UserNotFoundException", "Username/client id combination not found."},
		{"unknown, concealed, none asked for", concealing, "nobody", goodPassword, nil, "ExpiredCodeException", textExpired},
		{"weak password", revealing, "ann", "weak", nil, "InvalidPasswordException",
			"Password did not conform with policy: Password not long enough"},
		{"expired", revealing, "ann", "Passw0rd!2", func(d *directory, _ *Pool) { d.advance(time.Hour) }, "ExpiredCodeException", textExpired},
		{"still good", revealing, "ann", "Passw0rd!2", func(d *directory, _ *Pool) { d.advance(time.Hour - time.Millisecond) }, "", ""},
		{"disabled since, revealed", revealing, "ann", "Passw0rd!2", disable, "NotAuthorizedException", "User is disabled."},
		{"disabled since, concealed", concealing, "ann", "Passw0rd!2", disable, "CodeMismatchException", textMismatch},
		{"to change password since", revealing, "ann", "Passw0rd!2", func(d *directory, pool *Pool) {
			d.set(pool, "ann", func(u *store.User) { u.Status = StatusForceChangePassword })
		}, "NotAuthorizedException", "User password cannot be reset in the current state."},
		{"address given up since", revealing, "ann", "Passw0rd!2", func(d *directory, pool *Pool) {
			d.set(pool, "ann", func(u *store.User) { pool.SetAttributes(u, map[string]string{"email": "new@example.com"}) })
		}, "ExpiredCodeException", textExpired},
		{"password used before", revealing, "ann", goodPassword, nil,
			"PasswordHistoryPolicyViolationException", "Password has previously been used."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDirectory(t, DefaultLimits())
			pool := testPool(t, autoVerified("email"), historyOf(3))
			d.confirmed(pool, "ann", map[string]string{"email": "ann@example.com"})
			if _, err := d.users.ForgotPassword(t.Context(), pool, revealing, "ann"); err != nil {
				t.Fatal(err)
			}
			if tt.prepare != nil {
				tt.prepare(d, pool)
			}
			_, err := d.users.ConfirmForgotPassword(t.Context(), pool, tt.client, tt.user, d.lastCode(), tt.password)
			checkFault(t, err, tt.code, tt.text)
		})
	}
}

func TestHistoryIsToldOnlyAfterTheCode(t *testing.T) {
	d := newDirectory(t, DefaultLimits())
	pool := testPool(t, autoVerified("email"), historyOf(3))
	d.confirmed(pool, "ann", map[string]string{"email": "ann@example.com"})
	if _, err := d.users.ForgotPassword(t.Context(), pool, revealing, "ann"); err != nil {
		t.Fatal(err)
	}
	code := d.lastCode()
	_, err := d.users.ConfirmForgotPassword(t.Context(), pool, revealing, "ann", wrong(code), goodPassword)
	checkFault(t, err, "CodeMismatchException", textMismatch)
	_, err = d.users.ConfirmForgotPassword(t.Context(), pool, revealing, "ann", code, goodPassword)
	checkFault(t, err, "PasswordHistoryPolicyViolationException", "Password has previously been used.")
	if _, err = d.users.ConfirmForgotPassword(t.Context(), pool, revealing, "ann", code, "Passw0rd!2"); err != nil {
		t.Errorf("the code was spent by a refused password: %v", err)
	}
}
