package identity_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/app"
	"github.com/poolhouse/poolhouse/internal/federation/saml/samltest"
	"github.com/poolhouse/poolhouse/internal/identitypool/login"
	"github.com/poolhouse/poolhouse/internal/keys"
)

const (
	corp       = "arn:aws:iam::123456789012:saml-provider/corp"
	spentLogin = "NotAuthorizedException: Invalid login token. The SAML assertion has been used before."
)

// newIdP is an identity provider of tests. Its clock is the real one, as that of
// servers is until a test moves it.
func newIdP() *samltest.IdP { return samltest.New("https://idp.example.com/metadata", time.Now()) }

// withSAML is a server that knows an identity provider as corp.
func withSAML(t testing.TB, database string, master keys.MasterKey, idp *samltest.IdP, sts string) *server {
	t.Helper()
	seed := new(app.Seed)
	if err := json.Unmarshal(fmt.Appendf(nil, `{"SamlProviders":[{"Name":"corp","Metadata":%q}]}`, idp.Metadata()), seed); err != nil {
		t.Fatal(err)
	}
	return serverWith(t, app.Options{DatabaseURL: database, MasterKey: master, STSURL: sts, Seed: seed})
}

// newSAMLPool makes an identity pool that takes logins of corp.
func (s *server) newSAMLPool(more string) string {
	return s.do("Identity", "CreateIdentityPool", `{"IdentityPoolName":"p","AllowUnauthenticatedIdentities":true,"AllowClassicFlow":true,"SamlProviderARNs":[%q]%s}`,
		corp, more).text("IdentityPoolId")
}

// asserted is Logins with an assertion of corp, as JSON.
func asserted(idp *samltest.IdP, l samltest.Login) string {
	if l.At.IsZero() {
		l.At = time.Now()
	}
	return fmt.Sprintf(`{%q:%q}`, corp, idp.Encoded(l))
}

// roleOf is the attribute that gives roles, each with corp as its provider.
func roleOf(names ...string) map[string][]string {
	var values []string
	for i, name := range names {
		value := role + name + "," + corp
		if i%2 == 1 { // either order is common
			value = corp + ", " + role + name
		}
		values = append(values, value)
	}
	return map[string][]string{"https://aws.amazon.com/SAML/Attributes/Role": values}
}

// A name of one format is one identity always, and an assertion gives credentials
// once, on whatever node.
func TestSAML(t *testing.T) {
	databases(t, func(t *testing.T, url string) {
		idp, master := newIdP(), keys.GenerateMasterKey()
		s, other := withSAML(t, url, master, idp, ""), withSAML(t, url, master, idp, "")
		pool := s.newSAMLPool("")
		s.do("Identity", "SetIdentityPoolRoles", `{"IdentityPoolId":%q,"Roles":{"authenticated":"%suser"}}`, pool, role)

		first := asserted(idp, samltest.Login{Name: "ada"})
		id := s.id(pool, first)
		if again := other.id(pool, first); again != id {
			t.Errorf("the same assertion is %s, want %s", again, id)
		}
		if again := other.id(pool, asserted(idp, samltest.Login{Name: "ada", SignResponse: true, BareAssertion: true})); again != id {
			t.Errorf("another assertion is %s, want %s", again, id)
		}
		for name, l := range map[string]samltest.Login{
			"another name": {Name: "Ada"}, "another format": {Name: "ada", Format: "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"},
		} {
			if got := s.id(pool, asserted(idp, l)); got == id {
				t.Errorf("%s is the same identity", name)
			}
		}
		if got := s.do("Identity", "DescribeIdentity", `{"IdentityId":%q}`, id).json("Logins"); got != fmt.Sprintf("[%q]", corp) {
			t.Errorf("the logins are %s", got)
		}

		var wait sync.WaitGroup
		results := make([]string, 10)
		for i := range results {
			node := []*server{s, other}[i%2]
			wait.Go(func() {
				results[i] = node.call("Identity", "GetCredentialsForIdentity", `{"IdentityId":%q,"Logins":%s}`, id, first).err
			})
		}
		wait.Wait()
		given := 0
		for _, result := range results {
			switch result {
			case "":
				given++
			case spentLogin:
			default:
				t.Errorf("got %s", result)
			}
		}
		if given != 1 {
			t.Errorf("credentials were given %d times for one assertion", given)
		}
		other.refuse(spentLogin, "GetId", `{"IdentityPoolId":%q,"Logins":%s}`, pool, first)
		other.refuse(spentLogin, "UnlinkIdentity", `{"IdentityId":%q,"Logins":%s,"LoginsToRemove":[%q]}`, id, first, corp)
		second := s.newSAMLPool("")
		other.refuse(spentLogin, "GetId", `{"IdentityPoolId":%q,"Logins":%s}`, second, first)

		// What cannot be given does not use up an assertion.
		next := asserted(idp, samltest.Login{Name: "ada"})
		s.refuse("NotAuthorizedException: The custom role is not allowed for this identity.", "GetCredentialsForIdentity",
			`{"IdentityId":%q,"Logins":%s,"CustomRoleArn":"%sadmin"}`, id, next, role)
		s.do("Identity", "GetCredentialsForIdentity", `{"IdentityId":%q,"Logins":%s}`, id, next)

		last := asserted(idp, samltest.Login{Name: "ada"})
		s.do("Identity", "UnlinkIdentity", `{"IdentityId":%q,"Logins":%s,"LoginsToRemove":[%q]}`, id, last, corp)
		s.refuse(spentLogin, "GetId", `{"IdentityPoolId":%q,"Logins":%s}`, pool, last)
		if got := s.id(pool, asserted(idp, samltest.Login{Name: "ada"})); got == id {
			t.Error("an unlinked login still leads to its identity")
		}
	})
}

