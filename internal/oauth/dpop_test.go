package oauth

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/store/storetest"
	"github.com/poolhouse/poolhouse/internal/token"
	"github.com/poolhouse/poolhouse/internal/userpool"
	"github.com/poolhouse/poolhouse/verify/dpop"
	"github.com/poolhouse/poolhouse/verify/dpop/dpoptest"
)

const (
	tokenURL    = "https://id.example.com/_domain/demo/oauth2/token"
	userInfoURL = "https://id.example.com/_domain/demo/oauth2/userInfo"
)

var dpopAllowed = userpool.OAuthExtensions{DPoP: userpool.DPoPAllowed}

// postWith is post with proofs, in DPoP headers.
func (s *site) postWith(path string, form url.Values, proofs []string, basic ...string) answer {
	r := httptest.NewRequest(http.MethodPost, "https://id.example.com/_domain/demo"+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if len(basic) == 2 {
		r.SetBasicAuth(basic[0], basic[1])
	}
	r.Header["Dpop"] = proofs
	return s.do(r)
}

// proof is a proof for a request to the token endpoint now.
func (s *site) proof(k *dpoptest.Key) []string {
	return []string{k.Proof("POST", tokenURL, s.now(), "", "")}
}

// info asks for the user's claims with a token and proofs.
func (s *site) info(scheme, accessToken string, proofs ...string) answer {
	r := httptest.NewRequest(http.MethodGet, userInfoURL, nil)
	r.Header.Set("Authorization", scheme+" "+accessToken)
	r.Header["Dpop"] = proofs
	return s.do(r)
}

func (s *site) infoProof(k *dpoptest.Key, accessToken string) string {
	return k.Proof("GET", userInfoURL, s.now(), "", accessToken)
}

func proofFault(code, description string) string {
	return fmt.Sprintf(`{"error":%q,"error_description":%q}`, code, description)
}

// TestBoundTokens follows a public client through code, userInfo and refresh.
func TestBoundTokens(t *testing.T) {
	s := newSite(t)
	k, other := dpoptest.NewKey(), dpoptest.NewKey()
	off := s.postWith("/oauth2/token", codeForm(s.code(t, request())), s.proof(k)).tokens(t)
	if off.TokenType != "Bearer" || claims(t, off.AccessToken)["cnf"] != nil {
		t.Errorf("a client without DPoP got %s", off.TokenType)
	}
	s.extend(t, publicClient, dpopAllowed)
	plain := s.post("/oauth2/token", codeForm(s.code(t, request()))).tokens(t)
	if plain.TokenType != "Bearer" || claims(t, plain.AccessToken)["cnf"] != nil {
		t.Errorf("without a proof: %s", plain.TokenType)
	}

	bound := s.postWith("/oauth2/token", codeForm(s.code(t, request())), s.proof(k)).tokens(t)
	cnf, _ := claims(t, bound.AccessToken)["cnf"].(map[string]any)
	if bound.TokenType != "DPoP" || len(cnf) != 1 || cnf["jkt"] != k.Thumbprint() || claims(t, bound.IDToken)["cnf"] != nil {
		t.Errorf("%s, cnf %v, ID token %v", bound.TokenType, cnf, claims(t, bound.IDToken))
	}

	if got := claimsOfBody(t, s.info("DPoP", bound.AccessToken, s.infoProof(k, bound.AccessToken))); got["username"] != "alice" {
		t.Errorf("userInfo: %v", got)
	}
	const notOne = "Access token and DPoP proof are not of one key."
	for name, test := range map[string]struct {
		answer            answer
		code, description string
	}{
		"as Bearer":                   {s.info("Bearer", bound.AccessToken), "invalid_token", notOne},
		"as Bearer with a proof":      {s.info("Bearer", bound.AccessToken, s.infoProof(k, bound.AccessToken)), "invalid_token", notOne},
		"with another key's proof":    {s.info("DPoP", bound.AccessToken, s.infoProof(other, bound.AccessToken)), "invalid_token", notOne},
		"an unbound token, proven":    {s.info("DPoP", plain.AccessToken, s.infoProof(k, plain.AccessToken)), "invalid_token", notOne},
		"without a proof":             {s.info("DPoP", bound.AccessToken), "invalid_dpop_proof", errNoProof.description},
		"with two proofs":             {s.info("DPoP", bound.AccessToken, s.infoProof(k, bound.AccessToken), s.infoProof(k, bound.AccessToken)), "invalid_dpop_proof", errTwoProofs.description},
		"with a proof of no token":    {s.info("DPoP", bound.AccessToken, s.infoProof(k, "")), "invalid_dpop_proof", dpop.ErrToken.Error()},
		"with another token's proof":  {s.info("DPoP", bound.AccessToken, s.infoProof(k, plain.AccessToken)), "invalid_dpop_proof", dpop.ErrToken.Error()},
		"with one of another address": {s.info("DPoP", bound.AccessToken, k.Proof("GET", tokenURL, s.now(), "", bound.AccessToken)), "invalid_dpop_proof", dpop.ErrURL.Error()},
		"no token at all":             {s.info("DPoP", "", s.infoProof(k, "")), "invalid_request", badUserInfo},
	} {
		t.Run(name, func(t *testing.T) {
			status := 401
			if test.code == "invalid_request" {
				status = 400
			}
			test.answer.want(t, status, proofFault(test.code, test.description))
			challenge := `DPoP error="` + test.code + `", error_description="` + test.description + `", algs="ES256 ES384 RS256 PS256 EdDSA Ed25519"`
			if strings.HasPrefix(name, "as Bearer") {
				challenge = `Bearer error="` + test.code + `", error_description="` + test.description + `"`
			}
			if got := test.answer.Header.Get("WWW-Authenticate"); got != challenge {
				t.Errorf("challenge %q, want %q", got, challenge)
			}
		})
	}
	// The operations of the API take no proofs, so they take no bound token.
	if _, err := s.Tokens.Authenticate(t.Context(), bound.AccessToken); !errors.Is(err, token.ErrBound) || fault.CodeOf(err) != fault.NotAuthorized {
		t.Errorf("an operation of the API: %v", err)
	}

	refresh := url.Values{"grant_type": {"refresh_token"}, "client_id": {publicClient}, "refresh_token": {bound.RefreshToken}}
	for name, proofs := range map[string][]string{"without a proof": nil, "with another key's proof": s.proof(other)} {
		t.Run("refresh "+name, func(t *testing.T) {
			s.postWith("/oauth2/token", refresh, proofs).want(t, 400, oauthError("invalid_grant"))
		})
	}
	_, client, err := s.Pools.PoolClient(t.Context(), testPool, publicClient)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Tokens.OpenRefresh(t.Context(), client, bound.RefreshToken, ""); fault.CodeOf(err) != fault.NotAuthorized {
		t.Errorf("an operation of the API: %v", err)
	}
	again := s.postWith("/oauth2/token", refresh, s.proof(k)).tokens(t)
	if again.TokenType != "DPoP" || again.RefreshToken != "" {
		t.Errorf("refreshed: %+v", again)
	}
	claimsOfBody(t, s.info("DPoP", again.AccessToken, s.infoProof(k, again.AccessToken)))

	// A refresh token from before is as it was, and its access tokens can be bound.
	refresh.Set("refresh_token", plain.RefreshToken)
	if got := s.postWith("/oauth2/token", refresh, s.proof(k)).tokens(t); got.TokenType != "DPoP" {
		t.Errorf("an unbound refresh token: %s", got.TokenType)
	}
	if got := s.post("/oauth2/token", refresh).tokens(t); got.TokenType != "Bearer" {
		t.Errorf("an unbound refresh token: %s", got.TokenType)
	}
}

// TestBoundRotation rotates refresh tokens, which stay with their key.
func TestBoundRotation(t *testing.T) {
	s := newSite(t)
	s.extend(t, publicClient, dpopAllowed)
	_, client, err := s.Pools.PoolClient(t.Context(), testPool, publicClient)
	if err != nil {
		t.Fatal(err)
	}
	config := client.ClientConfig
	config.RefreshTokenRotation = &userpool.RefreshTokenRotation{Feature: "ENABLED", RetryGracePeriodSeconds: new(0)}
	config.ExplicitAuthFlows = []string{"ALLOW_USER_SRP_AUTH"}
	if _, err := s.Pools.UpdateClient(t.Context(), testPool, publicClient, "rotates", userpool.ClientSettings{ClientConfig: config}); err != nil {
		t.Fatal(err)
	}
	k, other := dpoptest.NewKey(), dpoptest.NewKey()
	form := func(text string) url.Values {
		return url.Values{"grant_type": {"refresh_token"}, "client_id": {publicClient}, "refresh_token": {text}}
	}
	first := s.postWith("/oauth2/token", codeForm(s.code(t, request())), s.proof(k)).tokens(t)
	second := s.postWith("/oauth2/token", form(first.RefreshToken), s.proof(k)).tokens(t)
	s.postWith("/oauth2/token", form(second.RefreshToken), s.proof(other)).want(t, 400, oauthError("invalid_grant"))
	s.postWith("/oauth2/token", form(second.RefreshToken), nil).want(t, 400, oauthError("invalid_grant"))
	s.postWith("/oauth2/token", form(second.RefreshToken), s.proof(k)).tokens(t)
	// One that was not bound is, from the first proof on.
	plain := s.post("/oauth2/token", codeForm(s.code(t, request()))).tokens(t)
	next := s.postWith("/oauth2/token", form(plain.RefreshToken), s.proof(k)).tokens(t)
	s.post("/oauth2/token", form(next.RefreshToken)).want(t, 400, oauthError("invalid_grant"))
	s.postWith("/oauth2/token", form(next.RefreshToken), s.proof(k)).tokens(t)
}

// TestConfidentialBoundTokens holds that a client with a secret may change its key.
func TestConfidentialBoundTokens(t *testing.T) {
	s := newSite(t)
	s.extend(t, secretClient, userpool.OAuthExtensions{DPoP: userpool.DPoPAllowed, Introspection: true})
	k, other := dpoptest.NewKey(), dpoptest.NewKey()
	got := s.postWith("/oauth2/token", codeForm(s.code(t, request("client_id", secretClient)), "client_id", ""), s.proof(k), secretClient, testSecret).tokens(t)
	told := claimsOfBody(t, s.post("/oauth2/introspect", url.Values{"token": {got.AccessToken}}, secretClient, testSecret))
	if cnf, _ := told["cnf"].(map[string]any); told["token_type"] != "DPoP" || cnf["jkt"] != k.Thumbprint() || told["active"] != true {
		t.Errorf("introspection: %v", told)
	}
	if told := claimsOfBody(t, s.post("/oauth2/introspect", url.Values{"token": {got.RefreshToken}}, secretClient, testSecret)); told["active"] != true || told["cnf"] != nil {
		t.Errorf("introspection of the refresh token: %v", told)
	}
	refresh := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {got.RefreshToken}}
	next := s.postWith("/oauth2/token", refresh, s.proof(other), secretClient, testSecret).tokens(t)
	if cnf, _ := claims(t, next.AccessToken)["cnf"].(map[string]any); cnf["jkt"] != other.Thumbprint() {
		t.Errorf("the new token is of %v", cnf)
	}
	s.post("/oauth2/revoke", url.Values{"token": {got.RefreshToken}}, secretClient, testSecret).want(t, 200, "")
	s.postWith("/oauth2/token", refresh, s.proof(k), secretClient, testSecret).want(t, 400, oauthError("invalid_grant"))

	s.extend(t, machineClient, dpopAllowed)
	machine := s.postWith("/oauth2/token", url.Values{"grant_type": {"client_credentials"}}, s.proof(k), machineClient, testSecret).tokens(t)
	if cnf, _ := claims(t, machine.AccessToken)["cnf"].(map[string]any); machine.TokenType != "DPoP" || cnf["jkt"] != k.Thumbprint() {
		t.Errorf("a machine's token: %s of %v", machine.TokenType, cnf)
	}
	if told := claimsOfBody(t, s.post("/oauth2/introspect", url.Values{"token": {machine.AccessToken}}, secretClient, testSecret)); told["token_type"] != "DPoP" {
		t.Errorf("introspection of a machine's token: %v", told)
	}
	s.extend(t, publicClient, dpopAllowed)
	bound := s.postWith("/oauth2/token", codeForm(s.code(t, request())), s.proof(k)).tokens(t)
	told = claimsOfBody(t, s.post("/oauth2/introspect", url.Values{"token": {bound.RefreshToken}}, secretClient, testSecret))
	if cnf, _ := told["cnf"].(map[string]any); told["active"] != true || cnf["jkt"] != k.Thumbprint() {
		t.Errorf("introspection of a bound refresh token: %v", told)
	}
}

