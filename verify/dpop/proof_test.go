package dpop

import (
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/verify/dpop/dpoptest"
)

// The examples of RFC 9449: the proofs of 4.1 and 7.1, the token of 7.1, and the
// thumbprint of 6.1.
const (
	exampleProof = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19." +
		"eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ." +
		"2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg"
	exampleTokenProof = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19." +
		"eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9." +
		"2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA"
	exampleToken      = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
	exampleThumbprint = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
)

func TestExamplesOfRFC9449(t *testing.T) {
	p, err := Parse(exampleProof)
	if err != nil {
		t.Fatal(err)
	}
	if p.Thumbprint() != exampleThumbprint {
		t.Errorf("thumbprint %s", p.Thumbprint())
	}
	at := time.Unix(1562262616, 0)
	if err := p.Check(Request{Method: "POST", URLs: []string{"https://server.example.com/token"}, Now: at}); err != nil {
		t.Error(err)
	}
	p, err = Parse(exampleTokenProof)
	if err != nil {
		t.Fatal(err)
	}
	if p.Thumbprint() != exampleThumbprint {
		t.Errorf("thumbprint %s", p.Thumbprint())
	}
	r := Request{Method: "GET", URLs: []string{"https://resource.example.org/protectedresource"}, Now: at, AccessToken: exampleToken}
	if err := p.Check(r); err != nil {
		t.Error(err)
	}
	r.AccessToken += "x"
	if err := p.Check(r); !errors.Is(err, ErrToken) {
		t.Errorf("with another token: %v", err)
	}
}

// now is when the tests are.
var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

const address = "https://api.example.com/a"

func goodClaims(change map[string]any) map[string]any {
	c := map[string]any{"jti": "1", "htm": "POST", "htu": address, "iat": now.Unix()}
	maps.Copy(c, change)
	for name, value := range c {
		if value == nil {
			delete(c, name)
		}
	}
	return c
}

// with is a JSON Web Key, changed.
func with(jwk map[string]any, name string, value any) map[string]any {
	jwk = maps.Clone(jwk)
	jwk[name] = value
	return jwk
}

func TestAlgorithms(t *testing.T) {
	for _, alg := range Algorithms() {
		t.Run(alg, func(t *testing.T) {
			k := dpoptest.NewKeyFor(alg)
			good := k.Sign(nil, goodClaims(nil))
			p, err := Parse(good)
			if err != nil {
				t.Fatal(err)
			}
			if p.Thumbprint() != k.Thumbprint() {
				t.Errorf("thumbprint %s, want %s", p.Thumbprint(), k.Thumbprint())
			}
			if _, err := Parse(dpoptest.NewKeyFor(alg).Sign(map[string]any{"jwk": k.JWK()}, goodClaims(nil))); !errors.Is(err, ErrSignature) {
				t.Errorf("signed by another key: %v", err)
			}
			cut := good[:strings.LastIndexByte(good, '.')+1] + "AAAA"
			if _, err := Parse(cut); !errors.Is(err, ErrSignature) {
				t.Errorf("with a short signature: %v", err)
			}
		})
	}
}

