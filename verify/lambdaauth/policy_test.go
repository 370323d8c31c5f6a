package lambdaauth

import (
	"slices"
	"strings"
	"testing"
)

func TestStageOf(t *testing.T) {
	for arn, want := range map[string]string{
		"arn:aws:execute-api:us-east-1:123456789012:abcdef1234/prod/GET/articles/7": "arn:aws:execute-api:us-east-1:123456789012:abcdef1234/prod",
		"arn:aws:execute-api:us-east-1:123456789012:abcdef1234/prod/GET/":           "arn:aws:execute-api:us-east-1:123456789012:abcdef1234/prod",
		"arn:aws:execute-api:us-east-1:123456789012:abcdef1234/$default/GET/a:b*":   "arn:aws:execute-api:us-east-1:123456789012:abcdef1234/$default",
		"arn:aws-cn:execute-api:cn-north-1:123456789012:abcdef1234/live/$connect":   "arn:aws-cn:execute-api:cn-north-1:123456789012:abcdef1234/live",
		"arn:aws:execute-api:us-east-1:123456789012:abcdef1234/prod":                "",
		"arn:aws:execute-api:us-east-1:123456789012:abcdef1234//GET/":               "",
		"arn:aws:execute-api:us-east-1:123456789012:/prod/GET/":                     "",
		"arn:aws:execute-api:us-east-1:123456789012:*/prod/GET/":                    "",
		"arn:aws:execute-api:us-east-1:123456789012:abcdef1234/*/GET/":              "",
		"arn:aws:execute-api:us-east-1:123456789012:abcdef1234/${a}/GET/":           "",
		"arn:aws:lambda:us-east-1:123456789012:abcdef1234/prod/GET/":                "",
		"execute-api": "",
		"":            "",
	} {
		if got, err := stageOf(arn); got != want || (err == nil) != (want != "") {
			t.Errorf("stageOf(%q) = %q, %v, want %q", arn, got, err, want)
		}
	}
}

// The "*" of a method must not reach into the path: in a policy it would.
func TestAnyMethodIsNoPath(t *testing.T) {
	const stage = "arn:aws:execute-api:us-east-1:123456789012:abcdef1234/prod"
	for key, want := range map[string][]string{
		"GET /articles": {"/GET/articles"},
		"* /*":          {"/*/*"}, // everything, and meant so
		"* /articles": {
			"/DELETE/articles", "/GET/articles", "/HEAD/articles", "/OPTIONS/articles", "/PATCH/articles", "/POST/articles", "/PUT/articles",
		},
	} {
		g := &guard{keys: []string{key, "GET /admin/articles"}}
		p, err := g.policy(stage+"/GET/articles", decision{met: []string{key}, unmet: []string{"GET /admin/articles"}})
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			want[i] = stage + want[i]
		}
		if got := p.Statement[0].Resource; !slices.Equal(got, want) {
			t.Errorf("%s allows %v, want %v", key, got, want)
		}
	}
}

// FuzzStageOf wants a stage to begin its ARN and to have no pattern in it.
func FuzzStageOf(f *testing.F) {
	f.Add("arn:aws:execute-api:us-east-1:123456789012:abcdef1234/prod/GET/articles")
	f.Add("arn:aws:execute-api:us-east-1:123456789012:*/?/GET/")
	f.Fuzz(func(t *testing.T, arn string) {
		stage, err := stageOf(arn)
		if err != nil {
			return
		}
		if !strings.HasPrefix(arn, stage+"/") || strings.ContainsAny(stage, "*?{") || strings.Count(stage, "/") != 1 {
			t.Errorf("stageOf(%q) = %q", arn, stage)
		}
	})
}
