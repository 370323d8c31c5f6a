package lambdaauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/poolhouse/poolhouse/verify"
	"github.com/poolhouse/poolhouse/verify/middleware"
)

const (
	stage = "arn:aws:execute-api:us-east-1:123456789012:abcdef1234/prod"

	tokenEvent   = `{"type":"TOKEN","authorizationToken":%q,"methodArn":"` + stage + `/GET/articles"}`
	requestEvent = `{"type":"REQUEST","methodArn":"` + stage + `/GET/articles","resource":"/articles","path":"/articles",
		"httpMethod":"GET","headers":{"X-Trace":"1"},"multiValueHeaders":{"authorization":[%q]},
		"requestContext":{"path":"/prod/articles","accountId":"123456789012","stage":"prod","apiId":"abcdef1234"}}`
	httpEvent = `{"version":"2.0","type":"REQUEST","routeArn":"` + stage + `/GET/articles","identitySource":["x"],
		"routeKey":"GET /articles","rawPath":"/prod/articles","rawQueryString":"","cookies":[],"headers":{"authorization":%q},
		"requestContext":{"accountId":"123456789012","apiId":"abcdef1234","stage":"prod","http":{"method":"GET","path":"/prod/articles"}}}`

	aboutKim  = `{"client_id":"c","groups":"editors staff","scope":"articles/read articles/write","sub":"34c84488","token_use":"access","username":"kim"}`
	allowAll  = `{"principalId":"34c84488","policyDocument":{"Version":"2012-10-17","Statement":[{"Action":["execute-api:Invoke"],"Effect":"Allow","Resource":["` + stage + `/*"]}]},"context":` + aboutKim + `}`
	denyAll   = `{"principalId":"%s","policyDocument":{"Version":"2012-10-17","Statement":[{"Action":["execute-api:Invoke"],"Effect":"Deny","Resource":["` + stage + `/*"]}]}%s}`
	denied401 = "error: Unauthorized"
	denied500 = "error: lambdaauth: tokens cannot be checked now"
)

// kinds are the authorizers of API Gateway: what each answers to the value of an
// Authorization header.
var kinds = map[string]func(*testing.T, *middleware.Middleware, Options, string) string{
	"Token": func(t *testing.T, m *middleware.Middleware, o Options, value string) string {
		return call(t, tokenEvent, value, m, o, Token)
	},
	"Request": func(t *testing.T, m *middleware.Middleware, o Options, value string) string {
		return call(t, requestEvent, value, m, o, Request)
	},
	"HTTPPolicy": func(t *testing.T, m *middleware.Middleware, o Options, value string) string {
		return call(t, httpEvent, value, m, o, HTTPPolicy)
	},
	"HTTPSimple": func(t *testing.T, m *middleware.Middleware, o Options, value string) string {
		return call(t, httpEvent, value, m, o, HTTPSimple)
	},
}

func call[E, R any](t *testing.T, event, value string, m *middleware.Middleware, o Options,
	kind func(*middleware.Middleware, Options) (func(context.Context, E) (R, error), error),
) string {
	t.Helper()
	handler, err := kind(m, o)
	if err != nil {
		t.Fatal(err)
	}
	response, err := handler(t.Context(), as[E](t, fmt.Sprintf(event, value)))
	return outcome(t, response, err)
}

