package verify

import (
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"maps"
	"slices"
	"strings"
	"testing"
)

// forged are tokens that nobody must accept, each with the error it gets.
func forged() map[string]struct {
	token string
	want  Code
} {
	own, other := testKeys()[0], testKeys()[1]
	good := mint(accessClaims(nil))
	parts := strings.Split(good, ".")
	payload := toJSON(accessClaims(nil))
	header := func(text string) string { return signText(own, text, payload) }
	body := func(text string) string { return signText(own, testHeader, text) }
	with := func(c claims) string { return mint(accessClaims(c)) }
	deep := strings.Repeat("[", 100) + strings.Repeat("]", 100)
	hs256 := `{"kid":"` + testKeyID + `","alg":"HS256"}`
	return map[string]struct {
		token string
		want  Code
	}{
		"empty":                     {"", ErrMissing},
		"a word":                    {"token", ErrMalformed},
		"two parts":                 {parts[0] + "." + parts[1], ErrMalformed},
		"four parts":                {good + ".", ErrMalformed},
		"five parts":                {good + ".a.b", ErrMalformed},
		"three empty parts":         {"..", ErrMalformed},
		"Bearer in front":           {"Bearer " + good, ErrMalformed},
		"trailing newline":          {good + "\n", ErrMalformed},
		"newline inside":            {parts[0] + "." + parts[1][:8] + "\r\n" + parts[1][8:] + "." + parts[2], ErrMalformed},
		"trailing byte":             {good + "A", ErrSignature},
		"padding":                   {good + "==", ErrMalformed},
		"other base64 alphabet":     {parts[0] + "." + parts[1] + "." + strings.NewReplacer("-", "+", "_", "/").Replace(parts[2]) + "+", ErrMalformed},
		"second spelling of base64": {parts[0] + "." + parts[1] + "." + respell(parts[2]), ErrMalformed},
		"truncated signature":       {parts[0] + "." + parts[1] + "." + parts[2][:340], ErrSignature},
		"no signature":              {parts[0] + "." + parts[1] + ".", ErrSignature},
		"signature of zeros":        {parts[0] + "." + parts[1] + "." + b64(strings.Repeat("\x00", 256)), ErrSignature},
		"signature with more":       {parts[0] + "." + parts[1] + "." + b64(strings.Repeat("\x00", 257)), ErrSignature},
		"huge signature":            {parts[0] + "." + parts[1] + "." + b64(strings.Repeat("x", 2000)), ErrMalformed},
		"huge":                      {with(claims{"custom:x": strings.Repeat("x", 16<<10)}), ErrTooLarge},
		"huge rubbish":              {strings.Repeat(".", 16<<10+1), ErrTooLarge},
		"long header":               {header(`{"kid":"` + testKeyID + `","alg":"RS256","x":"` + strings.Repeat("x", 1000) + `"}`), ErrMalformed},

		"none":                      {b64(`{"kid":"`+testKeyID+`","alg":"none"}`) + "." + parts[1] + ".", ErrAlgorithm},
		"None":                      {b64(`{"kid":"`+testKeyID+`","alg":"None"}`) + "." + parts[1] + ".", ErrAlgorithm},
		"no alg":                    {header(`{"kid":"` + testKeyID + `"}`), ErrAlgorithm},
		"alg is a list":             {header(`{"kid":"` + testKeyID + `","alg":["RS256"]}`), ErrAlgorithm},
		"rs256":                     {header(`{"kid":"` + testKeyID + `","alg":"rs256"}`), ErrAlgorithm},
		"RS512":                     {header(`{"kid":"` + testKeyID + `","alg":"RS512"}`), ErrAlgorithm},
		"PS256":                     {header(`{"kid":"` + testKeyID + `","alg":"PS256"}`), ErrAlgorithm},
		"HS256 with the public key": {hmacToken(hs256, payload, publicPEM(own)), ErrAlgorithm},
		"alg of the wrong case":     {header(`{"kid":"` + testKeyID + `","Alg":"RS256"}`), ErrAlgorithm},
		"alg twice":                 {header(`{"kid":"` + testKeyID + `","alg":"none","alg":"RS256"}`), ErrMalformed},
		"alg twice, escaped":        {header(`{"kid":"` + testKeyID + `","\u0061lg":"none","alg":"RS256"}`), ErrMalformed},
		"no kid":                    {header(`{"alg":"RS256"}`), ErrMalformed},
		"empty kid":                 {header(`{"kid":"","alg":"RS256"}`), ErrMalformed},
		"kid is a number":           {header(`{"kid":1,"alg":"RS256"}`), ErrMalformed},
		"long kid":                  {header(`{"kid":"` + strings.Repeat("k", 300) + `","alg":"RS256"}`), ErrMalformed},
		"unknown kid":               {header(`{"kid":"b3RoZXI=","alg":"RS256"}`), ErrUnknownKey},
		"kid in another case":       {header(`{"kid":"` + strings.ToLower(testKeyID) + `","alg":"RS256"}`), ErrUnknownKey},
		"crit":                      {header(`{"kid":"` + testKeyID + `","alg":"RS256","crit":["exp"],"exp":1}`), ErrMalformed},
		"empty crit":                {header(`{"kid":"` + testKeyID + `","alg":"RS256","crit":[]}`), ErrMalformed},
		"crit null":                 {header(`{"kid":"` + testKeyID + `","alg":"RS256","crit":null}`), ErrMalformed},
		"header is a list":          {header(`["RS256"]`), ErrMalformed},
		"header with a tail":        {header(testHeader + "{}"), ErrMalformed},
		"swapped header":            {b64(`{"kid":"`+testKeyID+`","alg":"RS256","typ":"JWT"}`) + "." + parts[1] + "." + parts[2], ErrSignature},
		"jwk of the forger":         {signText(other, `{"kid":"`+testKeyID+`","alg":"RS256","jwk":`+toJSON(map[string]string{"kty": "RSA", "e": "AQAB", "n": b64(string(other.N.Bytes()))})+`}`, payload), ErrSignature},
		"jku of the forger":         {signText(other, `{"kid":"forger","alg":"RS256","jku":"https://evil.example/jwks.json"}`, payload), ErrUnknownKey},
		"x5u and x5c":               {signText(other, `{"kid":"`+testKeyID+`","alg":"RS256","x5u":"https://evil.example/","x5c":["AAAA"]}`, payload), ErrSignature},
		"other pool's key":          {signText(other, testHeader, payload), ErrSignature},
		"changed payload":           {parts[0] + "." + b64(toJSON(accessClaims(claims{"username": "root"}))) + "." + parts[2], ErrSignature},

		"claims are a list":       {body(`[]`), ErrMalformed},
		"claims are null":         {body(`null`), ErrMalformed},
		"claims with a tail":      {body(payload + `{}`), ErrMalformed},
		"claims with a comma":     {body(strings.TrimSuffix(payload, "}") + ",}"), ErrMalformed},
		"claims cut off":          {body(payload[:len(payload)-1]), ErrMalformed},
		"sub twice":               {body(`{"sub":"root",` + payload[1:]), ErrMalformed},
		"sub twice, escaped":      {body(`{"s\u0075b":"root",` + payload[1:]), ErrMalformed},
		"custom claim twice":      {body(`{"x":1,"x":1,` + payload[1:]), ErrMalformed},
		"nested claim twice":      {body(`{"x":[{"y":1,"y":2}],` + payload[1:]), ErrMalformed},
		"broken UTF-8":            {body(`{"x":"` + "\xff" + `",` + payload[1:]), ErrMalformed},
		"half a surrogate":        {body(`{"x":"\ud800",` + payload[1:]), ErrMalformed},
		"too deep":                {body(`{"x":` + deep + `,` + payload[1:]), ErrMalformed},
		"byte order mark":         {body("\ufeff" + payload), ErrMalformed},
		"no iss":                  {with(claims{"iss": nil}), ErrIssuer},
		"iss is a list":           {with(claims{"iss": []string{testIssuer}}), ErrIssuer},
		"iss of another pool":     {with(claims{"iss": testIssuer + "x"}), ErrIssuer},
		"iss with a slash":        {with(claims{"iss": testIssuer + "/"}), ErrIssuer},
		"iss by prefix":           {with(claims{"iss": "https://auth.example.com"}), ErrIssuer},
		"no sub":                  {with(claims{"sub": nil}), ErrMalformed},
		"empty sub":               {with(claims{"sub": ""}), ErrMalformed},
		"sub is a number":         {with(claims{"sub": 1}), ErrMalformed},
		"sub of the wrong case":   {with(claims{"sub": nil, "Sub": "x"}), ErrMalformed},
		"no token_use":            {with(claims{"token_use": nil}), ErrTokenUse},
		"token_use refresh":       {with(claims{"token_use": "refresh"}), ErrTokenUse},
		"token_use Access":        {with(claims{"token_use": "Access"}), ErrTokenUse},
		"token_use is a list":     {with(claims{"token_use": []string{"access"}}), ErrTokenUse},
		"no client_id":            {with(claims{"client_id": nil}), ErrClient},
		"client_id is a list":     {with(claims{"client_id": []string{testClient}}), ErrMalformed},
		"client_id of wrong case": {with(claims{"client_id": nil, "Client_Id": testClient}), ErrClient},
		"no exp":                  {with(claims{"exp": nil}), ErrMalformed},
		"exp of the wrong case":   {with(claims{"exp": nil, "EXP": testTime.Unix() + 60}), ErrMalformed},
		"exp is null":             {body(strings.Replace(payload, `"exp":`, `"exp":null,"x":`, 1)), ErrMalformed},
		"exp is a string":         {with(claims{"exp": "9999999999"}), ErrMalformed},
		"exp is a fraction":       {with(claims{"exp": 1e10 + 0.5}), ErrMalformed},
		"exp is an exponent":      {body(strings.Replace(payload, `"exp":`, `"exp":1e300,"x":`, 1)), ErrMalformed},
		"exp is beyond all":       {body(strings.Replace(payload, `"exp":`, `"exp":99999999999999999999999999,"x":`, 1)), ErrMalformed},
		"exp is negative":         {with(claims{"exp": -1}), ErrMalformed},
		"exp is zero":             {with(claims{"exp": 0}), ErrExpired},
		"expired":                 {with(claims{"exp": testTime.Unix()}), ErrExpired},
		"iat in the future":       {with(claims{"iat": testTime.Unix() + 3600}), ErrNotYetValid},
		"iat is a string":         {with(claims{"iat": "1"}), ErrMalformed},
		"nbf in the future":       {with(claims{"nbf": testTime.Unix() + 3600}), ErrNotYetValid},
		"groups are a string":     {with(claims{"cognito:groups": "staff"}), ErrMalformed},
		"groups of numbers":       {with(claims{"cognito:groups": []any{"staff", 1}}), ErrMalformed},
		"scope is a list":         {with(claims{"scope": []string{"articles/read"}}), ErrMalformed},
		"ID token without aud":    {mint(idClaims(claims{"aud": nil})), ErrClient},
		"ID token, aud a number":  {mint(idClaims(claims{"aud": 1})), ErrMalformed},
	}
}

