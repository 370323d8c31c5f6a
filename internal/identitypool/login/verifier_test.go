package login

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// issuer is an OpenID Connect provider and what else is on the web.
type issuer struct {
	rsa     *rsa.PrivateKey
	ec      *ecdsa.PrivateKey
	pages   map[string]string
	fetched int
	down    bool
}

const host = "login.example.com/tenant"

func newIssuer(t testing.TB) *issuer {
	t.Helper()
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	e, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	point, err := e.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return &issuer{rsa: r, ec: e, pages: map[string]string{
		"https://" + host + "/.well-known/openid-configuration": `{"issuer":"https://` + host + `","jwks_uri":"https://keys.example.com/set"}`,
		"https://keys.example.com/set": fmt.Sprintf(`{"keys":[{"kty":"RSA","kid":"r","use":"sig","n":%q,"e":"AQAB"},{"kty":"EC","kid":"e","crv":"P-256","x":%q,"y":%q},{"kty":"oct","kid":"s"}]}`,
			b64(r.N.Bytes()), b64(point[1:33]), b64(point[33:])),
		"https://graph.facebook.com/app?fields=id&access_token=good":      `{"id":"app1"}`,
		"https://graph.facebook.com/me?fields=id&access_token=good":       `{"id":"fb-user"}`,
		"https://graph.facebook.com/app?fields=id&access_token=other":     `{"id":"app2"}`,
		"https://api.amazon.com/auth/o2/tokeninfo?access_token=good":      `{"aud":"amzn1.client","user_id":"amzn1.account.A"}`,
		"https://api.amazon.com/auth/o2/tokeninfo?access_token=other%26a": `{"aud":"amzn1.another","user_id":"amzn1.account.A"}`,
	}}
}

func (i *issuer) fetch(_ context.Context, address string) (int, []byte, error) {
	i.fetched++
	if i.down {
		return 0, nil, errors.New("GET " + address + ": down")
	}
	if page, ok := i.pages[address]; ok {
		return 200, []byte(page), nil
	}
	return 400, nil, nil
}

func (i *issuer) sign(t testing.TB, header, claims string) string {
	t.Helper()
	b64 := base64.RawURLEncoding.EncodeToString
	signed := b64([]byte(header)) + "." + b64([]byte(claims))
	digest := sha256.Sum256([]byte(signed))
	if strings.Contains(header, "ES256") {
		r, s, err := ecdsa.Sign(rand.Reader, i.ec, digest[:])
		if err != nil {
			t.Fatal(err)
		}
		var raw [64]byte
		r.FillBytes(raw[:32])
		s.FillBytes(raw[32:])
		return signed + "." + b64(raw[:])
	}
	signature, err := i.rsa.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + b64(signature)
}

var testNow = time.Unix(1_800_000_000, 0)

