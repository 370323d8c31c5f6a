package bench

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	josejwt "github.com/go-jose/go-jose/v4/jwt"
	"github.com/golang-jwt/jwt/v5"
)

// goJose verifies as a careful user of go-jose does.
func goJose(raw string) error {
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(jwks(), &set); err != nil {
		return err
	}
	token, err := josejwt.ParseSigned(raw, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return err
	}
	var c josejwt.Claims
	if err := token.Claims(set, &c); err != nil {
		return err
	}
	return c.ValidateWithLeeway(josejwt.Expected{Issuer: issuer, AnyAudience: []string{client}, Time: epoch}, 0)
}

// golangJWT verifies as a careful user of golang-jwt does.
func golangJWT(raw string) error {
	_, err := jwt.ParseWithClaims(raw, new(jwt.RegisteredClaims),
		func(*jwt.Token) (any, error) { return &testKey().PublicKey, nil },
		jwt.WithValidMethods([]string{"RS256"}), jwt.WithIssuer(issuer), jwt.WithAudience(client),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithTimeFunc(clock), jwt.WithStrictDecoding())
	return err
}

// TestOracles wants each wrong token refused by us, and knows which of them the
// others refuse too: where they do not, we are stricter on purpose.
func TestOracles(t *testing.T) {
	good := sign(header, claims(nil))
	parts := strings.Split(good, ".")
	with := func(name string, value any) string { return sign(header, claims(map[string]any{name: value})) }
	payload := claims(nil)
	body := func(text string) string { return sign(header, text) }
	const both, none, joseOnly, jwtOnly = "go-jose golang-jwt", "", "go-jose", "golang-jwt"
	for name, test := range map[string]struct{ raw, refused string }{
		"empty":                   {"", both},
		"two parts":               {parts[0] + "." + parts[1], both},
		"four parts":              {good + ".", both},
		"no signature":            {parts[0] + "." + parts[1] + ".", both},
		"trailing padding":        {good + "==", both},
		"line break":              {good + "\n", none},
		"none":                    {b64(`{"kid":"a2V5LW9uZQ==","alg":"none"}`) + "." + parts[1] + ".", both},
		"RS512":                   {sign(`{"kid":"a2V5LW9uZQ==","alg":"RS512"}`, payload), both},
		"no alg":                  {sign(`{"kid":"a2V5LW9uZQ=="}`, payload), both},
		"other kid":               {sign(`{"kid":"b3RoZXI=","alg":"RS256"}`, payload), joseOnly},
		"no kid":                  {sign(`{"alg":"RS256"}`, payload), joseOnly},
		"crit":                    {sign(`{"kid":"a2V5LW9uZQ==","alg":"RS256","crit":["x"],"x":1}`, payload), joseOnly},
		"alg twice":               {sign(`{"kid":"a2V5LW9uZQ==","alg":"none","alg":"RS256"}`, payload), joseOnly},
		"changed payload":         {parts[0] + "." + b64(claims(map[string]any{"sub": "root"})) + "." + parts[2], both},
		"changed header":          {b64(`{"alg":"RS256","kid":"a2V5LW9uZQ=="}`) + "." + parts[1] + "." + parts[2], both},
		"claims are a list":       {body("[]"), both},
		"claims with a tail":      {body(payload + "{}"), both},
		"sub twice":               {body(`{"sub":"root",` + payload[1:]), joseOnly},
		"broken UTF-8":            {body("{\"x\":\"\xff\"," + payload[1:]), none},
		"expired":                 {with("exp", epoch.Unix()-1), both},
		"exp is now":              {with("exp", epoch.Unix()), jwtOnly},
		"no exp":                  {with("exp", nil), jwtOnly},
		"exp of the wrong case":   {sign(header, claims(map[string]any{"exp": nil, "EXP": epoch.Unix() + 60})), none},
		"exp is text":             {with("exp", "tomorrow"), both},
		"iat ahead":               {with("iat", epoch.Unix()+3600), both},
		"nbf ahead":               {with("nbf", epoch.Unix()+3600), both},
		"another issuer":          {with("iss", issuer+"x"), both},
		"no issuer":               {with("iss", nil), both},
		"another client":          {with("aud", "other"), both},
		"no client":               {with("aud", nil), both},
		"no token_use":            {with("token_use", nil), none},
		"token_use of the others": {with("token_use", "access"), none},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := verifier(t, 0).Verify(t.Context(), test.raw); err == nil {
				t.Error("accepted")
			}
			for oracle, check := range map[string]func(string) error{"go-jose": goJose, "golang-jwt": golangJWT} {
				if refused := check(test.raw) != nil; refused != strings.Contains(test.refused, oracle) {
					t.Errorf("%s refuses it: %v", oracle, refused)
				}
			}
		})
	}
	if _, err := verifier(t, 0).Verify(t.Context(), good); err != nil {
		t.Error(err)
	}
}

// FuzzOracles wants nothing accepted that an oracle refuses. The fuzzer cannot
// sign, so what it makes is signed here.
func FuzzOracles(f *testing.F) {
	f.Add(header, claims(nil))
	f.Add(`{"kid":"a2V5LW9uZQ==","alg":"RS256","crit":[]}`, claims(map[string]any{"nbf": 1}))
	v := verifier(f, 0)
	f.Fuzz(func(t *testing.T, header, payload string) {
		raw := sign(header, payload)
		if _, err := v.Verify(t.Context(), raw); err != nil {
			return
		}
		if err := goJose(raw); err != nil {
			t.Errorf("go-jose refuses %q %q: %v", header, payload, err)
		}
		if err := golangJWT(raw); err != nil {
			t.Errorf("golang-jwt refuses %q %q: %v", header, payload, err)
		}
	})
}