func TestSAMLGuestAndDeveloper(t *testing.T) {
	idp := newIdP()
	s := withSAML(t, "sqlite::memory:", keys.GenerateMasterKey(), idp, "")
	pool := s.newSAMLPool(`,"DeveloperProviderName":"login.example.com"`)
	s.do("Identity", "SetIdentityPoolRoles", `{"IdentityPoolId":%q,"Roles":{"authenticated":"%suser"}}`, pool, role)
	guest := s.id(pool, "{}")
	if got := s.do("Identity", "GetCredentialsForIdentity", `{"IdentityId":%q,"Logins":%s}`, guest, asserted(idp, samltest.Login{Name: "ada"})).text("IdentityId"); got != guest {
		t.Errorf("a guest who signs in becomes %s, want %s", got, guest)
	}
	s.refuse("NotAuthorizedException: Access to Identity '"+guest+"' is forbidden.", "GetCredentialsForIdentity", `{"IdentityId":%q}`, guest)
	s.refuse("InvalidParameterException: Basic (classic) flow is not supported with SAML, please use enhanced flow.",
		"GetOpenIdToken", `{"IdentityId":%q,"Logins":%s}`, guest, asserted(idp, samltest.Login{Name: "ada"}))

	logins := strings.Replace(asserted(idp, samltest.Login{Name: "ada"}), "{", `{"login.example.com":"user-1",`, 1)
	if got := s.do("Identity", "GetOpenIdTokenForDeveloperIdentity", `{"IdentityPoolId":%q,"Logins":%s}`, pool, logins).text("IdentityId"); got != guest {
		t.Errorf("a developer's user with the same login is %s, want %s", got, guest)
	}
	s.refuse(spentLogin, "GetOpenIdTokenForDeveloperIdentity", `{"IdentityPoolId":%q,"Logins":%s}`, pool, logins)
}

