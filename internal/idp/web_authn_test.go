package idp

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/passkey/passkeytest"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// passkeyAPI is an API with a pool whose users may sign in with passkeys of
// example.com and with codes, a client of it, and the user ann.
type passkeyAPI struct {
	*testAPI
	pool, client string
}

func newPasskeyAPI(t *testing.T) *passkeyAPI {
	t.Helper()
	api := newTestAPI(t, userpool.PoolsOptions{})
	a := &passkeyAPI{testAPI: api}
	a.pool = api.do(t, "CreateUserPool", `{"PoolName":"test","AutoVerifiedAttributes":["email"],
		"Policies":{"SignInPolicy":{"AllowedFirstAuthFactors":["PASSWORD","WEB_AUTHN","EMAIL_OTP"]}}}`).text("UserPool.Id")
	a.client = a.newClient(t, "")
	a.doIn(t, "SetUserPoolMfaConfig", `{"UserPoolId":"POOL","WebAuthnConfiguration":{"RelyingPartyId":"example.com","UserVerification":"preferred"}}`)
	a.newUser(t, "ann")
	return a
}

func (a *passkeyAPI) newClient(t *testing.T, more string) string {
	t.Helper()
	return a.doIn(t, "CreateUserPoolClient", `{"UserPoolId":"POOL","ClientName":"test","PreventUserExistenceErrors":"ENABLED",
		"ExplicitAuthFlows":["ALLOW_USER_PASSWORD_AUTH","ALLOW_USER_AUTH","ALLOW_REFRESH_TOKEN_AUTH"]`+more+`}`).text("UserPoolClient.ClientId")
}

func (a *passkeyAPI) newUser(t *testing.T, name string) {
	t.Helper()
	a.doIn(t, "AdminCreateUser", fmt.Sprintf(`{"UserPoolId":"POOL","Username":%q,"MessageAction":"SUPPRESS","TemporaryPassword":"Passw0rd!",
		"UserAttributes":[{"Name":"email","Value":"%[1]s@example.com"},{"Name":"email_verified","Value":"true"}]}`, name))
	a.doIn(t, "AdminSetUserPassword", fmt.Sprintf(`{"UserPoolId":"POOL","Username":%q,"Password":"Passw0rd!","Permanent":true}`, name))
}

func (a *passkeyAPI) in(text string) string { return fill(text, a.pool, a.client) }

func (a *passkeyAPI) doIn(t *testing.T, operation, input string) answer {
	t.Helper()
	return a.do(t, operation, a.in(input))
}

// token is an access token of a user, of a client.
func (a *passkeyAPI) token(t *testing.T, name, client string) string {
	t.Helper()
	return a.do(t, "InitiateAuth", fill(`{"ClientId":"CLIENT","AuthFlow":"USER_PASSWORD_AUTH",
		"AuthParameters":{"USERNAME":"`+name+`","PASSWORD":"Passw0rd!"}}`, "", client)).text("AuthenticationResult.AccessToken")
}

// options are the creation options for the holder of a token.
func (a *passkeyAPI) options(t *testing.T, token string) string {
	t.Helper()
	return a.do(t, "StartWebAuthnRegistration", `{"AccessToken":"`+token+`"}`).json("CredentialCreationOptions")
}

func (a *passkeyAPI) register(t *testing.T, token string, authenticator *passkeytest.Authenticator) {
	t.Helper()
	got := a.do(t, "CompleteWebAuthnRegistration", complete(token, authenticator.Create(t, a.options(t, token))))
	if len(got.body) != 0 {
		t.Errorf("CompleteWebAuthnRegistration answered %v", got.body)
	}
}

func complete(token, credential string) string {
	return `{"AccessToken":"` + token + `","Credential":` + credential + `}`
}

