package lambdaauth

import (
	"fmt"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/verify"
	"github.com/poolhouse/poolhouse/verify/middleware"
)

const appsyncEvent = `{"authorizationToken":%q,"requestContext":{"apiId":"abc","accountId":"123456789012","requestId":"r",
	"queryString":"mutation M { createArticle(name: \"a\") { id } }","operationName":"M","variables":{"name":"a"}}}`

func TestAppSync(t *testing.T) {
	good := mint(t, nil)
	rules := map[string]middleware.Rule{
		"Mutation.createArticle": {AnyGroup: []string{"editors"}},
		"Mutation.deleteArticle": {AnyGroup: []string{"admins"}},
		"Author.email":           {AllScopes: []string{"authors/read"}},
	}
	refusal := `{"isAuthorized":false,"ttlOverride":0}`
	answer := func(denied string, ttl int) string {
		return fmt.Sprintf(`{"isAuthorized":true,"resolverContext":%s%s,"ttlOverride":%d}`, aboutKim, denied, ttl)
	}
	for name, test := range map[string]struct {
		value  string
		o      Options
		change func(*verify.Pool)
		want   string
	}{
		"good":              {good, Options{}, nil, answer("", 0)},
		"with Bearer":       {"Bearer " + good, Options{}, nil, answer("", 0)},
		"some fields":       {good, Options{Rules: rules}, nil, answer(`,"deniedFields":["Author.email","Mutation.deleteArticle"]`, 0)},
		"kept":              {good, Options{TTL: 45 * time.Second}, nil, answer("", 45)},
		"kept till it ends": {good, Options{TTL: time.Hour}, nil, answer("", 60)},
		"rubbish":           {"a.b.c", Options{TTL: time.Hour}, nil, refusal},
		"no token at all":   {"custom-key", Options{}, nil, refusal},
		"expired":           {mint(t, map[string]any{"exp": now.Unix()}), Options{}, nil, refusal},
		"bound to a key":    {mint(t, map[string]any{"cnf": map[string]string{"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}}), Options{}, nil, refusal},
		"no group":          {good, Options{}, adminsOnly, refusal},
		"down":              {good, Options{}, down, denied500},
	} {
		t.Run(name, func(t *testing.T) {
			var changes []func(*verify.Pool)
			if test.change != nil {
				changes = append(changes, test.change)
			}
			test.o.Now = clock
			if got := call(t, appsyncEvent, test.value, newAuth(t, middleware.Options{}, changes...), test.o, AppSync); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}
