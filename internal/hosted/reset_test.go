package hosted

import (
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

const another = "An0ther-Passw0rd"

func TestForgottenPassword(t *testing.T) {
	b := newSite(t, setting{}).browser()
	b.user("ada", map[string]string{"email": "ada@example.com"})
	b.authorize()
	b.follow("Forgot your password?")
	b.submit("username", "ada")
	b.wantAt("/resetPassword", "Enter the code that was sent to a***@e***, and a new password.")
	code := b.sent().Code
	b.submit("answer", "000000", "password", another)
	b.wantRefused("/resetPassword", "The code is wrong.")
	b.submit("answer", code, "password", "short")
	b.wantRefused("/resetPassword", "The password does not meet the requirements.")
	b.submit("answer", code, "password", another)
	b.wantAt("/login", "Your password is changed.")
	b.submit("username", "ada", "password", password)
	b.wantRefused("/login", "Incorrect username or password.")
	if strings.Contains(b.page.body, "Your password is changed.") {
		t.Error("the notice stays")
	}
	b.submit("username", "ada", "password", another)
	b.wantCode()
	if strings.Contains(b.log.String(), another) {
		t.Error("the password is in the log")
	}
}

// A page must not tell who has an account where the client does not.
func TestForgottenPasswordOfNobody(t *testing.T) {
	for _, c := range []struct{ setting, path, says string }{
		{"ENABLED", "/resetPassword", "Enter the code that was sent to"},
		{"LEGACY", "/forgotPassword", "There is no such account."},
	} {
		t.Run(c.setting, func(t *testing.T) {
			s := setting{}
			s.client.PreventUserExistenceErrors = c.setting
			b := newSite(t, s).browser()
			b.authorize()
			b.follow("Forgot your password?")
			b.submit("username", "nobody")
			b.wantAt(c.path, c.says)
		})
	}
}

// Sign-ins of users who have something to do first lead to where they do it.
func TestSignInLeadsOn(t *testing.T) {
	for _, c := range []struct {
		name       string
		how        func(*store.User)
		path, says string
	}{
		{"not confirmed", func(u *store.User) { u.Status = userpool.StatusUnconfirmed }, "/confirm", "Enter the code that was sent to you."},
		{"must reset", func(u *store.User) { u.Status = userpool.StatusResetRequired }, "/forgotPassword", `value="ada"`},
		{"disabled", func(u *store.User) { u.Enabled = false }, "/login", "This account is disabled."},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newSite(t, setting{pool: verifiesEmail()}).browser()
			b.change(b.user("ada", map[string]string{"email": "ada@example.com"}).Sub, c.how)
			b.signIn("ada")
			b.wantAt(c.path, c.says)
		})
	}
}

func TestConfirmLinks(t *testing.T) {
	link := verifiesEmail()
	link.VerificationMessageTemplate = userpool.VerificationMessageTemplate{DefaultEmailOption: "CONFIRM_WITH_LINK"}
	for _, button := range []bool{false, true} {
		b := newSite(t, setting{pool: link, button: button}).browser()
		b.authorize()
		b.follow("Create an account")
		b.submit("username", "ada", "userAttributes.email", "ada@example.com", "password", password)
		at := b.base + "/confirmUser?client_id=" + b.client.ID + "&user_name=ada&confirmation_code="
		if !strings.Contains(b.sent().Body, "/confirmUser?") {
			t.Fatalf("no link in %s", b.sent().Body)
		}
		path := strings.TrimPrefix(at, b.base)
		other := b.site.browser()
		other.get("/confirmUser?client_id=x")
		other.wantError("/confirmUser", "The link is not complete.")
		other.get(path + b.sent().Code)
		if button {
			other.wantAt("/confirmUser", "Press the button")
			other.submit("confirmation_code", b.sent().Code)
		}
		other.wantAt("/confirmUser", "Your registration has been confirmed!")
		other.signIn("ada")
		other.wantCode()
		other.get(path + b.sent().Code) // as programs that look into mail do as well
		if button {
			other.submit("confirmation_code", b.sent().Code)
		}
		other.wantAt("/confirmUser", "Your registration has been confirmed!")
		eve := b.user("eve", map[string]string{"email": "eve@example.com"})
		b.change(eve.Sub, func(u *store.User) { u.Status = userpool.StatusUnconfirmed })
		other.get(strings.Replace(path, "=ada", "=eve", 1) + "000000")
		if !button {
			other.wantError("/confirmUser", "Your registration could not be confirmed.")
		}
	}
}
