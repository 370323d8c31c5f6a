package app

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http/httptest"
	"regexp/syntax"
	"slices"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/apimodel"
	"github.com/poolhouse/poolhouse/internal/idpapi"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store/storetest"
)

// TestRandomInput calls all operations with input that has the form of the API
// model, out of strings that the server has answered before, strings that fit the
// model and strings that are there to break something. Whatever comes, no answer
// is a failure of the server. On each database.
func TestRandomInput(t *testing.T) {
	for name, url := range map[string]func(testing.TB) string{
		"sqlite": func(testing.TB) string { return "sqlite::memory:" }, "postgres": storetest.PostgresURL,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			callAtRandom(t, openForRandomInput(t, url(t)), 1, 2500)
		})
	}
}

// FuzzRandomInput is TestRandomInput for as long as one likes.
func FuzzRandomInput(f *testing.F) {
	a := openForRandomInput(f, "sqlite::memory:")
	f.Add(uint64(2))
	f.Fuzz(func(t *testing.T, seed uint64) { callAtRandom(t, a, seed, 50) })
}

func openForRandomInput(t testing.TB, url string) *App {
	t.Helper()
	a, err := New(t.Context(), Options{
		DatabaseURL: url, MasterKey: keys.GenerateMasterKey(), Migrate: true, PublicURL: "http://localhost", IssuerStyle: "url",
		Region: "us-east-1", AccountID: "123456789012", Dev: true, SkipSignatures: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

// setUp is what there is before anything comes at random.
var setUp = [][2]string{
	{"CreateUserPoolClient", `"ClientName":"c","ExplicitAuthFlows":["ALLOW_USER_PASSWORD_AUTH","ALLOW_REFRESH_TOKEN_AUTH","ALLOW_USER_SRP_AUTH"]`},
	{"AdminCreateUser", `"Username":"ada","MessageAction":"SUPPRESS","UserAttributes":[{"Name":"email","Value":"ada@example.com"}]`},
	{"AdminSetUserPassword", `"Username":"ada","Password":"Correct-Horse-7","Permanent":true`},
	{"CreateIdentityProvider", `"ProviderName":"Google","ProviderType":"Google","ProviderDetails":{"client_id":"c","client_secret":"s","authorize_scopes":"openid"}`},
	{"CreateGroup", `"GroupName":"writers"`},
	{"CreateUserImportJob", `"JobName":"j","CloudWatchLogsRoleArn":"arn:aws:iam::123456789012:role/import"`},
}

func callAtRandom(t *testing.T, a *App, seed uint64, calls int) {
	t.Helper()
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 0)), known: map[string][]string{}}
	call := func(operation, input string) (int, []byte) {
		r := httptest.NewRequest("POST", "/", strings.NewReader(input))
		r.Header.Set("Content-Type", "application/x-amz-json-1.1")
		r.Header.Set("X-Amz-Target", idpapi.TargetPrefix+"."+operation)
		w := httptest.NewRecorder()
		a.Handler().ServeHTTP(w, r)
		var answer any
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code >= 500 {
			t.Errorf("%s answered %d %.300s to\n%.3000s", operation, w.Code, w.Body, input)
		}
		if w.Code == 200 {
			g.learn("", answer)
		}
		return w.Code, w.Body.Bytes()
	}
	for range 2 {
		_, made := call("CreateUserPool", `{"PoolName":"p"}`)
		var answer struct{ UserPool struct{ Id string } }
		if err := json.Unmarshal(made, &answer); err != nil {
			t.Fatal(err)
		}
		for _, c := range setUp {
			if status, body := call(c[0], fmt.Sprintf(`{"UserPoolId":%q,%s}`, answer.UserPool.Id, c[1])); status != 200 {
				t.Fatalf("%s answered %d %s", c[0], status, body)
			}
		}
	}
	operations := idpapi.AllOperations()
	accepted := map[string]bool{}
	for i := range calls {
		op := operations[i%len(operations)]
		if (strings.HasPrefix(op.Name, "Delete") || op.Name == "AdminDeleteUser") && g.IntN(6) > 0 {
			continue // lest nothing is left to try others on
		}
		g.calm = g.IntN(3) > 0
		var b strings.Builder
		g.value(&b, op.Input, "", true)
		if status, _ := call(op.Name, b.String()); status == 200 {
			accepted[op.Name] = true
		}
	}
	t.Logf("seed %d: %d operations accepted something", seed, len(accepted))
	if calls > 1000 && len(accepted) < 40 {
		t.Errorf("only %d operations accepted anything: the input is of little use; %q", len(accepted), slices.Sorted(maps.Keys(accepted)))
	}
}