// Which role and tags an identity gets shows in what the STS is asked for.
func TestSAMLRoles(t *testing.T) {
	const (
		deny   = "NotAuthorizedException: No role could be determined for this identity."
		custom = "NotAuthorizedException: The custom role is not allowed for this identity."
		noRole = "InvalidIdentityPoolConfigurationException: Invalid identity pool configuration. Check assigned IAM roles for this pool."
		groups = "http://schemas.xmlsoap.org/claims/Group"
	)
	var claims map[string]any
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims = claimsOf(t, r.PostFormValue("WebIdentityToken"))
		fmt.Fprintf(w, `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials>
			<AccessKeyId>%s</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2030-01-01T00:00:00Z</Expiration>
			</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`, strings.TrimPrefix(r.PostFormValue("RoleArn"), role))
	}))
	t.Cleanup(service.Close)
	idp := newIdP()
	s := withSAML(t, "sqlite::memory:", keys.GenerateMasterKey(), idp, service.URL)
	pool := s.newSAMLPool("")
	rule := func(match, value, name string) string {
		return fmt.Sprintf(`{"Claim":%q,"MatchType":%q,"Value":%q,"RoleARN":"%s%s"}`, groups, match, value, role, name)
	}
	rules := func(all ...string) string {
		return fmt.Sprintf(`{"Type":"Rules","AmbiguousRoleResolution":"Deny","RulesConfiguration":{"Rules":[%s]}}`, strings.Join(all, ","))
	}
	const fromToken = `{"Type":"Token","AmbiguousRoleResolution":"AuthenticatedRole"}`
	staff := map[string][]string{groups: {"staff"}}
	elsewhere := map[string][]string{"https://aws.amazon.com/SAML/Attributes/Role": {role + "admin,arn:aws:iam::123456789012:saml-provider/other", role + "admin", "x," + corp, "," + corp, corp + "," + corp}}
	for _, tc := range []struct {
		name, mapping string
		attributes    map[string][]string
		custom, want  string
	}{
		{"default", "", nil, "", "user"},
		{"one role", "", roleOf("admin"), "", "admin"},
		{"several", "", roleOf("admin", "staff"), "", deny},
		{"one of several", "", roleOf("admin", "staff"), "staff", "staff"},
		{"another", "", roleOf("admin", "staff"), "user", custom},
		{"twice the same", "", roleOf("admin", "admin"), "", "admin"},
		{"of another provider", "", elsewhere, "", "user"},
		{"names of Cognito's claims", fromToken, map[string][]string{"cognito:preferred_role": {role + "admin"}}, "", "user"},
		{"from token", fromToken, roleOf("admin"), "", "admin"},
		{"from token, several", fromToken, roleOf("admin", "staff"), "", "user"},
		{"rule", rules(rule("Equals", "staff", "rule")), staff, "", "rule"},
		{"no rule matches", rules(rule("Equals", "boss", "rule")), staff, "", deny},
		{"rules before roles", rules(rule("Equals", "staff", "rule")), roleOf("admin"), "", deny},
		{"names of several groups", rules(rule("Contains", `"R&D"`, "rule")), map[string][]string{groups: {"R&D", "<x>"}}, "", "rule"},
		{"one of several values", rules(rule("Contains", `"staff"`, "rule")), map[string][]string{groups: {"x", "staff"}}, "", "rule"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			mappings := "{}"
			if tc.mapping != "" {
				mappings = fmt.Sprintf(`{%q:%s}`, corp, tc.mapping)
			}
			s.do("Identity", "SetIdentityPoolRoles", `{"IdentityPoolId":%q,"Roles":{"authenticated":"%suser"},"RoleMappings":%s}`, pool, role, mappings)
			logins := asserted(idp, samltest.Login{Name: "ada", Attributes: tc.attributes})
			input := fmt.Sprintf(`{"IdentityId":%q,"Logins":%s`, s.id(pool, logins), logins)
			if tc.custom != "" {
				input += fmt.Sprintf(`,"CustomRoleArn":"%s%s"`, role, tc.custom)
			}
			got := s.call("Identity", "GetCredentialsForIdentity", "%s}", input)
			result := got.err
			if result == "" {
				result = got.text("Credentials", "AccessKeyId")
			}
			if result != tc.want {
				t.Errorf("got %s, want %s", result, tc.want)
			}
		})
	}

	// A pool that has no role of its own needs none, if the provider gives one.
	s.do("Identity", "SetIdentityPoolRoles", `{"IdentityPoolId":%q,"Roles":{}}`, pool)
	logins := asserted(idp, samltest.Login{Name: "ada"})
	s.refuse(noRole, "GetCredentialsForIdentity", `{"IdentityId":%q,"Logins":%s}`, s.id(pool, logins), logins)

	const display = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name"
	for _, tc := range []struct {
		name, set string
		want      map[string]any
	}{
		{"default tags", `"UseDefaults":true`, map[string]any{"client": []any{"ada"}, "username": []any{"Ada Lovelace"}}},
		{"own tags", `"PrincipalTags":{"team":"` + groups + `","for":"aud","none":"x"}`, map[string]any{"team": []any{"staff"}, "for": []any{samltest.Audience}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s.do("Identity", "SetPrincipalTagAttributeMap", `{"IdentityPoolId":%q,"IdentityProviderName":%q,%s}`, pool, corp, tc.set)
			attributes := roleOf("admin")
			attributes[display], attributes[groups] = []string{"Ada Lovelace"}, []string{"staff"}
			attributes[login.SAMLName] = []string{"eve"} // the NameID has this name
			logins := asserted(idp, samltest.Login{Name: "ada", Attributes: attributes})
			s.do("Identity", "GetCredentialsForIdentity", `{"IdentityId":%q,"Logins":%s}`, s.id(pool, logins), logins)
			tags, _ := claims["https://aws.amazon.com/tags"].(map[string]any)
			if !reflect.DeepEqual(tags["principal_tags"], any(tc.want)) {
				t.Errorf("tags %v, want %v", tags, tc.want)
			}
			if want := []any{"authenticated", corp, corp + ":" + samltest.Audience + ":ada"}; !reflect.DeepEqual(claims["amr"], any(want)) {
				t.Errorf("amr %v, want %v", claims["amr"], want)
			}
		})
	}
}

