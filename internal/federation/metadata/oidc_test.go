package metadata

import (
	"errors"
	"strings"
	"testing"
)

func TestParseOIDC(t *testing.T) {
	const doc = `{"issuer":"https://op.example.com","authorization_endpoint":"https://op.example.com/a","token_endpoint":"https://op.example.com/t","jwks_uri":"https://op.example.com/k","more":[1]}`
	got, err := ParseOIDC([]byte(doc), "https://op.example.com/")
	want := OIDC{Issuer: "https://op.example.com", AuthorizationEndpoint: "https://op.example.com/a", TokenEndpoint: "https://op.example.com/t", JWKSURI: "https://op.example.com/k"}
	if err != nil || *got != want {
		t.Errorf("ParseOIDC = %+v, %v", got, err)
	}
	for _, tt := range []struct {
		name, doc string
		want      error
	}{
		{"another issuer", strings.Replace(doc, `"https://op.example.com"`, `"https://evil.example.com"`, 1), ErrIssuer},
		{"no issuer", `{}`, ErrIssuer},
		{"no JSON", `<html>`, ErrDiscovery},
		{"a script for an endpoint", strings.Replace(doc, "https://op.example.com/t", "javascript:1", 1), ErrDiscovery},
		{"too long", doc + strings.Repeat(" ", MaxSize), ErrDiscovery},
	} {
		if _, err := ParseOIDC([]byte(tt.doc), "https://op.example.com"); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	if got := DiscoveryURL("https://op.example.com/x/"); got != "https://op.example.com/x/.well-known/openid-configuration" {
		t.Error(got)
	}
}

func TestIsURL(t *testing.T) {
	for text, want := range map[string]bool{
		"https://a.example": true, "http://localhost:8080/x?y": true,
		"": false, "a.example": false, "ftp://a.example": false, "https://": false, "https://u@a.example": false,
		"https://a.example/#": false, "https://a.example/ b": false, "//a.example": false, "https://a.example/" + strings.Repeat("x", maxURL): false,
	} {
		if got := IsURL(text); got != want {
			t.Errorf("IsURL(%q) = %v", text, got)
		}
	}
}

func FuzzParseOIDC(f *testing.F) {
	f.Add([]byte(`{"issuer":"https://op.example.com","token_endpoint":"https://op.example.com/t"}`))
	f.Add([]byte(`{"issuer":"https://op.example.com/","jwks_uri":"x"}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		got, err := ParseOIDC(doc, "https://op.example.com")
		if err == nil && got.TokenEndpoint != "" && !IsURL(got.TokenEndpoint) {
			t.Errorf("%q gives %+v", doc, got)
		}
	})
}
