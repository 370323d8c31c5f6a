package hosted

import (
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/userpool"
)

// verifiesEmail is a pool whose users confirm with a code by email.
func verifiesEmail(names ...string) userpool.PoolSettings {
	s := userpool.PoolSettings{}
	s.AutoVerifiedAttributes = []string{"email"}
	s.UsernameAttributes = names
	return s
}

func TestSignUpConfirmSignIn(t *testing.T) {
	for _, c := range []struct {
		name string
		pool userpool.PoolSettings
		form []string
	}{
		{"by name", verifiesEmail(), []string{"username", "ada", "userAttributes.email", "ada@example.com", "password", password}},
		{"by email", verifiesEmail("email"), []string{"username", "ada@example.com", "password", password}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newSite(t, setting{pool: c.pool}).browser()
			b.authorize()
			b.wantAt("/login", "Create an account")
			b.follow("Create an account")
			b.submit(c.form...)
			b.wantAt("/confirm", "Enter the code that was sent to a***@e***.")
			first := b.sent().Code
			b.submit("answer", "000000")
			b.wantRefused("/confirm", "The code is wrong.")
			b.submit("resend", "1")
			b.wantAt("/confirm", "A new code is on its way to a***@e***.")
			if b.sent().Code == first {
				t.Fatal("the same code was sent")
			}
			b.submit("answer", b.sent().Code)
			b.wantCode() // nothing has to be typed again
			if strings.Contains(b.log.String(), password) {
				t.Error("the password is in the log")
			}
		})
	}
}

func TestSignUpRefused(t *testing.T) {
	pool := verifiesEmail()
	for _, c := range []struct{ name, username, email, password, says string }{
		{"short password", "ada", "ada@example.com", "short", "The password does not meet the requirements."},
		{"taken", "eve", "ada@example.com", password, "This username is taken."},
		{"no address", "ada", "nowhere", password, "Invalid email address format."},
		{"long name", strings.Repeat("a", 129), "ada@example.com", password, "Something in the form is not right"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newSite(t, setting{pool: pool}).browser()
			b.user("eve", map[string]string{"email": "eve@example.com"})
			b.authorize()
			b.follow("Create an account")
			b.submit("username", c.username, "userAttributes.email", c.email, "password", c.password)
			b.wantRefused("/signup", c.says)
			if strings.Contains(b.page.body, password) {
				t.Error("the password is on the page")
			}
			if c.name == "taken" && !strings.Contains(b.page.body, `value="ada@example.com"`) {
				t.Error("what was typed is gone")
			}
		})
	}
}

// A sign-up goes on to what else the pool demands, and not from a link.
func TestSignUpGoesOn(t *testing.T) {
	signUp := func(b *browser) {
		b.authorize()
		b.follow("Create an account")
		b.submit("username", "ada", "userAttributes.email", "ada@example.com", "password", password)
		b.wantAt("/confirm", "Enter the code")
	}
	t.Run("to the second factor", func(t *testing.T) {
		b := newSite(t, setting{pool: verifiesEmail(), mfa: appOnly("ON")}).browser()
		signUp(b)
		b.submit("answer", b.sent().Code)
		b.wantAt("/challenge", "Protect your account")
	})
	t.Run("confirmed elsewhere", func(t *testing.T) {
		b := newSite(t, setting{pool: verifiesEmail()}).browser()
		signUp(b)
		_, err := b.Users.ConfirmSignUp(t.Context(), b.pool, b.client, "ada", b.sent().Code, false)
		b.must(err)
		confirm := b.page
		b.submit("answer", "000000")
		b.wantAt("/login", "Your account is confirmed.")
		b.page = confirm
		b.submit("resend", "1")
		b.wantAt("/login", "Your account is confirmed.")
		b.authorize()
		b.wantAt("/login", "Sign in")
	})
	t.Run("later, with the password", func(t *testing.T) {
		b := newSite(t, setting{pool: verifiesEmail()}).browser()
		signUp(b)
		other := b.site.browser()
		other.authorize()
		other.submit("username", "ada", "password", "Wrong-Horse-7")
		other.wantRefused("/login", "Incorrect username or password.")
		other.submit("username", "ada", "password", password)
		other.wantAt("/confirm", "Enter the code that was sent to you.")
		other.submit("resend", "1")
		other.submit("answer", b.sent().Code)
		other.wantCode()
	})
	t.Run("in another browser", func(t *testing.T) {
		b := newSite(t, setting{pool: verifiesEmail()}).browser()
		signUp(b)
		other := b.site.browser()
		other.authorize()
		other.get("/confirm?" + other.page.at.RawQuery)
		other.submit("username", "ada", "answer", b.sent().Code)
		other.wantAt("/login", "Your account is confirmed.")
		other.authorize()
		other.wantAt("/login", "Sign in")
	})
}
