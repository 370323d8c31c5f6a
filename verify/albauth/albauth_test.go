package albauth

import (
	"crypto/elliptic"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/verify"
)

func TestVerify(t *testing.T) {
	key := newKey(t, elliptic.P256())
	good := sign(t, key, nil, nil)
	parts := strings.Split(good, ".")
	other := sign(t, key, nil, members{"sub": "other"})
	bare := base64.RawURLEncoding.EncodeToString([]byte("{}"))
	now := testTime.Unix()
	for name, test := range map[string]struct {
		raw     string
		want    verify.Code // "" for a good one
		fetches int
	}{
		"good":                  {good, "", 1},
		"exp as text":           {sign(t, key, members{"exp": "1772600999"}, nil), "", 1},
		"no exp in the payload": {sign(t, key, nil, members{"exp": nil}), "", 1},
		"missing":               {"", verify.ErrMissing, 0},
		"too large":             {strings.Repeat("a", maxData+1), verify.ErrTooLarge, 0},
		"two parts":             {parts[0] + "." + parts[1], verify.ErrMalformed, 0},
		"four parts":            {good + ".x", verify.ErrMalformed, 0},
		"trailing bytes":        {good + "AAAA", verify.ErrMalformed, 0},
		"line break":            {parts[0] + "\n." + parts[1] + "." + parts[2], verify.ErrMalformed, 0},
		"not base64":            {"!." + parts[1] + "." + parts[2], verify.ErrMalformed, 0},
		"header is no object":   {signText(t, key, `[]`, `{"sub":"a"}`), verify.ErrMalformed, 0},
		"bytes behind the JSON": {signText(t, key, `{"alg":"ES256"} {}`, `{"sub":"a"}`), verify.ErrMalformed, 0},
		"a member twice": {signText(t, key, `{"alg":"ES256","kid":"`+kid+`","iss":"`+issuer+`","client":"`+client+`","signer":"x","signer":"`+signer+`","exp":9999999999}`,
			`{"sub":"a"}`), verify.ErrMalformed, 0},
		"a claim twice":           {signText(t, key, text(t, members{"alg": "ES256", "kid": kid, "exp": now + 9}), `{"sub":"a","sub":"b"}`), verify.ErrMalformed, 0},
		"bad UTF-8":               {signText(t, key, text(t, members{"alg": "ES256", "kid": kid, "exp": now + 9}), "{\"sub\":\"\xff\"}"), verify.ErrMalformed, 0},
		"crit":                    {sign(t, key, members{"crit": []string{"exp"}}, nil), verify.ErrMalformed, 0},
		"alg none":                {sign(t, key, members{"alg": "none"}, nil), verify.ErrAlgorithm, 0},
		"alg HS256":               {sign(t, key, members{"alg": "HS256"}, nil), verify.ErrAlgorithm, 0},
		"alg in other case":       {sign(t, key, members{"alg": nil, "ALG": "ES256"}, nil), verify.ErrAlgorithm, 0},
		"kid is a path":           {sign(t, key, members{"kid": "../" + kid}, nil), verify.ErrMalformed, 0},
		"kid has a query":         {sign(t, key, members{"kid": kid + "?"}, nil), verify.ErrMalformed, 0},
		"no kid":                  {sign(t, key, members{"kid": nil}, nil), verify.ErrMalformed, 0},
		"no exp":                  {sign(t, key, members{"exp": nil}, nil), verify.ErrMalformed, 0},
		"exp is a fraction":       {sign(t, key, members{"exp": 1e10 + 0.5}, nil), verify.ErrMalformed, 0},
		"payload's exp: odd":      {sign(t, key, nil, members{"exp": "soon"}), verify.ErrMalformed, 0},
		"no sub":                  {sign(t, key, nil, members{"sub": nil}), verify.ErrMalformed, 0},
		"sub is no text":          {sign(t, key, nil, members{"sub": 7}), verify.ErrMalformed, 0},
		"other signer":            {sign(t, key, members{"signer": signer + "0"}, nil), verify.ErrIssuer, 0},
		"no signer":               {sign(t, key, members{"signer": nil}, nil), verify.ErrIssuer, 0},
		"other issuer":            {sign(t, key, members{"iss": issuer + "/"}, nil), verify.ErrIssuer, 0},
		"other client":            {sign(t, key, members{"client": "other"}, nil), verify.ErrClient, 0},
		"expired":                 {sign(t, key, members{"exp": now}, nil), verify.ErrExpired, 0},
		"payload expired":         {sign(t, key, nil, members{"exp": now}), verify.ErrExpired, 0},
		"unknown key":             {sign(t, key, members{"kid": strings.Replace(kid, "2", "3", 1)}, nil), verify.ErrUnknownKey, 1},
		"other key":               {sign(t, newKey(t, elliptic.P256()), nil, nil), verify.ErrSignature, 1},
		"other's payload":         {parts[0] + "." + strings.Split(other, ".")[1] + "." + parts[2], verify.ErrSignature, 1},
		"claims with more behind": {parts[0] + "." + strings.TrimRight(parts[1], "=") + "AAAA." + parts[2], verify.ErrMalformed, 0},
		"second spelling":         {twin(good), verify.ErrMalformed, 0},
		"bare signature":          {strings.TrimRight(good, "="), "", 1},
		"empty signature":         {parts[0] + "." + parts[1] + ".", verify.ErrMalformed, 0},
		"signature of zeros":      {parts[0] + "." + parts[1] + "." + base64.URLEncoding.EncodeToString(make([]byte, 64)), verify.ErrSignature, 1},
		"short signature":         {parts[0] + "." + parts[1] + "." + bare, verify.ErrMalformed, 0},
	} {
		t.Run(name, func(t *testing.T) {
			v, e, _ := newVerifier(t, key)
			i, err := v.Verify(t.Context(), test.raw)
			switch {
			case test.want == "":
				if err != nil || i.Subject() != "34c84488" || i.Text("email") != "kim@example.com" || !i.EmailVerified() ||
					i.ClientID() != client || i.Signer() != signer || string(i.Claim("username")) != `"kim"` {
					t.Errorf("got %+v, %v", i, err)
				}
			case !errors.Is(err, test.want) || i != nil:
				t.Errorf("got %v, %v, want %v", i, err, test.want)
			}
			if n := e.count(); n != test.fetches {
				t.Errorf("%d fetches, want %d", n, test.fetches)
			}
		})
	}
}