// generator makes input.
type generator struct {
	*rand.Rand
	known map[string][]string // what was answered, by the member's name
	calm  bool                // makes nothing that is wrong on purpose
}

// evil reports whether to do something wrong, one time in n.
func (g *generator) evil(n int) bool { return !g.calm && g.IntN(n) == 0 }

// renamed are members of answers that are named otherwise where they are sent.
var renamed = map[string]string{"Id": "UserPoolId", "Arn": "ResourceArn"}

// learn remembers the strings of an answer.
func (g *generator) learn(name string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, v := range v {
			g.learn(name, v)
		}
	case []any:
		for _, v := range v {
			g.learn(name, v)
		}
	case string:
		const most = 30 // of one name; newer ones take the place of older ones
		if other, ok := renamed[name]; ok {
			name = other
		}
		list := g.known[name]
		if slices.Contains(list, v) {
			return
		}
		if len(list) < most {
			g.known[name] = append(list, v)
		} else {
			list[g.IntN(most)] = v
		}
	}
}

// likely are values worth trying in members that the model calls mere strings.
var likely = map[string][]string{
	"Username":                   {"ada", "grace", "ada@example.com", "Google_1"},
	"Password":                   {"Correct-Horse-7", "short"},
	"ProposedPassword":           {"Correct-Horse-7"},
	"PreviousPassword":           {"Correct-Horse-7"},
	"Name":                       {"email", "phone_number", "custom:team", "birthdate", "name", "sub"},
	"Value":                      {"ada@example.com", "+15550001111", "true", "x", "1815-12-10"},
	"ProviderName":               {"Google", "Cognito", "press", "corp"},
	"ProviderAttributeName":      {"Cognito_Subject", "email", ""},
	"Domain":                     {"articles", "id.example.com"},
	"CSS":                        {".label-customizable {color: red}", "@import 'x';", "a{"},
	"Filter":                     {`email = "ada@example.com"`, `username ^= "a"`, `status = "Enabled"`, `email = `},
	"RegionName":                 {"eu-west-1", "us-east-1", "mars"},
	"CertificateArn":             {"arn:aws:acm:us-east-1:123456789012:certificate/one"},
	"CloudWatchLogsRoleArn":      {"arn:aws:iam::123456789012:role/import"},
	"KmsKeyArn":                  {"arn:aws:kms:us-east-1:123456789012:key/mrk-0a1b2c3d00004000800000000000000a"},
	"LogGroupArn":                {"arn:aws:logs:us-east-1:123456789012:log-group:cognito"},
	"TermsName":                  {"terms-of-use", "privacy-policy"},
	"Identifier":                 {"articles", "https://api.example.com"},
	"GroupName":                  {"writers", "readers"},
	"AllowedOAuthScopes":         {"openid", "email", "articles/read"},
	"CallbackURLs":               {"https://example.com/in"},
	"BlockedIPRangeList":         {"192.0.2.0/24", "::/0", "1.2.3.4"},
	"SkippedIPRangeList":         {"192.0.2.0/24"},
	"ConfirmationCode":           {"123456"},
	"UserCode":                   {"123456"},
	"SupportedIdentityProviders": {"COGNITO", "Google"},
}