func TestPasskeys(t *testing.T) {
	api := newPasskeyAPI(t)
	token := api.token(t, "ann", api.client)
	sub := api.doIn(t, "AdminGetUser", `{"UserPoolId":"POOL","Username":"ann"}`).json("UserAttributes")

	var options struct {
		User               struct{ ID, Name, DisplayName string }
		ExcludeCredentials []struct{ ID string }
		RP                 struct{ ID, Name string }
	}
	first := passkeytest.New(t, "https://app.example.com")
	text := api.options(t, token)
	if err := json.Unmarshal([]byte(text), &options); err != nil {
		t.Fatal(err)
	}
	if options.User.Name != "ann" || options.User.DisplayName != "ann" || options.RP.ID != "example.com" || options.RP.Name != "example.com" ||
		len(options.ExcludeCredentials) != 0 {
		t.Errorf("options %s", text)
	}
	credential := first.Create(t, text)
	if !strings.Contains(sub, string(first.UserHandle)) || len(first.UserHandle) != 36 {
		t.Errorf("user.id is %q, of %s", first.UserHandle, sub)
	}
	api.do(t, "CompleteWebAuthnRegistration", complete(token, credential))
	api.refuse(t, "CompleteWebAuthnRegistration", complete(token, credential), "WebAuthnChallengeNotFoundException: "+
		"The credential answers no challenge of this user, or one that has expired or was answered before.")

	second := passkeytest.New(t, "https://example.com")
	second.Attachment, second.Transports = "platform", []string{"internal", "hybrid", "carrier-pigeon"}
	text = api.options(t, token)
	if err := json.Unmarshal([]byte(text), &options); err != nil || len(options.ExcludeCredentials) != 1 {
		t.Errorf("options beside a passkey: %s", text)
	}
	api.do(t, "CompleteWebAuthnRegistration", complete(token, second.Create(t, text)))

	page := api.do(t, "ListWebAuthnCredentials", `{"AccessToken":"`+token+`","MaxResults":1}`)
	rest := api.do(t, "ListWebAuthnCredentials", `{"AccessToken":"`+token+`","MaxResults":1,"NextToken":"`+page.text("NextToken")+`"}`)
	if rest.at("NextToken") != nil {
		t.Errorf("a page after the last: %v", rest.body)
	}
	all := page.json("Credentials") + rest.json("Credentials")
	for _, want := range []string{
		`"AuthenticatorAttachment":"cross-platform","AuthenticatorTransports":["usb"]`, `"FriendlyCredentialName":"Roaming passkey","RelyingPartyId":"example.com"`,
		`"AuthenticatorAttachment":"platform","AuthenticatorTransports":["hybrid","internal"]`, `"FriendlyCredentialName":"Platform passkey"`,
	} {
		if !strings.Contains(all, want) {
			t.Errorf("no %s in %s", want, all)
		}
	}
	api.refuse(t, "ListWebAuthnCredentials", `{"AccessToken":"`+token+`","NextToken":"x"}`, "InvalidParameterException: Invalid pagination token.")

	id := page.at("Credentials").([]any)[0].(map[string]any)["CredentialId"].(string)
	remove := `{"AccessToken":"` + token + `","CredentialId":"` + id + `"}`
	api.newUser(t, "bob")
	api.refuse(t, "DeleteWebAuthnCredential", `{"AccessToken":"`+api.token(t, "bob", api.client)+`","CredentialId":"`+id+`"}`,
		"ResourceNotFoundException: Credential does not exist.")
	api.do(t, "DeleteWebAuthnCredential", remove)
	api.refuse(t, "DeleteWebAuthnCredential", remove, "ResourceNotFoundException: Credential does not exist.")
	if left := api.do(t, "ListWebAuthnCredentials", `{"AccessToken":"`+token+`"}`).at("Credentials").([]any); len(left) != 1 {
		t.Errorf("%d passkeys are left", len(left))
	}
}