// claimsWith is the claims of a good token with some changed; null takes one away.
func claimsWith(t testing.TB, changes string) string {
	t.Helper()
	all := map[string]any{"iss": "https://" + host, "sub": "ada", "aud": "client1", "exp": testNow.Unix() + 60, "iat": testNow.Unix()}
	var changed map[string]any
	if err := json.Unmarshal([]byte("{"+changes+"}"), &changed); err != nil {
		t.Fatal(err)
	}
	for name, value := range changed {
		if all[name] = value; value == nil {
			delete(all, name)
		}
	}
	b, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

const rs, es = `{"alg":"RS256","kid":"r"}`, `{"alg":"ES256","kid":"e"}`

func TestOpenID(t *testing.T) {
	i := newIssuer(t)
	v := New(nil, Names{}, nil, i.fetch, func() time.Time { return testNow })
	p := Providers{Public: map[string]string{host: "client0;client1"}, OIDC: []string{"arn:aws:iam::123456789012:oidc-provider/" + host, "arn:aws:iam::123456789012:oidc-provider/open.example.com"}}
	const no = "NotAuthorizedException: Invalid login token. "
	for _, tc := range []struct{ name, provider, header, changes, want string }{
		{"RS256", host, rs, ``, "ada client1"},
		{"ES256", host, es, ``, "ada client1"},
		{"slash at the end", host, rs, `"iss":"https://` + host + `/"`, "ada client1"},
		{"several audiences", host, rs, `"aud":["x","client0"],"azp":"client0"`, "ada client0"},
		{"issued to another", host, rs, `"aud":["x","client0"],"azp":"x"`, no + "Incorrect token audience."},
		{"another audience", host, rs, `"aud":"client2"`, no + "Incorrect token audience."},
		{"no audience", host, rs, `"aud":null`, no + "Incorrect token audience."},
		{"no clients listed", "open.example.com", rs, `"iss":"https://open.example.com"`, no + "Incorrect token audience."},
		{"another issuer", host, rs, `"iss":"https://evil.example.com"`, no + "Issuer doesn't match providerName"},
		{"just expired", host, rs, `"exp":1799999701`, "ada client1"},
		{"expired", host, rs, `"exp":1799999700`, no + "Token expired: 1799999700 >= 1800000000"},
		{"no end", host, rs, `"exp":null`, no + "Not a valid OpenId Connect identity token."},
		{"from the future", host, rs, `"iat":1800000301`, no + "Not a valid OpenId Connect identity token."},
		{"not yet", host, rs, `"nbf":1800000301`, no + "Not a valid OpenId Connect identity token."},
		{"no subject", host, rs, `"sub":null`, no + "Not a valid OpenId Connect identity token."},
		{"long subject", host, rs, `"sub":"` + strings.Repeat("a", 1025) + `"`, no + "Not a valid OpenId Connect identity token."},
		{"unsigned", host, `{"alg":"none","kid":"r"}`, ``, no + "Couldn't verify signed token."},
		{"another algorithm", host, `{"alg":"HS256","kid":"r"}`, ``, no + "Couldn't verify signed token."},
		{"another kind of key", host, `{"alg":"RS256","kid":"e"}`, ``, no + "Couldn't verify signed token."},
		{"unknown key", host, `{"alg":"RS256","kid":"x"}`, ``, no + "Couldn't verify signed token."},
		{"critical header", host, `{"alg":"RS256","kid":"r","crit":["x"]}`, ``, no + "Not a valid OpenId Connect identity token."},
		{"type of JWTs", host, `{"alg":"RS256","kid":"r","typ":"jwt"}`, ``, "ada client1"},
		{"logout token", host, `{"alg":"RS256","kid":"r","typ":"logout+jwt"}`, `"events":{"http://schemas.openid.net/event/backchannel-logout":{}}`, no + "Not a valid OpenId Connect identity token."},
		{"logout token without a type", host, rs, `"events":{"http://schemas.openid.net/event/backchannel-logout":{}}`, no + "Not a valid OpenId Connect identity token."},
		{"access token", host, `{"alg":"RS256","kid":"r","typ":"at+jwt"}`, ``, no + "Not a valid OpenId Connect identity token."},
		{"access token by its media type", host, `{"alg":"RS256","kid":"r","typ":"application/AT+JWT"}`, ``, no + "Not a valid OpenId Connect identity token."},
		{"events of something else", host, rs, `"events":{"concert":{}}`, "ada client1"},
		{"unknown provider", "evil.example.com", rs, ``, "NotAuthorizedException: Token is not from a supported provider of this identity pool."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l, err := v.Verify(t.Context(), p, tc.provider, i.sign(t, tc.header, claimsWith(t, tc.changes)))
			got := fmt.Sprint(err)
			if err == nil {
				got = l.Subject + " " + l.Audience
				if l.Provider != host || l.Resource != p.OIDC[0] {
					t.Errorf("the login is %+v", l)
				}
			}
			if got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
	good := i.sign(t, rs, claimsWith(t, ""))
	for name, token := range map[string]string{
		"two parts": good[:strings.LastIndexByte(good, '.')], "four": good + ".x", "line break": good + "\n", "empty": "", "padding": good + "=",
		"twice the same name": i.sign(t, rs, `{"sub":"a","sub":"b"}`), "no object": i.sign(t, rs, `null`), "long": strings.Repeat("a", maxToken+1),
	} {
		if _, err := v.Verify(t.Context(), p, host, token); fmt.Sprint(err) != no+"Not a valid OpenId Connect identity token." {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := v.Verify(t.Context(), p, host, good[:len(good)-4]+"AAAA"); fmt.Sprint(err) != no+"Couldn't verify signed token." {
		t.Errorf("a changed signature: %v", err)
	}
}

// Keys are fetched once, again for a new key, not for each token with an unknown
// one, and used for a while if the issuer is down.
func TestKeys(t *testing.T) {
	i, now := newIssuer(t), testNow
	v := New(nil, Names{}, nil, i.fetch, func() time.Time { return now })
	p := Providers{Public: map[string]string{host: "client1"}}
	verify := func(header string) error {
		_, err := v.Verify(t.Context(), p, host, i.sign(t, header, claimsWith(t, fmt.Sprintf(`"exp":%d,"iat":%d`, now.Unix()+60, now.Unix()))))
		return err
	}
	for _, step := range []struct {
		name    string
		after   time.Duration
		header  string
		down    bool
		ok      bool
		fetched int // documents until then
	}{
		{"first", 0, rs, false, true, 2},
		{"again", time.Second, rs, false, true, 2},
		{"unknown, at once", time.Second, `{"alg":"RS256","kid":"x"}`, false, false, 2},
		{"unknown, later", keysRefetch, `{"alg":"RS256","kid":"x"}`, false, false, 4},
		{"unknown, again", time.Second, `{"alg":"RS256","kid":"x"}`, false, false, 4},
		{"old", keysFresh, rs, false, true, 6},
		{"old and down", keysFresh, rs, true, true, 7},
		{"too old and down", keysStale, rs, true, false, 8},
	} {
		now, i.down = now.Add(step.after), step.down
		if err := verify(step.header); (err == nil) != step.ok || i.fetched != step.fetched {
			t.Errorf("%s: %v after %d documents, want %d", step.name, err, i.fetched, step.fetched)
		}
	}
}

func TestSocial(t *testing.T) {
	i := newIssuer(t)
	v := New(nil, Names{}, nil, i.fetch, func() time.Time { return testNow })
	p := Providers{Public: map[string]string{Facebook: "app0;app1", Amazon: "amzn1.client"}}
	for _, tc := range []struct{ provider, token, want string }{
		{Facebook, "good", "fb-user app1"},
		{Facebook, "other", "NotAuthorizedException: Invalid login token. Incorrect token audience."},
		{Facebook, "bad", "NotAuthorizedException: Invalid login token. Not a valid access token of the provider."},
		{Amazon, "good", "amzn1.account.A amzn1.client"},
		{Amazon, "other&a", "NotAuthorizedException: Invalid login token. Incorrect token audience."},
		{Amazon, "bad", "NotAuthorizedException: Invalid login token. Not a valid access token of the provider."},
	} {
		l, err := v.Verify(t.Context(), p, tc.provider, tc.token)
		got := fmt.Sprint(err)
		if err == nil {
			got = l.Subject + " " + l.Audience
		}
		if got != tc.want {
			t.Errorf("%s %s: %s, want %s", tc.provider, tc.token, got, tc.want)
		}
	}
	i.down = true
	if _, err := v.Verify(t.Context(), p, Facebook, "good"); fmt.Sprint(err) != "ExternalServiceException: The identity provider cannot be reached." {
		t.Errorf("down: %v", err) // without the token, which the address has
	}
}

func TestNames(t *testing.T) {
	n := Names{Host: "id.example.com:8443/base"}
	const pool = "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Abc123"
	for name, want := range map[string]string{
		pool: pool, "id.example.com:8443/base/eu-west-1_Abc123": pool,
		"id.example.com/eu-west-1_Abc123": "id.example.com/eu-west-1_Abc123", "accounts.google.com": "accounts.google.com",
		"id.example.com:8443/base/x/eu-west-1_Abc123": "id.example.com:8443/base/x/eu-west-1_Abc123",
	} {
		if got := n.Canonical(name); got != want {
			t.Errorf("Canonical(%q) = %q, want %q", name, got, want)
		}
	}
	for name, want := range map[string]string{
		pool: "eu-west-1_Abc123", "cognito-idp.us-east-1.amazonaws.com/eu-west-1_Abc123": "", "id.example.com/eu-west-1_Abc123": "", "": "",
	} {
		if got, _ := UserPool(name); got != want {
			t.Errorf("UserPool(%q) = %q, want %q", name, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	i := newIssuer(f)
	f.Add(i.sign(f, rs, `{"sub":"a"}`))
	f.Add(i.sign(f, es, `{}`))
	f.Add("..")
	f.Fuzz(func(t *testing.T, token string) {
		j, err := parse(token)
		if err != nil {
			return
		}
		if strings.Count(token, ".") != 2 || !strings.HasPrefix(token, j.signed) {
			t.Errorf("%q is signed over %q", token, j.signed)
		}
		if token != i.sign(t, rs, `{"sub":"a"}`) && j.verify(&i.rsa.PublicKey) {
			t.Errorf("%q has a signature", token)
		}
	})
}

func FuzzKeys(f *testing.F) {
	for _, page := range newIssuer(f).pages {
		f.Add([]byte(page))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		keys, err := parseKeys(text)
		if err != nil {
			return
		}
		for id, key := range keys {
			if key == nil || len(id) > maxKeyID {
				t.Errorf("key %q is %v", id, key)
			}
			(&jws{alg: "RS256"}).verify(key) // must not panic
		}
	})
}