// twin is raw with another last letter of the signature before the padding, where
// only the bits that are thrown away differ.
func twin(raw string) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	at := strings.IndexByte(raw[strings.LastIndexByte(raw, '.'):], '=') + strings.LastIndexByte(raw, '.') - 1
	return raw[:at] + string(letters[strings.IndexByte(letters, raw[at])+1]) + raw[at+1:]
}

func TestLeeway(t *testing.T) {
	key := newKey(t, elliptic.P256())
	v, _, c := newVerifier(t, key, func(c *Config) { c.Leeway = time.Minute })
	raw := sign(t, key, nil, nil) // for two minutes
	c.advance(3*time.Minute - time.Second)
	if _, err := v.Verify(t.Context(), raw); err != nil {
		t.Errorf("within leeway: %v", err)
	}
	c.advance(time.Second)
	if _, err := v.Verify(t.Context(), raw); !errors.Is(err, verify.ErrExpired) {
		t.Errorf("after it: %v", err)
	}
}

func TestAnyClient(t *testing.T) {
	key := newKey(t, elliptic.P256())
	v, _, _ := newVerifier(t, key, func(c *Config) { c.ClientIDs, c.AnyClient = nil, true })
	if i, err := v.Verify(t.Context(), sign(t, key, members{"client": "other"}, nil)); err != nil || i.ClientID() != "other" {
		t.Errorf("got %v, %v", i, err)
	}
}

func TestOptions(t *testing.T) {
	const rest = ":123456789012:loadbalancer/app/web/50dc6c495c0c9188"
	for name, test := range map[string]struct {
		change func(*Config)
		want   string // what the URLs of keys begin with; "" for an error
	}{
		"AWS":      {func(*Config) {}, "https://public-keys.auth.elb.us-east-1.amazonaws.com/"},
		"GovCloud": {func(c *Config) { c.Signers[0] = "arn:aws-us-gov:elasticloadbalancing:us-gov-west-1" + rest }, "https://s3-us-gov-west-1.amazonaws.com/aws-elb-public-keys-prod-us-gov-west-1/"},
		"China":    {func(c *Config) { c.Signers[0] = "arn:aws-cn:elasticloadbalancing:cn-north-1" + rest }, ""},
		"China, told": {func(c *Config) {
			c.Signers[0], c.KeyURL = "arn:aws-cn:elasticloadbalancing:cn-north-1"+rest, "https://keys.example.cn"
		}, "https://keys.example.cn/"},
		"loopback":          {func(c *Config) { c.KeyURL = "http://127.0.0.1:8080/keys/" }, "http://127.0.0.1:8080/keys/"},
		"http":              {func(c *Config) { c.KeyURL = "http://keys.example.com" }, ""},
		"a query":           {func(c *Config) { c.KeyURL = "https://keys.example.com/?key=" }, ""},
		"no URL":            {func(c *Config) { c.KeyURL = "keys" }, ""},
		"no signers":        {func(c *Config) { c.Signers = nil }, ""},
		"network LB":        {func(c *Config) { c.Signers[0] = strings.Replace(signer, "/app/", "/net/", 1) }, ""},
		"region of a host":  {func(c *Config) { c.Signers[0] = strings.Replace(signer, "us-east-1", "evil.example.com/", 1) }, ""},
		"no issuer":         {func(c *Config) { c.Issuer = "" }, ""},
		"no client":         {func(c *Config) { c.ClientIDs = nil }, ""},
		"empty client":      {func(c *Config) { c.ClientIDs = []string{""} }, ""},
		"any and one":       {func(c *Config) { c.AnyClient = true }, ""},
		"leeway before now": {func(c *Config) { c.Leeway = -1 }, ""},
		"leeway of hours":   {func(c *Config) { c.Leeway = 2 * time.Hour }, ""},
	} {
		c := Config{Signers: []string{signer}, Issuer: issuer, ClientIDs: []string{client}}
		test.change(&c)
		v, err := New(c)
		if (err == nil) != (test.want != "") {
			t.Errorf("%s: %v", name, err)
		} else if err == nil && v.keyURLs[c.Signers[0]] != test.want {
			t.Errorf("%s: keys at %q", name, v.keyURLs[c.Signers[0]])
		}
	}
}

// FuzzVerify wants nothing but the one signed text to be accepted.
func FuzzVerify(f *testing.F) {
	key := newKey(f, elliptic.P256())
	v, _, _ := newVerifier(f, key)
	good := sign(f, key, nil, nil)
	signed := good[:strings.LastIndexByte(good, '.')]
	f.Add(good)
	f.Add(signed + ".")
	f.Add("e30=.e30=.AA==")
	f.Fuzz(func(t *testing.T, raw string) {
		i, err := v.Verify(t.Context(), raw)
		if err == nil && !strings.HasPrefix(raw, signed+".") {
			t.Errorf("accepted %q", raw)
		}
		if failure, ok := errors.AsType[*verify.Error](err); err != nil && (!ok || failure.Code == "" || i != nil) {
			t.Errorf("got %v, %v", i, err)
		}
	})
}
