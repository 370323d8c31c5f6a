package settings

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/verify"
	"github.com/poolhouse/poolhouse/verify/middleware"
)

func of(values map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := values[name]
		return value, ok
	}
}

// is reports whether two keys are the same function.
func is(a, b middleware.Key) bool {
	return reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer()
}

func TestDjangoCognitoJWT(t *testing.T) {
	s, err := Read(of(map[string]string{
		"COGNITO_AWS_REGION": "eu-west-1", "COGNITO_USER_POOL": "eu-west-1_Example00", "COGNITO_AUDIENCE": "one, two",
		"COGNITO_TOKEN_TYPE": "id", "COGNITO_PUBLIC_KEYS_CACHING_TIMEOUT": "300", "COGNITO_DOMAIN": "shop", "USER_ID_CLAIM": "email",
	}))
	if err != nil {
		t.Fatal(err)
	}
	p := s.Config.Pools[0]
	if p.ID != "eu-west-1_Example00" || !slices.Equal(p.ClientIDs, []string{"one", "two"}) || p.Use != verify.IDToken ||
		s.Config.KeyTTL != 5*time.Minute || s.UserInfo.URL != "https://shop.auth.eu-west-1.amazoncognito.com/oauth2/userInfo" ||
		!is(s.Key, middleware.ByEmail) {
		t.Errorf("read %+v", s)
	}
	if _, err := verify.New(s.Config); err != nil {
		t.Error(err)
	}
}

func TestSimpleJWT(t *testing.T) {
	s, err := Read(of(map[string]string{
		"ISSUER": "http://127.0.0.1:9339/us-east-1_Demo00000", "JWK_URL": "http://127.0.0.1:9339/us-east-1_Demo00000/.well-known/jwks.json",
		"AUDIENCE": "demo0client000000000000000", "USER_ID_CLAIM": "username", "TOKEN_TYPE_CLAIM": "token_use", "LEEWAY": "1.5",
		"COGNITO_DOMAIN": "http://127.0.0.1:9339/_domain/demo/",
	}))
	if err != nil {
		t.Fatal(err)
	}
	p := s.Config.Pools[0]
	if p.Issuer != "http://127.0.0.1:9339/us-east-1_Demo00000" || p.JWKSURL != p.Issuer+"/.well-known/jwks.json" || p.Use != verify.AccessToken ||
		!slices.Equal(p.ClientIDs, []string{"demo0client000000000000000"}) || s.Config.Leeway != 1500*time.Millisecond ||
		s.UserInfo.URL != "http://127.0.0.1:9339/_domain/demo/oauth2/userInfo" || !is(s.Key, middleware.ByUsername) {
		t.Errorf("read %+v", s)
	}
	if _, err := verify.New(s.Config); err != nil {
		t.Error(err)
	}
}

func TestNoAudienceIsNoSilentSkip(t *testing.T) {
	s, err := Read(of(map[string]string{"COGNITO_USER_POOL": "eu-west-1_Example00", "COGNITO_TOKEN_TYPE": "access,id"}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := verify.New(s.Config); err == nil {
		t.Error("a configuration without clients is accepted")
	}
	if s.Config.Pools[0].AnyClient = true; s.Config.Pools[0].Use != verify.EitherToken || !is(s.Key, middleware.BySubject) || s.UserInfo != nil {
		t.Errorf("read %+v", s)
	}
	if _, err := verify.New(s.Config); err != nil {
		t.Error(err)
	}
}

func TestWrongSettings(t *testing.T) {
	for name, change := range map[string]map[string]string{
		"COGNITO_USER_POOL is not set":                 {"COGNITO_USER_POOL": ""},
		"COGNITO_USER_POOL is not in":                  {"COGNITO_AWS_REGION": "eu-west"},
		"ISSUER is set and":                            {"ISSUER": "https://auth.example.com/p"},
		"TOKEN_TYPE_CLAIM is not":                      {"TOKEN_TYPE_CLAIM": "token_type"},
		"COGNITO_TOKEN_TYPE is neither":                {"COGNITO_TOKEN_TYPE": "Access"},
		"COGNITO_TOKEN_TYPE has an empty":              {"COGNITO_TOKEN_TYPE": "access,"},
		"COGNITO_AUDIENCE has an empty":                {"COGNITO_AUDIENCE": "a,,b"},
		"LEEWAY is not":                                {"LEEWAY": "-1"},
		"LEEWAY is":                                    {"LEEWAY": "NaN"},
		"COGNITO_PUBLIC_KEYS_CACHING_TIMEOUT is not a": {"COGNITO_PUBLIC_KEYS_CACHING_TIMEOUT": "a day"},
		"COGNITO_DOMAIN is a prefix":                   {"COGNITO_DOMAIN": "shop"},
	} {
		values := map[string]string{"COGNITO_USER_POOL": "eu-west-1_Example00", "COGNITO_AUDIENCE": "one"}
		for setting, value := range change {
			values[setting] = value
		}
		if _, err := Read(of(values)); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want an error with %q", err, name)
		}
	}
}