func TestPasskeyRegistrationIsRefused(t *testing.T) {
	const challenge = "WebAuthnChallengeNotFoundException: The credential answers no challenge of this user, or one that has expired or was answered before."
	api := newPasskeyAPI(t)
	api.newUser(t, "bob")
	ann, bob := api.token(t, "ann", api.client), api.token(t, "bob", api.client)
	elsewhere := api.token(t, "ann", api.newClient(t, ""))
	taken := passkeytest.New(t, "https://example.com")
	api.register(t, bob, taken)
	for _, tt := range []struct {
		name          string
		change        func(*passkeytest.Authenticator)
		asked, answer string // with whose token
		want          string
	}{
		{"other origin", func(a *passkeytest.Authenticator) { a.Origin = "https://evil.example" }, ann, ann,
			"WebAuthnOriginNotAllowedException: The credential was made at an origin that the relying party ID does not cover."},
		{"other relying party", func(a *passkeytest.Authenticator) { a.RelyingParty = "example.org" }, ann, ann,
			"WebAuthnRelyingPartyMismatchException: The credential is for another relying party ID than that of the user pool."},
		{"of another user", nil, bob, ann, challenge},
		{"of another client", nil, ann, elsewhere, "WebAuthnClientMismatchException: The registration was started with another app client."},
		{"a sign-in", func(a *passkeytest.Authenticator) { a.Type = "webauthn.get" }, ann, ann,
			"InvalidParameterException: Invalid credential: malformed credential: type of ceremony."},
		{"a credential of another user", func(a *passkeytest.Authenticator) { a.ID = taken.ID }, ann, ann,
			"InvalidParameterException: The credential is registered already."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := passkeytest.New(t, "https://example.com")
			if tt.change != nil {
				tt.change(a)
			}
			api.refuse(t, "CompleteWebAuthnRegistration", complete(tt.answer, a.Create(t, api.options(t, tt.asked))), tt.want)
		})
	}
	for name, credential := range map[string]string{"text": `"x"`, "empty": `{}`, "number": `7`, "list": `[]`} {
		t.Run(name, func(t *testing.T) {
			if got := api.call(t, "CompleteWebAuthnRegistration", complete(ann, credential)); got.errType != "InvalidParameterException" {
				t.Errorf("%s: %s", got.errType, got.message)
			}
		})
	}
	t.Run("user not verified", func(t *testing.T) {
		api.doIn(t, "SetUserPoolMfaConfig", `{"UserPoolId":"POOL","WebAuthnConfiguration":{"RelyingPartyId":"example.com","UserVerification":"required"}}`)
		a := passkeytest.New(t, "https://example.com")
		a.Flags = passkeytest.Present
		api.refuse(t, "CompleteWebAuthnRegistration", complete(ann, a.Create(t, api.options(t, ann))),
			"WebAuthnCredentialNotSupportedException: The authenticator did not verify the user, which the user pool requires.")
	})
	t.Run("too many", func(t *testing.T) {
		var late string
		spare := passkeytest.New(t, "https://example.com")
		late = spare.Create(t, api.options(t, ann))
		for range 20 {
			api.register(t, ann, passkeytest.New(t, "https://example.com"))
		}
		const want = "LimitExceededException: A user can have at most 20 passkeys."
		api.refuse(t, "StartWebAuthnRegistration", `{"AccessToken":"`+ann+`"}`, want)
		api.refuse(t, "CompleteWebAuthnRegistration", complete(ann, late), want)
	})
	t.Run("no relying party", func(t *testing.T) {
		api.doIn(t, "SetUserPoolMfaConfig", `{"UserPoolId":"POOL","WebAuthnConfiguration":{"UserVerification":"preferred"}}`)
		api.refuse(t, "StartWebAuthnRegistration", `{"AccessToken":"`+bob+`"}`,
			"WebAuthnConfigurationMissingException: The user pool has neither a relying party ID nor a domain.")
		api.doIn(t, "CreateUserPoolDomain", `{"UserPoolId":"POOL","Domain":"shop"}`)
		if got := api.options(t, bob); !strings.Contains(got, `"rp":{"id":"shop.auth.localhost"`) {
			t.Errorf("with a domain: %s", got)
		}
	})
	t.Run("not enabled", func(t *testing.T) {
		api.doIn(t, "UpdateUserPool", `{"UserPoolId":"POOL","Policies":{"SignInPolicy":{"AllowedFirstAuthFactors":["PASSWORD"]}}}`)
		const want = "WebAuthnNotEnabledException: Passkeys are not enabled for this user pool."
		api.refuse(t, "StartWebAuthnRegistration", `{"AccessToken":"`+bob+`"}`, want)
		api.refuse(t, "CompleteWebAuthnRegistration", complete(bob, `{}`), want)
	})
}

func TestRelyingPartyIDs(t *testing.T) {
	api := newPasskeyAPI(t)
	set := func(id string) string {
		return api.in(fmt.Sprintf(`{"UserPoolId":"POOL","WebAuthnConfiguration":{"RelyingPartyId":%q}}`, id))
	}
	for _, id := range []string{"example.com", "auth.example.co.uk", "localhost", "intranet", "xn--bcher-kva.example"} {
		api.do(t, "SetUserPoolMfaConfig", set(id))
	}
	const form = "InvalidParameterException: %s is not a valid relying party ID: it must be a host name in lower case."
	const listed = "InvalidParameterException: %s is not a valid relying party ID: it is on the public suffix list."
	for id, want := range map[string]string{
		"com": listed, "co.uk": listed, "github.io": listed, "https://example.com": form, "Example.com": form, "example.com:443": form,
		"-a.example": form, "a..example": form, "10.0.0.1": "InvalidParameterException: %s is not a valid relying party ID: it must not be an IP address.",
	} {
		api.refuse(t, "SetUserPoolMfaConfig", set(id), fmt.Sprintf(want, id))
	}
}
