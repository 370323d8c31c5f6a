package hosted

import (
	"context"
	"encoding/json"
	"html"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/trigger"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// What administrators, clients that register themselves and functions say is text
// on the page, and no link of theirs runs anything.
func TestNoMarkupFromConfiguration(t *testing.T) {
	const (
		arn       = "arn:aws:lambda:us-east-1:123456789012:function:custom"
		attribute = `"'><img src=x on=1>` // as long as names may be
	)
	s := setting{functions: trigger.Functions{arn: func(_ context.Context, event json.RawMessage) (json.RawMessage, error) {
		var whole map[string]any
		if err := json.Unmarshal(event, &whole); err != nil {
			return nil, err
		}
		whole["response"] = map[string]any{"challengeName": "CUSTOM_CHALLENGE", "issueTokens": false, "failAuthentication": false}
		if whole["triggerSource"] == "CreateAuthChallenge_Authentication" {
			whole["response"] = map[string]any{"publicChallengeParameters": map[string]string{markup: markup}, "privateChallengeParameters": map[string]string{}}
		}
		return json.Marshal(whole)
	}}}
	s.pool.LambdaConfig = userpool.LambdaConfig{DefineAuthChallenge: arn, CreateAuthChallenge: arn, VerifyAuthChallengeResponse: arn}
	w := newSite(t, s)
	ctx := t.Context()
	w.must(w.Pools.AddCustomAttributes(ctx, w.pool.ID, []userpool.SchemaSettings{{Name: attribute, AttributeDataType: "String", Mutable: new(true)}}))
	config := w.client.ClientConfig
	made, err := w.Pools.CreateClient(ctx, userpool.NewClient{PoolID: w.pool.ID, Name: markup, Settings: userpool.ClientSettings{ClientConfig: config}})
	w.must(err)
	w.pool, w.client, err = w.Pools.PoolClient(ctx, w.pool.ID, made.ID)
	w.must(err)
	w.user("eve", nil)

	check := func(b *browser, path, shown string) {
		t.Helper()
		if !strings.Contains(html.UnescapeString(b.page.body), shown) {
			t.Errorf("%s does not say %s:\n%s", path, shown, b.page.body)
		}
		if inlined.MatchString(b.page.body) || strings.Contains(b.page.body, "<img src=x") {
			t.Errorf("%s: %s", path, b.page.body)
		}
	}
	b := w.browser()
	b.authorize()
	for _, path := range b.forms()[:6] {
		b.get(path)
		check(b, path, markup)
	}
	b.authorize()
	b.signIn("eve")
	b.wantCode()
	b.get("/account?client_id=" + b.client.ID)
	check(b, "/account", attribute)
	b.get("/error?error=redirect_mismatch&client_id=" + b.client.ID)
	check(b, "/error", markup)

	config.ExplicitAuthFlows = []string{"ALLOW_CUSTOM_AUTH"}
	made, err = w.Pools.CreateClient(ctx, userpool.NewClient{PoolID: w.pool.ID, Name: markup, Settings: userpool.ClientSettings{ClientConfig: config}})
	w.must(err)
	w.pool, w.client, err = w.Pools.PoolClient(ctx, w.pool.ID, made.ID)
	w.must(err)
	b = w.browser()
	b.authorize()
	b.submit("username", "eve")
	check(b, "/challenge", markup+"</strong>: "+markup)
}