func TestBadForms(t *testing.T) {
	k, rsa, ed := dpoptest.NewKey(), dpoptest.NewKeyFor("RS256"), dpoptest.NewKeyFor("EdDSA")
	jwk := k.JWK()
	header := func(name string, value any) string { return k.Sign(map[string]any{name: value}, goodClaims(nil)) }
	key := func(name string, value any) string { return header("jwk", with(jwk, name, value)) }
	claim := func(name string, value any) string { return k.Sign(nil, goodClaims(map[string]any{name: value})) }
	good := k.Sign(nil, goodClaims(nil))
	parts := strings.Split(good, ".")
	text, _ := json.Marshal(jwk)
	head := `{"typ":"dpop+jwt","alg":"ES256","jwk":` + string(text) + `}`
	for name, test := range map[string]struct {
		proof string
		want  Error
	}{
		"empty":                     {"", ErrMalformed},
		"no JWS":                    {"abc", ErrMalformed},
		"two parts":                 {parts[0] + "." + parts[1], ErrMalformed},
		"four parts":                {good + ".x", ErrMalformed},
		"padded":                    {good + "=", ErrMalformed},
		"a line break":              {good + "\n", ErrMalformed},
		"too long":                  {claim("x", strings.Repeat("x", maxProof)), ErrMalformed},
		"header is no object":       {k.SignText(`[]`, `{}`), ErrMalformed},
		"a member twice":            {k.SignText(`{"alg":"none",`+head[1:], `{"jti":"1","htm":"POST","htu":"https://a","iat":1}`), ErrMalformed},
		"a claim twice":             {k.SignText(head, `{"jti":"1","jti":"2","htm":"POST","htu":"https://a","iat":1}`), ErrMalformed},
		"claims are no object":      {k.SignText(head, `"x"`), ErrMalformed},
		"critical":                  {header("crit", []string{"exp"}), ErrMalformed},
		"no typ":                    {header("typ", nil), ErrType},
		"typ JWT":                   {header("typ", "JWT"), ErrType},
		"typ is a number":           {header("typ", 1), ErrType},
		"alg none":                  {header("alg", "none"), ErrAlgorithm},
		"alg HS256":                 {header("alg", "HS256"), ErrAlgorithm},
		"no alg":                    {header("alg", nil), ErrAlgorithm},
		"alg is a list":             {header("alg", []string{"ES256"}), ErrAlgorithm},
		"alg of another key":        {header("alg", "RS256"), ErrKey},
		"alg of another curve":      {header("alg", "ES384"), ErrKey},
		"Ed25519 as ECDSA":          {ed.Sign(map[string]any{"alg": "ES256"}, goodClaims(nil)), ErrKey},
		"no key":                    {header("jwk", nil), ErrKey},
		"key is a text":             {header("jwk", "x"), ErrKey},
		"a kid alone":               {k.Sign(map[string]any{"jwk": nil, "kid": "1"}, goodClaims(nil)), ErrKey},
		"a private key":             {key("d", "AAAA"), ErrKey},
		"a secret key":              {key("k", "AAAA"), ErrKey},
		"a private RSA key":         {rsa.Sign(map[string]any{"jwk": with(rsa.JWK(), "p", "AAAA")}, goodClaims(nil)), ErrKey},
		"a symmetric key":           {header("jwk", map[string]any{"kty": "oct", "k": "AAAA"}), ErrKey},
		"key of another algorithm":  {key("alg", "ES384"), ErrKey},
		"key for encryption":        {key("use", "enc"), ErrKey},
		"not on the curve":          {key("x", jwk["y"]), ErrKey},
		"a short coordinate":        {key("x", "AAAA"), ErrKey},
		"no coordinate":             {key("y", ""), ErrKey},
		"a coordinate is a number":  {key("y", 1), ErrKey},
		"a curve that is not there": {key("crv", "P-521"), ErrKey},
		"a short RSA key":           {rsa.Sign(map[string]any{"jwk": with(rsa.JWK(), "n", strings.Repeat("A", 170)+"Q")}, goodClaims(nil)), ErrKey},
		"a long RSA key":            {rsa.Sign(map[string]any{"jwk": with(rsa.JWK(), "n", "_"+strings.Repeat("_", 2738))}, goodClaims(nil)), ErrKey},
		"RSA exponent 1":            {rsa.Sign(map[string]any{"jwk": with(rsa.JWK(), "e", "AQ")}, goodClaims(nil)), ErrKey},
		"RSA with leading zeros":    {rsa.Sign(map[string]any{"jwk": with(rsa.JWK(), "e", "AAEAAQ")}, goodClaims(nil)), ErrKey},
		"a short Ed25519 key":       {ed.Sign(map[string]any{"jwk": with(ed.JWK(), "x", "AAAA")}, goodClaims(nil)), ErrKey},
		"an X25519 key":             {ed.Sign(map[string]any{"jwk": with(ed.JWK(), "crv", "X25519")}, goodClaims(nil)), ErrKey},
		"RS256 as PS256":            {rsa.Sign(map[string]any{"alg": "PS256"}, goodClaims(nil)), ErrSignature},
		"changed claims":            {parts[0] + "." + strings.Split(claim("jti", "2"), ".")[1] + "." + parts[2], ErrSignature},
		"no jti":                    {claim("jti", nil), ErrMalformed},
		"empty jti":                 {claim("jti", ""), ErrMalformed},
		"long jti":                  {claim("jti", strings.Repeat("x", maxID+1)), ErrMalformed},
		"jti is a number":           {claim("jti", 1), ErrMalformed},
		"no htm":                    {claim("htm", nil), ErrMalformed},
		"htm is a list":             {claim("htm", []string{"POST"}), ErrMalformed},
		"no htu":                    {claim("htu", nil), ErrMalformed},
		"long htu":                  {claim("htu", address+strings.Repeat("a", maxURL)), ErrMalformed},
		"no iat":                    {claim("iat", nil), ErrMalformed},
		"iat is a text":             {claim("iat", "1"), ErrMalformed},
		"iat is negative":           {claim("iat", -1), ErrMalformed},
		"iat is after all":          {claim("iat", 1e300), ErrMalformed},
		"iat in milliseconds":       {claim("iat", now.UnixMilli()), ErrMalformed},
		"nonce is a number":         {claim("nonce", 1), ErrMalformed},
		"ath is a number":           {claim("ath", 1), ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Parse(test.proof); !errors.Is(err, test.want) {
				t.Errorf("%v, want %v", err, test.want)
			}
		})
	}
	for name, proof := range map[string]string{
		"as it is": good, "typ in capitals": header("typ", "DPoP+JWT"), "a claim more": claim("x", 1), "a fraction": claim("iat", 1.5),
		"key with its algorithm": header("jwk", with(with(jwk, "alg", "ES256"), "use", "sig")),
	} {
		if _, err := Parse(proof); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCheck(t *testing.T) {
	nonces, err := NewNonces([]byte("sixteen bytes or"))
	if err != nil {
		t.Fatal(err)
	}
	others, _ := NewNonces([]byte("another key here"))
	k := dpoptest.NewKey()
	token := map[string]any{"ath": HashToken("token")}
	nonce := func(at time.Time) map[string]any { return map[string]any{"nonce": nonces.Nonce(at)} }
	for name, test := range map[string]struct {
		claims map[string]any
		change func(*Request)
		want   error
	}{
		"as it is":                        {},
		"another method":                  {map[string]any{"htm": "GET"}, nil, ErrMethod},
		"the method in small letters":     {map[string]any{"htm": "post"}, nil, ErrMethod},
		"another path":                    {map[string]any{"htu": "https://api.example.com/b"}, nil, ErrURL},
		"another host":                    {map[string]any{"htu": "https://evil.example.com/a"}, nil, ErrURL},
		"another scheme":                  {map[string]any{"htu": "http://api.example.com/a"}, nil, ErrURL},
		"another port":                    {map[string]any{"htu": "https://api.example.com:8443/a"}, nil, ErrURL},
		"a path alone":                    {map[string]any{"htu": "/a"}, nil, ErrURL},
		"a user":                          {map[string]any{"htu": "https://u@api.example.com/a"}, nil, ErrURL},
		"a path in capitals":              {map[string]any{"htu": "https://api.example.com/A"}, nil, ErrURL},
		"a slash more":                    {map[string]any{"htu": address + "/"}, nil, ErrURL},
		"no address":                      {map[string]any{"htu": "https://%zz"}, nil, ErrURL},
		"a port alone":                    {map[string]any{"htu": "https://:443/"}, func(r *Request) { r.URLs = []string{"https://:443"} }, ErrURL},
		"the host in capitals":            {map[string]any{"htu": "HTTPS://API.example.com:443/a"}, nil, nil},
		"a query and a fragment":          {map[string]any{"htu": address + "?b=c#d"}, nil, nil},
		"a needless escape":               {map[string]any{"htu": "https://api.example.com/%61"}, nil, nil},
		"the second address":              {nil, func(r *Request) { r.URLs = []string{"https://b.example.com", address} }, nil},
		"a resource with a query":         {nil, func(r *Request) { r.URLs = []string{address + "?x=y"} }, nil},
		"as old as may be":                {map[string]any{"iat": now.Add(-Window).Unix()}, nil, nil},
		"too old":                         {map[string]any{"iat": now.Add(-Window - time.Second).Unix()}, nil, ErrTime},
		"as far ahead as may be":          {map[string]any{"iat": now.Add(Window).Unix()}, nil, nil},
		"too far ahead":                   {map[string]any{"iat": now.Add(Window + time.Second).Unix()}, nil, ErrTime},
		"with its token":                  {token, func(r *Request) { r.AccessToken = "token" }, nil},
		"another token":                   {token, func(r *Request) { r.AccessToken = "other" }, ErrToken},
		"no token":                        {nil, func(r *Request) { r.AccessToken = "token" }, ErrToken},
		"a token where none is":           {token, nil, nil},
		"a nonce":                         {nonce(now), func(r *Request) { r.Nonces = nonces }, nil},
		"a nonce of the turn before":      {nonce(now.Add(-Turn)), func(r *Request) { r.Nonces = nonces }, nil},
		"a nonce of the turn after":       {nonce(now.Add(Turn)), func(r *Request) { r.Nonces = nonces }, nil},
		"an old nonce":                    {nonce(now.Add(-2 * Turn)), func(r *Request) { r.Nonces = nonces }, ErrNonce},
		"no nonce":                        {nil, func(r *Request) { r.Nonces = nonces }, ErrNonce},
		"a nonce of another server":       {nonce(now), func(r *Request) { r.Nonces = others }, ErrNonce},
		"a wrong clock and a nonce":       {map[string]any{"iat": 1, "nonce": nonces.Nonce(now)}, func(r *Request) { r.Nonces = nonces }, nil},
		"a nonce where none is asked for": {map[string]any{"nonce": "x"}, nil, nil},
		"a wrong address and no nonce":    {map[string]any{"htu": "https://b"}, func(r *Request) { r.Nonces = nonces }, ErrURL},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := Parse(k.Sign(nil, goodClaims(test.claims)))
			if err != nil {
				t.Fatal(err)
			}
			r := Request{Method: "POST", URLs: []string{address}, Now: now}
			if test.change != nil {
				test.change(&r)
			}
			if err := p.Check(r); !errors.Is(err, test.want) {
				t.Errorf("%v, want %v", err, test.want)
			}
		})
	}
	if _, err := NewNonces([]byte("fifteen bytes o")); err == nil {
		t.Error("a short key is accepted")
	}
}