func TestAnswers(t *testing.T) {
	good := mint(t, nil)
	for name, test := range map[string]struct {
		value  string
		change func(*verify.Pool)
		policy string
		simple string
	}{
		"good":           {"Bearer " + good, nil, allowAll, `{"isAuthorized":true,"context":` + aboutKim + `}`},
		"bare":           {good, nil, allowAll, `{"isAuthorized":true,"context":` + aboutKim + `}`},
		"rubbish":        {"Bearer a.b.c", nil, denied401, denied401},
		"another scheme": {"Basic a2ltOmtpbQ==", nil, denied401, denied401},
		"empty":          {"", nil, denied401, denied401},
		"two, by commas": {"Bearer " + good + ",Bearer " + good, nil, denied401, denied401},
		"expired":        {mint(t, map[string]any{"exp": now.Unix()}), nil, denied401, denied401},
		"bound to a key": {mint(t, map[string]any{"cnf": map[string]string{"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}}), nil, denied401, denied401},
		"another client": {mint(t, map[string]any{"client_id": "d"}), nil, denied401, denied401},
		"no group":       {good, adminsOnly, fmt.Sprintf(denyAll, "refused", ""), `{"isAuthorized":false}`},
		"down":           {good, down, denied500, denied500},
	} {
		for kind, ask := range kinds {
			t.Run(kind+"/"+name, func(t *testing.T) {
				var changes []func(*verify.Pool)
				if test.change != nil {
					changes = append(changes, test.change)
				}
				want := test.policy
				if kind == "HTTPSimple" {
					want = test.simple
				}
				if got := ask(t, newAuth(t, middleware.Options{}, changes...), Options{}, test.value); got != want {
					t.Errorf("got  %s\nwant %s", got, want)
				}
			})
		}
	}
}

func TestRules(t *testing.T) {
	rules := map[string]middleware.Rule{
		"GET /articles*":      {},
		"POST /articles":      {AnyGroup: []string{"editors"}},
		"DELETE /articles/*":  {AnyGroup: []string{"admins"}},
		"PUT /articles/*":     {AllScopes: []string{"articles/write"}},
		"PUT /articles/pin/*": {AnyGroup: []string{"admins"}},
	}
	resources := func(paths ...string) string {
		var list []string
		for _, p := range paths {
			list = append(list, `"`+stage+"/"+p+`"`)
		}
		return strings.Join(list, ",")
	}
	for name, test := range map[string]struct {
		claims map[string]any
		allow  string
	}{
		"editor who may write": {nil, resources("GET/articles*", "POST/articles", "PUT/articles/*")},
		"reader":               {map[string]any{"cognito:groups": []string{}, "scope": "articles/read"}, resources("GET/articles*")},
		"admin":                {map[string]any{"cognito:groups": []string{"admins"}, "scope": ""}, resources("DELETE/articles/*", "GET/articles*", "PUT/articles/pin/*")},
	} {
		for _, kind := range []string{"Token", "Request", "HTTPPolicy"} {
			t.Run(kind+"/"+name, func(t *testing.T) {
				got := kinds[kind](t, newAuth(t, middleware.Options{}), Options{Rules: rules}, mint(t, test.claims))
				if !strings.Contains(got, `"Effect":"Allow","Resource":[`+test.allow+`]}]}`) {
					t.Errorf("got %s\nwant %s", got, test.allow)
				}
			})
		}
	}
	nothing := Options{Rules: map[string]middleware.Rule{"* /*": {AnyGroup: []string{"admins"}}}}
	if got, want := kinds["Token"](t, newAuth(t, middleware.Options{}), nothing, mint(t, nil)), fmt.Sprintf(denyAll, "34c84488", `,"context":`+aboutKim); got != want {
		t.Errorf("no rule met: got  %s\nwant %s", got, want)
	}
}

func TestOptional(t *testing.T) {
	m := newAuth(t, middleware.Options{Optional: true})
	if got := kinds["Request"](t, m, Options{}, ""); !strings.Contains(got, `"principalId":"anonymous"`) || !strings.Contains(got, "Allow") {
		t.Errorf("without rules: %s", got)
	}
	if got := kinds["Request"](t, m, Options{Rules: map[string]middleware.Rule{"GET /articles": {}}}, ""); got != denied401 {
		t.Errorf("with rules: %s", got)
	}
	if got := kinds["Request"](t, m, Options{}, "Bearer a.b.c"); got != denied401 {
		t.Errorf("a bad token: %s", got)
	}
}

// TestUsers finds users of the application and tells the integration of them.
func TestUsers(t *testing.T) {
	ids := map[string]int{}
	m := newAuth(t, middleware.Options{Users: &middleware.Users[int]{
		Key: middleware.BySubject,
		Find: func(_ context.Context, sub string) (int, error) {
			if ids[sub] == 0 {
				return 0, verify.ErrUserNotFound
			}
			return ids[sub], nil
		},
		Create: func(_ context.Context, sub string, _ *middleware.Caller) (int, error) {
			ids[sub] = len(ids) + 1
			return ids[sub], nil
		},
		Inactive: func(id int) bool { return id == 3 },
	}})
	o := Options{Context: func(ctx context.Context) map[string]any {
		id, _ := middleware.UserFrom[int](ctx)
		return map[string]any{"author": id}
	}}
	for i, test := range []struct{ sub, want string }{
		{"a", `"author":1,`}, {"b", `"author":2,`}, {"a", `"author":1,`}, {"c", denied401}, {"b", `"author":2,`},
	} {
		got := kinds["Token"](t, m, o, mint(t, map[string]any{"sub": test.sub}))
		if !strings.Contains(got, test.want) {
			t.Errorf("%d: user of %s: %s", i, test.sub, got)
		}
	}
}

func TestSources(t *testing.T) {
	good := mint(t, nil)
	source := middleware.FirstOf(middleware.FromHeader, middleware.FromCookie("access"),
		func(r *http.Request) (string, error) { return r.URL.Query().Get("token"), nil })
	handler, err := HTTPSimple(newAuth(t, middleware.Options{}), Options{Source: source})
	if err != nil {
		t.Fatal(err)
	}
	for name, event := range map[string]events.APIGatewayV2CustomAuthorizerV2Request{
		"header": {Headers: map[string]string{"authorization": good}},
		"cookie": {Cookies: []string{"theme=dark", "access=" + good}},
		"query":  {RawQueryString: "token=" + good},
	} {
		if response, err := handler(t.Context(), event); err != nil || !response.IsAuthorized {
			t.Errorf("HTTP API, %s: %v, %v", name, response, err)
		}
	}
	rest, err := Request(newAuth(t, middleware.Options{}), Options{Source: source})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		event events.APIGatewayCustomAuthorizerRequestTypeRequest
		want  error
	}{
		"header":      {events.APIGatewayCustomAuthorizerRequestTypeRequest{Headers: map[string]string{"authorization": good}}, nil},
		"cookie":      {events.APIGatewayCustomAuthorizerRequestTypeRequest{MultiValueHeaders: map[string][]string{"Cookie": {"theme=dark; access=" + good}}}, nil},
		"query":       {events.APIGatewayCustomAuthorizerRequestTypeRequest{QueryStringParameters: map[string]string{"token": good}}, nil},
		"two headers": {events.APIGatewayCustomAuthorizerRequestTypeRequest{MultiValueHeaders: map[string][]string{"Authorization": {good, good}}}, errUnauthorized},
		"two spellings": {events.APIGatewayCustomAuthorizerRequestTypeRequest{
			MultiValueHeaders: map[string][]string{"Authorization": {good}, "authorization": {good}},
		}, errUnauthorized},
	} {
		test.event.MethodArn = stage + "/GET/articles"
		if _, err := rest(t.Context(), test.event); !errors.Is(err, test.want) {
			t.Errorf("REST, %s: %v", name, err)
		}
	}
}

func TestResults(t *testing.T) {
	var results []middleware.Result
	o := Options{OnResult: func(_ context.Context, r middleware.Result) { results = append(results, r) }}
	kinds["Token"](t, newAuth(t, middleware.Options{}), o, mint(t, nil))
	kinds["Token"](t, newAuth(t, middleware.Options{}), o, mint(t, map[string]any{"exp": now.Unix()}))
	kinds["Token"](t, newAuth(t, middleware.Options{}, down), o, mint(t, nil))
	if len(results) != 3 {
		t.Fatalf("%d results", len(results))
	}
	if r := results[0]; r.Caller == nil || r.Caller.Token.Username() != "kim" || r.Err != nil || r.Status != 0 {
		t.Errorf("good: %+v", r)
	}
	if r := results[1]; r.Caller != nil || !errors.Is(r.Err, verify.ErrExpired) || r.Status != 401 {
		t.Errorf("expired: %+v", r)
	}
	if r := results[2]; !errors.Is(r.Err, verify.ErrRevocationUnavailable) || r.Status != 503 {
		t.Errorf("down: %+v", r)
	}
}

func TestOptions(t *testing.T) {
	m := newAuth(t, middleware.Options{})
	rules := func(key string) Options { return Options{Rules: map[string]middleware.Rule{key: {}}} }
	makers := map[string]func(*middleware.Middleware, Options) error{
		"Token":      func(m *middleware.Middleware, o Options) error { _, err := Token(m, o); return err },
		"Request":    func(m *middleware.Middleware, o Options) error { _, err := Request(m, o); return err },
		"HTTPPolicy": func(m *middleware.Middleware, o Options) error { _, err := HTTPPolicy(m, o); return err },
		"HTTPSimple": func(m *middleware.Middleware, o Options) error { _, err := HTTPSimple(m, o); return err },
		"AppSync":    func(m *middleware.Middleware, o Options) error { _, err := AppSync(m, o); return err },
	}
	policies := []string{"Token", "Request", "HTTPPolicy"}
	for _, test := range []struct {
		o    Options
		good []string
	}{
		{Options{}, []string{"Token", "Request", "HTTPPolicy", "HTTPSimple", "AppSync"}},
		{rules("GET /articles/*"), policies},
		{rules("* /"), policies},
		{rules("Mutation.createArticle"), []string{"AppSync"}},
		{rules("ANY /articles"), nil},
		{rules("GET /articles/{id}"), nil},
		{rules("GET /${aws:username}"), nil},
		{rules("GET articles"), nil},
		{rules("get /articles"), nil},
		{rules("GET /a b"), nil},
		{rules("GET /" + strings.Repeat("a", 512)), nil},
		{rules("Mutation"), nil},
		{rules(""), nil},
		{Options{TTL: -1}, nil},
		{Options{TTL: 2 * maxTTL}, nil},
	} {
		var good []string
		for _, kind := range []string{"Token", "Request", "HTTPPolicy", "HTTPSimple", "AppSync"} {
			if makers[kind](m, test.o) == nil {
				good = append(good, kind)
			}
		}
		if !reflect.DeepEqual(good, test.good) {
			t.Errorf("%v: accepted by %v, want %v", test.o, good, test.good)
		}
	}
	for kind, maker := range makers {
		if maker(nil, Options{}) == nil {
			t.Errorf("%s: accepted no middleware", kind)
		}
	}
}