func TestForgedTokens(t *testing.T) {
	for _, size := range []int{0, 100} {
		v := newVerifier(t, offline(func(c *Config) { c.CacheSize = size }))
		if _, err := v.Verify(t.Context(), mint(accessClaims(nil))); err != nil {
			t.Fatal(err)
		}
		for name, test := range forged() {
			t.Run(name, func(t *testing.T) {
				_, err := v.Verify(t.Context(), test.token)
				wantCode(t, err, test.want)
				if len(test.token) > 20 {
					for part := range strings.SplitSeq(test.token, ".") {
						if len(part) > 8 && strings.Contains(err.Error(), part[:8]) {
							t.Errorf("the error has a part of the token: %v", err)
						}
					}
				}
			})
		}
	}
}

// TestWrongTokensEveryBit changes each byte of a good token.
func TestWrongTokensEveryBit(t *testing.T) {
	v := newVerifier(t, offline(nil))
	good := mint(accessClaims(nil))
	for i := range len(good) {
		b := []byte(good)
		b[i] ^= 1
		if _, err := v.Verify(t.Context(), string(b)); err == nil {
			t.Fatalf("accepted with byte %d changed", i)
		}
	}
}

// respell is another base64 text of the same bytes: its last digit has bits that
// stand for nothing.
func respell(part string) string {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := len(part) - 1
	return part[:last] + string(digits[strings.IndexByte(digits, part[last])+1])
}

func hmacToken(header, payload string, secret []byte) string {
	signed := b64(header) + "." + b64(payload)
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(signed))
	return signed + "." + b64(string(mac.Sum(nil)))
}

func publicPEM(key *rsa.PrivateKey) []byte {
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// FuzzVerify wants no accident, and no token accepted that is not the good one.
func FuzzVerify(f *testing.F) {
	good := mint(accessClaims(nil))
	f.Add(good)
	bad := forged()
	for _, name := range slices.Sorted(maps.Keys(bad)) {
		if len(bad[name].token) < 4<<10 {
			f.Add(bad[name].token)
		}
	}
	v := newVerifier(f, offline(nil))
	f.Fuzz(func(t *testing.T, raw string) {
		_, err := v.Verify(t.Context(), raw)
		if err == nil && raw != good {
			t.Fatalf("accepted %q", raw)
		}
	})
}