// TestKept holds how long proofs are remembered against how long they are good.
func TestKept(t *testing.T) {
	nonces, _ := NewNonces(make([]byte, 16))
	p := &Proof{method: "GET", url: address, issued: now.Add(Window), nonce: nonces.Nonce(now.Add(Turn))}
	for _, r := range []Request{{}, {Nonces: nonces}} {
		r.Method, r.URLs, r.Now = "GET", []string{address}, now
		if err := p.Check(r); err != nil {
			t.Fatal(err)
		}
		r.Now = now.Add(Kept)
		if p.Check(r) == nil {
			t.Error("a proof is good when it was forgotten")
		}
	}
}

func TestID(t *testing.T) {
	k := dpoptest.NewKey()
	id := func(k *dpoptest.Key, jti string) string {
		p, err := Parse(k.Sign(nil, goodClaims(map[string]any{"jti": jti})))
		if err != nil {
			t.Fatal(err)
		}
		return p.ID()
	}
	if first, again := id(k, "1"), id(k, "1"); first != again || first == id(k, "2") || first == id(dpoptest.NewKey(), "1") {
		t.Error("the ID is not that of key and jti")
	}
}

func TestSeen(t *testing.T) {
	s := NewSeen(4)
	spend := func(id string, at time.Duration, wantFirst, wantFull bool) {
		t.Helper()
		if first, full := s.Spend(id, now.Add(at)); first != wantFirst || full != wantFull {
			t.Errorf("%s after %v: %v %v, want %v %v", id, at, first, full, wantFirst, wantFull)
		}
	}
	spend("a", 0, true, false)
	spend("a", 0, false, false)
	spend("a", -time.Hour, false, false)
	spend("b", Kept-1, true, false)
	spend("c", Kept-1, false, true)
	spend("b", Kept-1, false, false) // known, full or not
	spend("c", Kept, true, false)
	spend("b", 2*Kept-1, false, false)
	spend("b", 2*Kept, true, false)
	spend("c", 2*Kept, false, false)
	spend("b", 10*Kept, true, false)
	spend("c", 10*Kept, true, false)
}