// TestRequiredProofs has a client that takes no tokens which others could use.
func TestRequiredProofs(t *testing.T) {
	s := newSite(t)
	e := userpool.OAuthExtensions{DPoP: userpool.DPoPRequired}
	s.extend(t, publicClient, e)
	s.extend(t, machineClient, e)
	k := dpoptest.NewKey()
	code := s.code(t, request())
	missing := proofFault("invalid_dpop_proof", "The client must send a DPoP proof")
	s.post("/oauth2/token", codeForm(code)).want(t, 400, missing)
	s.post("/oauth2/token", url.Values{"grant_type": {"client_credentials"}}, machineClient, testSecret).want(t, 400, missing)
	s.post("/oauth2/token", url.Values{"grant_type": {"client_credentials"}}, machineClient, "x").want(t, 400, oauthError("invalid_client"))
	got := s.postWith("/oauth2/token", codeForm(code), s.proof(k)).tokens(t) // the code was not used up
	if got.TokenType != "DPoP" {
		t.Error(got.TokenType)
	}
	to, err := s.get("/oauth2/authorize", request("response_type", "token", "code_challenge", "", "code_challenge_method", "")).Location()
	if err != nil || !strings.Contains(to.Fragment, "error=unauthorized_client") {
		t.Errorf("the implicit grant: %v %v", to, err)
	}
	// Nor do the operations of the API give any.
	pool, client, err := s.Pools.PoolClient(t.Context(), testPool, machineClient)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Tokens.IssueClient(t.Context(), token.ClientGrant{Pool: pool, Client: client}); err == nil ||
		err.Error() != "NotAuthorizedException: Tokens of client "+machineClient+" must be bound to a key by DPoP" {
		t.Errorf("GetClientToken: %v", err)
	}
	_, client, _ = s.Pools.PoolClient(t.Context(), testPool, publicClient)
	if _, err := s.Tokens.Issue(t.Context(), token.Grant{Pool: pool, Client: client, User: &store.User{PoolID: testPool, Sub: testSub, Username: "alice"}}); fault.CodeOf(err) != fault.NotAuthorized {
		t.Errorf("a sign-in by the API: %v", err)
	}
	if err := s.Pools.SetClientExtensions(t.Context(), testPool, publicClient, userpool.OAuthExtensions{DPoP: "x"}); err == nil ||
		err.Error() != `InvalidParameterException: dpop must be "allowed", "required" or "".` {
		t.Error(err)
	}
}

