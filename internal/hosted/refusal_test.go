package hosted

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/trigger"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// A form that was wrong is shown again with the name, at an address that tells
// nobody else anything, until it is reloaded much later.
func TestRefusalIsInTheAddress(t *testing.T) {
	b := newSite(t, setting{}).browser()
	b.user("ada", nil)
	b.authorize()
	b.submit("username", "ada", "password", "Wrong-Horse-7")
	b.wantRefused("/login", "Incorrect username or password.")
	if !strings.Contains(b.page.body, `value="ada"`) {
		t.Error("the name is gone")
	}
	at := strings.TrimPrefix(b.page.at.String(), b.base)
	if strings.Contains(at, "Wrong-Horse-7") || strings.Contains(at, "ada") || strings.Contains(b.page.body, "Wrong-Horse-7") {
		t.Errorf("what was typed is at %s", at)
	}
	b.get(at + "&lang=de")
	b.wantRefused("/login", "Benutzername oder Passwort")
	b.get(strings.Replace(at, "failed=", "failed=A", 1))
	if strings.Contains(b.page.body, `id="failure"`) {
		t.Error("a failure that was changed is shown")
	}
	other := b.site.browser()
	other.authorize()
	other.get(at)
	if strings.Contains(other.page.body, `id="failure"`) || strings.Contains(other.page.body, `value="ada"`) {
		t.Errorf("another browser reads\n%s", other.page.body)
	}
	b.get(at + "&lang=en")
	b.submit("username", "ada", "password", password)
	b.wantCode()
	b.get(at)
	b.wantRefused("/login", "Incorrect username or password.") // not the account of the session
	b.advance(refusalLife)
	b.get(at)
	if strings.Contains(b.page.body, `id="failure"`) {
		t.Error("the failure is shown later")
	}
}

// Two tabs have a failure each.
func TestRefusalsOfTabs(t *testing.T) {
	b := newSite(t, setting{pool: verifiesEmail()}).browser()
	b.user("eve", nil)
	b.authorize()
	login := b.page
	b.follow("Create an account")
	b.submit("username", "eve", "userAttributes.email", "ada@example.com", "password", password)
	b.wantRefused("/signup", "This username is taken.")
	signUp := strings.TrimPrefix(b.page.at.String(), b.base)
	b.page = login
	b.submit("username", "eve", "password", "Wrong-Horse-7")
	b.wantRefused("/login", "Incorrect username or password.")
	b.get(signUp)
	b.wantRefused("/signup", "This username is taken.")
	if !strings.Contains(b.page.body, `value="ada@example.com"`) {
		t.Error("the address is gone")
	}
}

// However much was typed, the address stays within what a page takes.
func TestRefusalOfMuch(t *testing.T) {
	s := setting{pool: verifiesEmail()}
	s.pool.Schema = []userpool.SchemaSettings{{Name: "address", Required: new(true), Mutable: new(true)}, {Name: "website", Required: new(true), Mutable: new(true)}}
	b := newSite(t, s).browser()
	b.authorize()
	b.follow("Create an account")
	name := strings.Repeat("<ä", 64)
	b.submit("username", name, "userAttributes.email", "nowhere", "userAttributes.address", strings.Repeat("ü", 2048),
		"userAttributes.website", strings.Repeat(`"`, 2048), "password", password)
	b.wantRefused("/signup", "Something in the form is not right")
	if n := len(b.page.at.Query().Get(refusalParameter)); n > maxRefusal {
		t.Errorf("%d characters", n)
	}
	if !strings.Contains(b.page.body, `value="`+strings.Repeat("&lt;ä", 64)+`"`) {
		t.Error("the name is gone")
	}
}

// A function that is missing or fails is told of on the page, in its words.
func TestFunctionFails(t *testing.T) {
	const arn = "arn:aws:lambda:us-east-1:123456789012:function:f"
	says := func(answer string) trigger.Functions {
		return trigger.Functions{arn: func(context.Context, json.RawMessage) (json.RawMessage, error) { return json.RawMessage(answer), nil }}
	}
	for _, c := range []struct {
		name      string
		lambda    userpool.LambdaConfig
		functions trigger.Functions
		says      string
	}{
		{"missing, after", userpool.LambdaConfig{PostAuthentication: arn}, trigger.Functions{}, "PostAuthentication invocation failed due to error"},
		{"missing, before", userpool.LambdaConfig{PreAuthentication: arn}, trigger.Functions{}, "PreAuthentication invocation failed due to error"},
		{"no answer", userpool.LambdaConfig{PreAuthentication: arn}, says(`"nothing"`), "Unrecognizable lambda output"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := setting{functions: c.functions}
			b := newSite(t, s).browser()
			b.user("ada", nil)
			s.pool.LambdaConfig = c.lambda
			b.must(b.Pools.Update(t.Context(), b.pool.ID, "test", s.pool))
			b.signIn("ada")
			b.wantRefused("/login", c.says)
			b.wantRefused("/login", "A function of the app failed at this step.")
			b.authorize()
			b.wantAt("/login", "Sign in") // not signed in
		})
	}
}

// A client whose users do not sign in here is told so; one that pushes its requests
// has the page, and gets nothing that it did not push.
func TestAccountOfClients(t *testing.T) {
	b := newSite(t, setting{}).browser()
	b.user("ada", nil)
	made, err := b.Pools.CreateClient(t.Context(), userpool.NewClient{PoolID: b.pool.ID, Name: "SDK only"})
	b.must(err)
	b.get("/account?client_id=" + made.ID)
	b.wantAt("/account", "The users of this app do not sign in on these pages")

	err = b.Pools.SetClientExtensions(t.Context(), b.pool.ID, b.client.ID, userpool.OAuthExtensions{PushedOnly: true})
	b.must(err)
	b.account()
	b.wantAt("/login", "Sign in")
	request := b.page.at.Query()
	b.submit("username", "ada", "password", password)
	b.wantAt("/account", "Signed in as ada")
	for _, path := range []string{"/oauth2/authorize", "/login"} {
		request.Set("return_to", "nowhere")
		b.get(path + "?" + request.Encode() + "&prompt=" + url.QueryEscape("select_account"))
		b.submit("continue", "1")
		to, err := url.Parse(b.page.location)
		b.must(err)
		if to.Query().Get("error") != "invalid_request" || to.Query().Has("code") {
			t.Errorf("%s: to %q", path, b.page.location)
		}
	}
	request.Del("return_to")
	b.get("/oauth2/authorize?" + request.Encode())
	if b.page.location != "" || b.page.status < 400 {
		t.Errorf("%d to %q", b.page.status, b.page.location)
	}
}