func TestErrors(t *testing.T) {
	if ErrReplayed.Error() != "The DPoP proof was used before" || Error("x").Error() != "dpop: x" {
		t.Error("wrong words")
	}
	for e, message := range messages {
		if strings.ContainsAny(message, `"\`) {
			t.Errorf("%q cannot stand in a header", string(e))
		}
	}
}

// FuzzParse wants no accident, and nothing accepted that is not signed.
func FuzzParse(f *testing.F) {
	k := dpoptest.NewKey()
	f.Add(exampleProof)
	f.Add(exampleTokenProof)
	f.Add(k.Sign(nil, goodClaims(nil)))
	f.Add(dpoptest.NewKeyFor("EdDSA").Sign(nil, goodClaims(nil)))
	f.Add(k.Sign(map[string]any{"alg": "none"}, goodClaims(nil)))
	known := map[string]bool{exampleThumbprint: true}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Parse(text)
		if err != nil {
			if _, ok := errors.AsType[Error](err); !ok {
				t.Errorf("%v is no Error", err)
			}
			return
		}
		if len(p.Thumbprint()) != 43 || len(p.ID()) != 43 || p.id == "" {
			t.Errorf("accepted %q", text)
		}
		if known[p.Thumbprint()] && !strings.HasPrefix(exampleProof, text[:strings.IndexByte(text, '.')]) {
			t.Errorf("another header has the key of the example: %q", text)
		}
		_ = p.Check(Request{Method: "GET", URLs: []string{address}, Now: now})
	})
}

// FuzzNormalize wants one spelling to stay as it is.
func FuzzNormalize(f *testing.F) {
	for _, text := range []string{address, "HTTP://[::1]:80/%7e%2F?x#y", "https://a:443", "https://a/%61%C3%a9/../é", "http://:", "https://:443"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		once, ok := normalize(text)
		if !ok {
			return
		}
		if twice, ok := normalize(once); !ok || twice != once {
			t.Errorf("%q becomes %q and then %q", text, once, twice)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for _, alg := range Algorithms() {
		proof := dpoptest.NewKeyFor(alg).Sign(nil, goodClaims(nil))
		b.Run(alg, func(b *testing.B) {
			for b.Loop() {
				if _, err := Parse(proof); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