// entries are keys and values worth trying in maps.
var entries = [][2]string{
	{"client_id", "c"}, {"client_secret", "s"}, {"authorize_scopes", "openid email"}, {"oidc_issuer", "https://127.0.0.1"},
	{"MetadataURL", "https://[::ffff:10.0.0.1]/"}, {"MetadataFile", "<EntityDescriptor/>"}, {"attributes_request_method", "GET"},
	{"USERNAME", "ada"}, {"PASSWORD", "Correct-Horse-7"}, {"SRP_A", "ab12"}, {"REFRESH_TOKEN", "x"}, {"ANSWER", "1"},
	{"NEW_PASSWORD", "Correct-Horse-7"}, {"PREFERRED_CHALLENGE", "PASSWORD"}, {"DEVICE_KEY", "x"}, {"SMS_MFA_CODE", "123456"},
	{"username", "sub"}, {"email", "email"}, {"cognito:default", "https://example.com/"}, {"Category", "UserRead"},
}

// hostile are strings that have broken something somewhere, as JSON.
var hostile = []string{
	`""`, `"\u0000"`, `"a\u0000b"`, `"\ud800"`, `"\udfff\ud800"`, "\"\xff\xfe\"", "\"\xed\xa0\x80\"", `"\u2028"`, `"\ufeff"`, `"\u202e"`, `"%s%n"`, `"' OR 1=1 --"`,
	`"$1"`, `"../../etc/passwd"`, `"\r\nX: y"`, `"😀"`, `"ﬀ"`, `"İ"`, `"{\"$ref\":1}"`, `null`, `"arn:aws:"`, `"arn:aws:::::"`, `"-1"`, `"1e999"`,
	`"AAAA"`, `"eyJhbGciOiJub25lIn0.e30."`, `"{}"`, `"[]"`, `"[[[[[[[[[["`, `"\\"`, `"%00"`, `"_"`, `"us-east-1_"`,
}

// value writes a random value of a shape.
func (g *generator) value(b *strings.Builder, s *apimodel.Shape, name string, required bool) {
	if g.evil(100) {
		b.WriteString([]string{`1`, `"x"`, `[]`, `{}`, `null`, `true`, `1e400`, `-0.5`}[g.IntN(8)])
		return
	}
	switch s.Type {
	case apimodel.Structure:
		b.WriteByte('{')
		first := true
		for _, m := range s.Members {
			if !m.Required && g.IntN(5) > 0 || m.Required && g.evil(60) {
				continue
			}
			if !first {
				b.WriteByte(',')
			}
			first = false
			fmt.Fprintf(b, "%q:", m.Name)
			g.value(b, m.Shape, m.Name, m.Required)
		}
		b.WriteByte('}')
	case apimodel.List:
		b.WriteByte('[')
		for i := range g.few() {
			if i > 0 {
				b.WriteByte(',')
			}
			g.value(b, s.Elem, name, true)
		}
		b.WriteByte(']')
	case apimodel.Map:
		b.WriteByte('{')
		for i := range g.few() * 2 {
			if i > 0 {
				b.WriteByte(',')
			}
			entry := entries[g.IntN(len(entries))]
			if g.evil(6) {
				b.WriteString(hostileText(g.Rand))
				b.WriteByte(':')
				g.value(b, s.Elem, name, true)
				continue
			}
			fmt.Fprintf(b, "%q:", entry[0])
			if s.Elem.Type == apimodel.String && g.IntN(4) > 0 {
				fmt.Fprintf(b, "%q", entry[1])
			} else {
				g.value(b, s.Elem, entry[0], true)
			}
		}
		b.WriteByte('}')
	case apimodel.String:
		b.WriteString(g.text(s, name))
	case apimodel.Integer, apimodel.Long:
		low, high := int64(-1), int64(100)
		if s.Limits != nil && !g.evil(20) {
			if s.Limits.Min != apimodel.NoMin {
				low = s.Limits.Min
			}
			if s.Limits.Max != apimodel.NoMax {
				high = s.Limits.Max
			}
		}
		switch kind := g.IntN(12); {
		case g.evil(10):
			b.WriteString([]string{"0", "-1", "2147483647", "2147483648", "-2147483648", "9223372036854775807", "1e3", "0.5"}[g.IntN(8)])
		case kind < 2:
			fmt.Fprint(b, high)
		case kind < 5:
			fmt.Fprint(b, low)
		default:
			fmt.Fprint(b, low+g.Int64N(max(high-low, 0)+1))
		}
	case apimodel.Boolean:
		b.WriteString([]string{"true", "false"}[g.IntN(2)])
	case apimodel.Timestamp:
		b.WriteString([]string{"0", "1726788459.464", "-1", "1e15", "1e300"}[g.IntN(5)])
	case apimodel.Blob:
		raw := make([]byte, g.IntN(64))
		for i := range raw {
			raw[i] = byte(g.Uint32())
		}
		fmt.Fprintf(b, "%q", base64.StdEncoding.EncodeToString(raw))
	default:
		b.WriteString([]string{`{}`, `{"componentClasses":{"buttons":{"borderRadius":8}}}`, `[1]`, `{"a":"\u0000"}`, `"x"`, `1`, `{"id":"x","type":"public-key"}`}[g.IntN(7)])
	}
}