// TestBadProofs has proofs that are wrong in one thing, at the token endpoint.
func TestBadProofs(t *testing.T) {
	s := newSite(t)
	s.extend(t, machineClient, dpopAllowed)
	k := dpoptest.NewKey()
	form := url.Values{"grant_type": {"client_credentials"}}
	at := func(address string) []string { return []string{k.Proof("POST", address, s.now(), "", "")} }
	for name, test := range map[string]struct {
		proofs []string
		want   dpop.Error
	}{
		"rubbish":            {[]string{"x"}, dpop.ErrMalformed},
		"empty":              {[]string{""}, dpop.ErrMalformed},
		"GET":                {[]string{k.Proof("GET", tokenURL, s.now(), "", "")}, dpop.ErrMethod},
		"another endpoint":   {at(userInfoURL), dpop.ErrURL},
		"another domain":     {at("https://id.example.com/_domain/other/oauth2/token"), dpop.ErrURL},
		"the path within":    {at("https://id.example.com/oauth2/token"), dpop.ErrURL},
		"http":               {at("http" + strings.TrimPrefix(tokenURL, "https")), dpop.ErrURL},
		"another deployment": {at("https://evil.example.com/_domain/demo/oauth2/token"), dpop.ErrURL},
		"old":                {[]string{k.Proof("POST", tokenURL, s.now().Add(-time.Hour), "", "")}, dpop.ErrTime},
		"ahead":              {[]string{k.Proof("POST", tokenURL, s.now().Add(time.Hour), "", "")}, dpop.ErrTime},
		"a changed proof":    {[]string{s.proof(k)[0] + "A"}, dpop.ErrSignature},
	} {
		t.Run(name, func(t *testing.T) {
			s.postWith("/oauth2/token", form, test.proofs, machineClient, testSecret).want(t, 400, proofFault("invalid_dpop_proof", test.want.Error()))
		})
	}
	// The name of the domain may be spelled otherwise.
	r := httptest.NewRequest(http.MethodPost, "https://id.example.com/_domain/DEMO/oauth2/token", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(machineClient, testSecret)
	r.Header.Set("DPoP", at("https://id.example.com/_domain/DEMO/oauth2/token")[0])
	if got := s.do(r); got.StatusCode != 200 {
		t.Errorf("in capitals: %d %s", got.StatusCode, got.body)
	}
	two := append(s.proof(k), s.proof(k)...)
	s.postWith("/oauth2/token", form, two, machineClient, testSecret).want(t, 400, proofFault("invalid_dpop_proof", errTwoProofs.description))
	for name, address := range map[string]string{
		"with a query": tokenURL + "?x=y#z", "the host in capitals": "https://ID.example.com:443/_domain/demo/oauth2/token",
		"the domain's own host": "https://demo" + s.Pools.DomainHost(&userpool.Domain{}) + "/oauth2/token",
	} {
		t.Run(name, func(t *testing.T) {
			if got := s.postWith("/oauth2/token", form, at(address), machineClient, testSecret).tokens(t); got.TokenType != "DPoP" {
				t.Error(got.TokenType)
			}
		})
	}
}

// TestBoundCodes announces the key of a code, by a parameter and by a proof.
func TestBoundCodes(t *testing.T) {
	s := newSite(t)
	k, other := dpoptest.NewKey(), dpoptest.NewKey()
	ignored := s.code(t, request("dpop_jkt", "x"))
	s.post("/oauth2/token", codeForm(ignored)).tokens(t)
	s.extend(t, publicClient, dpopAllowed)

	code := s.code(t, request("dpop_jkt", k.Thumbprint()))
	s.post("/oauth2/token", codeForm(code)).want(t, 400, oauthError("invalid_grant"))
	s.postWith("/oauth2/token", codeForm(code), s.proof(other)).want(t, 400, oauthError("invalid_grant"))
	if got := s.postWith("/oauth2/token", codeForm(code), s.proof(k)).tokens(t); got.TokenType != "DPoP" {
		t.Error(got.TokenType)
	}
	for _, bad := range []string{"x", k.Thumbprint() + "=", strings.Repeat("a", 44)} {
		to, err := s.get("/oauth2/authorize", request("dpop_jkt", bad)).Location()
		if err != nil || to.Query().Get("error") != "invalid_request" {
			t.Errorf("%q: %v %v", bad, to, err)
		}
	}
	// Turned off since, the code stays with its key.
	code = s.code(t, request("dpop_jkt", k.Thumbprint()))
	s.extend(t, publicClient, userpool.OAuthExtensions{})
	s.postWith("/oauth2/token", codeForm(code), s.proof(k)).want(t, 400, oauthError("invalid_grant"))
	s.extend(t, publicClient, dpopAllowed)

	parURL := strings.Replace(tokenURL, "token", "par", 1)
	push := func(q url.Values, proof string) answer { return s.postWith("/oauth2/par", q, []string{proof}) }
	push(request(), s.proof(k)[0]).want(t, 400, proofFault("invalid_dpop_proof", dpop.ErrURL.Error()))
	push(request("dpop_jkt", other.Thumbprint()), k.Proof("POST", parURL, s.now(), "", "")).
		want(t, 400, proofFault("invalid_request", "dpop_jkt is not of the key of the DPoP proof"))
	for _, q := range []url.Values{request(), request("dpop_jkt", k.Thumbprint())} {
		pushed := push(q, k.Proof("POST", parURL, s.now(), "", ""))
		if pushed.StatusCode != 201 {
			t.Fatalf("%d %s", pushed.StatusCode, pushed.body)
		}
		uri := strings.Split(pushed.body, `"`)[slices.Index(strings.Split(pushed.body, `"`), "request_uri")+2]
		code := s.code(t, url.Values{"client_id": {publicClient}, "request_uri": {uri}})
		s.postWith("/oauth2/token", codeForm(code), s.proof(other)).want(t, 400, oauthError("invalid_grant"))
		s.postWith("/oauth2/token", codeForm(code), s.proof(k)).tokens(t)
	}
}

// TestProofNonces has a client learn the nonce, whatever its clock says.
func TestProofNonces(t *testing.T) {
	s := newSite(t)
	s.extend(t, publicClient, userpool.OAuthExtensions{DPoP: userpool.DPoPAllowed, DPoPNonce: true})
	k := dpoptest.NewKey()
	long := s.now().Add(-24 * time.Hour)
	code := s.code(t, request())
	use := proofFault("use_dpop_nonce", dpop.ErrNonce.Error())
	try := func(nonce string) answer {
		return s.postWith("/oauth2/token", codeForm(code), []string{k.Proof("POST", tokenURL, long, nonce, "")})
	}
	first := try("")
	first.want(t, 400, use)
	nonce := first.Header.Get("DPoP-Nonce")
	if nonce == "" || !strings.Contains(first.Header.Get("Access-Control-Expose-Headers"), "DPoP-Nonce") {
		t.Fatalf("headers %v", first.Header)
	}
	preflight := s.do(httptest.NewRequest(http.MethodOptions, tokenURL, nil))
	if allowed := preflight.Header.Get("Access-Control-Allow-Headers"); !slices.Contains(strings.Split(allowed, ", "), "dpop") {
		t.Errorf("a browser may send %s", allowed)
	}
	s.advance(2 * dpop.Turn)
	stale := try(nonce)
	stale.want(t, 400, use)
	if stale.Header.Get("DPoP-Nonce") == nonce {
		t.Fatal("the nonce stays")
	}
	nonce = stale.Header.Get("DPoP-Nonce")
	good := try(nonce)
	got := good.tokens(t)
	if good.Header.Get("DPoP-Nonce") != nonce {
		t.Errorf("headers %v", good.Header)
	}
	refused := s.info("DPoP", got.AccessToken, k.Proof("GET", userInfoURL, long, "", got.AccessToken))
	refused.want(t, 401, use)
	if !strings.HasPrefix(refused.Header.Get("WWW-Authenticate"), `DPoP error="use_dpop_nonce", `) || refused.Header.Get("DPoP-Nonce") != nonce {
		t.Errorf("headers %v", refused.Header)
	}
	claimsOfBody(t, s.info("DPoP", got.AccessToken, k.Proof("GET", userInfoURL, long, nonce, got.AccessToken)))
}

// TestProofsAreGoodOnce uses a proof on one node and then on another; of SQLite, on
// the same one after it began anew.
func TestProofsAreGoodOnce(t *testing.T) {
	for name, database := range map[string]func(testing.TB) string{"SQLite": storetest.SQLiteURL, "PostgreSQL": storetest.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			dbURL, master := database(t), keys.GenerateMasterKey()
			one := newSiteAt(t, dbURL, master, true)
			one.extend(t, machineClient, dpopAllowed)
			k := dpoptest.NewKey()
			form := url.Values{"grant_type": {"client_credentials"}}
			again := proofFault("invalid_dpop_proof", dpop.ErrReplayed.Error())
			proof := one.proof(k)
			one.postWith("/oauth2/token", form, proof, machineClient, testSecret).tokens(t)
			one.postWith("/oauth2/token", form, proof, machineClient, testSecret).want(t, 400, again)
			if name == "SQLite" {
				one.DB.Close()
			}
			two := newSiteAt(t, dbURL, master, false)
			two.postWith("/oauth2/token", form, proof, machineClient, testSecret).want(t, 400, again)
			two.postWith("/oauth2/token", form, two.proof(k), machineClient, testSecret).tokens(t)
		})
	}
}