func TestRefusedSAML(t *testing.T) {
	const refused = "NotAuthorizedException: Invalid login token. "
	idp := newIdP()
	s := withSAML(t, "sqlite::memory:", keys.GenerateMasterKey(), idp, "")
	pool := s.newSAMLPool("")
	unknown := s.do("Identity", "CreateIdentityPool", `{"IdentityPoolName":"p","AllowUnauthenticatedIdentities":false,"SamlProviderARNs":["%sx"]}`, corp).text("IdentityPoolId")
	with := func(set func(*samltest.Login)) string {
		l := samltest.Login{Name: "ada", At: time.Now()}
		set(&l)
		return asserted(idp, l)
	}
	good := with(func(*samltest.Login) {})
	for _, tc := range []struct{ name, pool, logins, want string }{
		{"another pool's provider", s.do("Identity", "CreateIdentityPool", `{"IdentityPoolName":"q","AllowUnauthenticatedIdentities":false}`).text("IdentityPoolId"), good,
			"NotAuthorizedException: Token is not from a supported provider of this identity pool."},
		{"no such provider", unknown, strings.Replace(good, corp, corp+"x", 1), refused + "Specified provider doesn't exist."},
		{"no base64", pool, fmt.Sprintf(`{%q:"<xml>"}`, corp), refused + "Not a valid SAML response."},
		{"no XML", pool, fmt.Sprintf(`{%q:"YWJj"}`, corp), refused + "Not a valid SAML response."},
		{"unsigned", pool, with(func(l *samltest.Login) { l.BareAssertion = true }), refused + "Couldn't verify signed token."},
		{"another key", pool, asserted(newIdP(), samltest.Login{Name: "ada"}), refused + "Couldn't verify signed token."},
		{"SHA-1", pool, with(func(l *samltest.Login) { l.Method = "http://www.w3.org/2000/09/xmldsig#rsa-sha1" }),
			refused + "The signature of the SAML response has an algorithm that is not supported."},
		{"another issuer", pool, with(func(l *samltest.Login) { l.Issuer = "x" }), refused + "Issuer doesn't match providerName"},
		{"another audience", pool, with(func(l *samltest.Login) { l.Audience = "x" }), refused + "Incorrect token audience."},
		{"another recipient", pool, with(func(l *samltest.Login) { l.Recipient = "https://x.example.com" }), refused + "Incorrect recipient of the SAML assertion."},
		{"encrypted", pool, with(func(l *samltest.Login) {
			l.Change = func(a string) string { return strings.ReplaceAll(a, "saml:NameID", "saml:EncryptedID") }
		}), refused + "Encrypted SAML assertions are not supported."},
		{"expired", pool, with(func(l *samltest.Login) { l.At = l.At.Add(-11 * time.Minute) }), refused + "The SAML assertion has expired."},
		{"not yet", pool, with(func(l *samltest.Login) { l.At = l.At.Add(6 * time.Minute) }), refused + "The SAML assertion is not valid yet."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s.refuse(tc.want, "GetId", `{"IdentityPoolId":%q,"Logins":%s}`, tc.pool, tc.logins)
		})
	}
	s.id(pool, with(func(l *samltest.Login) { l.At = l.At.Add(-9 * time.Minute) })) // clocks may differ by five minutes
	for name, l := range map[string]samltest.Login{
		"AWS": {Audience: "https://signin.aws.amazon.com/saml", Recipient: "https://us-east-1.signin.aws.amazon.com/saml"},
		"us":  {Audience: publicURL + "/saml", Recipient: publicURL + "/saml"},
	} {
		t.Run("for "+name, func(t *testing.T) {
			l.Name = "ada"
			s.id(pool, asserted(idp, l))
		})
	}
	s.id(pool, good)
	s.advance("11m")
	s.refuse(refused+"The SAML assertion has expired.", "GetId", `{"IdentityPoolId":%q,"Logins":%s}`, pool, good)
	s.advance("18000h") // the certificate is good for two years
	s.refuse(refused+"The metadata or the certificate of the SAML provider has expired.", "GetId", `{"IdentityPoolId":%q,"Logins":%s}`, pool, good)
}