// few is how many elements to make.
func (g *generator) few() int { return []int{0, 1, 1, 1, 2, 3}[g.IntN(6)] }

func hostileText(r *rand.Rand) string {
	if r.IntN(20) == 0 {
		return `"` + strings.Repeat("x", []int{127, 257, 2049, 70_000}[r.IntN(4)]) + `"`
	}
	for {
		if s := hostile[r.IntN(len(hostile))]; s != "null" {
			return s
		}
	}
}

// text writes a string of a shape, as JSON.
func (g *generator) text(s *apimodel.Shape, name string) string {
	if g.evil(12) {
		return hostileText(g.Rand)
	}
	var text string
	known, wanted := g.known[name], likely[name]
	switch {
	case s.Enum != nil:
		text = s.Enum[g.IntN(len(s.Enum))]
	case len(known) > 0 && g.IntN(8) > 0:
		text = known[g.IntN(len(known))]
		if g.evil(15) && text != "" { // a forgery
			i := g.IntN(len(text))
			text = text[:i] + "A" + text[i+1:]
		}
	case len(wanted) > 0 && g.IntN(10) > 0:
		text = wanted[g.IntN(len(wanted))]
	default:
		text = g.fitting(s)
	}
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(quoted)
}

// fitting is a string that matches the pattern of a shape, and mostly is as long
// as it should be.
func (g *generator) fitting(s *apimodel.Shape) string {
	low, high := 1, 20
	if s.Limits != nil {
		if s.Limits.Min > 1 {
			low = int(min(s.Limits.Min, 200))
		}
		if s.Limits.Max != apimodel.NoMax {
			high = int(min(s.Limits.Max, 200))
		}
	}
	expr := ".+"
	if s.Pattern != nil {
		expr = s.Pattern.RE2
		if expr == "" {
			expr = s.Pattern.Text
		}
	}
	parsed, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		panic(err)
	}
	var b strings.Builder
	g.match(&b, parsed.Simplify(), low, high)
	return b.String()
}

// match writes a string that matches re; low and high are how often what may
// repeat without end does.
func (g *generator) match(b *strings.Builder, re *syntax.Regexp, low, high int) {
	repeat := func(from int) {
		low := max(low, from)
		for range low + g.IntN(max(min(high-low, 10), 0)+1) {
			g.match(b, re.Sub[0], 1, 3)
		}
	}
	switch re.Op {
	case syntax.OpLiteral:
		b.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		i := g.IntN(len(re.Rune)/2) * 2
		if g.IntN(3) > 0 { // the first range is of ASCII, mostly
			i = 0
		}
		b.WriteRune(re.Rune[i] + rune(g.IntN(int(min(re.Rune[i+1]-re.Rune[i], 90))+1)))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteByte(byte('a' + g.IntN(26)))
	case syntax.OpStar:
		repeat(0)
	case syntax.OpPlus:
		repeat(1)
	case syntax.OpQuest:
		if g.IntN(2) == 0 {
			g.match(b, re.Sub[0], low, high)
		}
	case syntax.OpCapture:
		g.match(b, re.Sub[0], low, high)
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			g.match(b, sub, low, high)
		}
	case syntax.OpAlternate:
		g.match(b, re.Sub[g.IntN(len(re.Sub))], low, high)
	}
}