// FuzzProof wants a proof that is none to be answered as such, never with tokens.
func FuzzProof(f *testing.F) {
	s := newSite(f)
	if err := s.Pools.SetClientExtensions(f.Context(), testPool, machineClient, dpopAllowed); err != nil {
		f.Fatal(err)
	}
	k := dpoptest.NewKey()
	f.Add("x")
	f.Add(k.Proof("GET", tokenURL, s.now(), "", ""))
	f.Add(k.Proof("POST", tokenURL, time.Unix(0, 0), "", ""))
	f.Fuzz(func(t *testing.T, proof string) {
		a := s.postWith("/oauth2/token", url.Values{"grant_type": {"client_credentials"}}, []string{proof}, machineClient, testSecret)
		if a.StatusCode != 400 || !strings.HasPrefix(a.body, `{"error":"invalid_dpop_proof",`) {
			t.Errorf("%d %s", a.StatusCode, a.body)
		}
	})
}

// TestNoProofCostsNothing holds that a request without a proof has nothing made for
// it.
func TestNoProofCostsNothing(t *testing.T) {
	s := newSite(t)
	r := httptest.NewRequest(http.MethodPost, tokenURL, nil)
	w := httptest.NewRecorder()
	for _, e := range []userpool.OAuthExtensions{{}, dpopAllowed} {
		client := &userpool.Client{}
		client.OAuth = &e
		if n := testing.AllocsPerRun(100, func() {
			thumbprint, err := s.prove(w, r, client)
			if err != nil || thumbprintOf(withThumbprint(r, thumbprint).Context()) != "" {
				t.Error(thumbprint, err)
			}
		}); n != 0 {
			t.Errorf("%v allocations", n)
		}
	}
}
