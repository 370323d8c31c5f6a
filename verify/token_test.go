package verify

import (
	"encoding/json"
	"slices"
	"testing"
	"time"
)

func verified(t *testing.T, c claims) *Token {
	t.Helper()
	token, err := newVerifier(t, offline(nil)).Verify(t.Context(), mint(c))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestAccessors(t *testing.T) {
	token := verified(t, idClaims(claims{
		"acr": "urn:cognito:loa:4", "amr": []string{"pwd", "otp", "mfa"}, "nonce": "n", "at_hash": "h",
		"given_name": "Kim", "family_name": "Example", "middle_name": "M", "nickname": "K", "preferred_username": "kimmy",
		"profile": "https://p", "picture": "https://i", "website": "https://w", "gender": "x", "birthdate": "2000-01-02",
		"zoneinfo": "Europe/Berlin", "locale": "de", "updated_at": 1700000000, "address": claims{"formatted": "Main St \"1\""},
		"nbf": testTime.Unix() - 60,
	}))
	for name, test := range map[string]struct{ got, want string }{
		"Subject":           {token.Subject(), "34c84488-e0e1-70ae-d2ee-991ad1a898c8"},
		"Issuer":            {token.Issuer(), testIssuer},
		"Username":          {token.Username(), "kim"},
		"JTI":               {token.JTI(), "019cb74f-0000-7000-8000-000000000003"},
		"OriginJTI":         {token.OriginJTI(), "019cb74f-0000-7000-8000-000000000001"},
		"EventID":           {token.EventID(), "019cb74f-0000-7000-8000-000000000002"},
		"ACR":               {token.ACR(), "urn:cognito:loa:4"},
		"Nonce":             {token.Nonce(), "n"},
		"AtHash":            {token.AtHash(), "h"},
		"PreferredRole":     {token.PreferredRole(), "arn:aws:iam::123456789012:role/editor"},
		"PhoneNumber":       {token.PhoneNumber(), "+15550100"},
		"Name":              {token.Name(), "Kim Example"},
		"GivenName":         {token.GivenName(), "Kim"},
		"FamilyName":        {token.FamilyName(), "Example"},
		"MiddleName":        {token.MiddleName(), "M"},
		"Nickname":          {token.Nickname(), "K"},
		"PreferredUsername": {token.PreferredUsername(), "kimmy"},
		"Profile":           {token.Profile(), "https://p"},
		"Picture":           {token.Picture(), "https://i"},
		"Website":           {token.Website(), "https://w"},
		"Gender":            {token.Gender(), "x"},
		"Birthdate":         {token.Birthdate(), "2000-01-02"},
		"Zoneinfo":          {token.Zoneinfo(), "Europe/Berlin"},
		"Locale":            {token.Locale(), "de"},
		"Address":           {token.Address(), `Main St "1"`},
		"Claim":             {string(token.Claim("nonce")), `"n"`},
		"no Claim":          {string(token.Claim("none")), ""},
		"Text of a list":    {token.Text("amr"), ""},
		"DeviceKey":         {token.DeviceKey(), ""},
	} {
		if test.got != test.want {
			t.Errorf("%s is %q, want %q", name, test.got, test.want)
		}
	}
	for name, test := range map[string]struct{ got, want []string }{
		"AMR":      {token.AMR(), []string{"pwd", "otp", "mfa"}},
		"Roles":    {token.Roles(), []string{"arn:aws:iam::123456789012:role/editor"}},
		"Groups":   {token.Groups(), []string{"editors", "staff"}},
		"Audience": {token.Audience(), []string{testClient}},
		"Scopes":   {token.Scopes(), nil},
	} {
		if !slices.Equal(test.got, test.want) {
			t.Errorf("%s is %q, want %q", name, test.got, test.want)
		}
	}
	minuteAgo := testTime.Add(-time.Minute)
	for name, test := range map[string]struct{ got, want time.Time }{
		"AuthTime":  {token.AuthTime(), minuteAgo},
		"IssuedAt":  {token.IssuedAt(), minuteAgo},
		"NotBefore": {token.NotBefore(), minuteAgo},
		"UpdatedAt": {token.UpdatedAt(), time.Unix(1700000000, 0)},
		"no Time":   {token.Time("name"), time.Time{}},
	} {
		if !test.got.Equal(test.want) {
			t.Errorf("%s is %v, want %v", name, test.got, test.want)
		}
	}
	access := verified(t, accessClaims(claims{"version": 2, "device_key": "us-east-1_d"}))
	if access.Version() != "2" || access.DeviceKey() != "us-east-1_d" || !slices.Equal(access.Scopes(), []string{"aws.cognito.signin.user.admin", "articles/read"}) {
		t.Errorf("claims of the access token: %s", access.payload)
	}
	groups := access.Groups()
	groups[0] = "admins"
	if access.HasGroup("admins") {
		t.Error("the caller can change a token")
	}
}

func TestIdentities(t *testing.T) {
	token := verified(t, idClaims(claims{"identities": []claims{
		{"userId": "107", "providerName": "Google", "providerType": "Google", "issuer": nil, "primary": "true", "dateCreated": "1700000000123"},
		{"userId": "x", "providerName": "Corp", "providerType": "SAML", "issuer": "urn:corp", "primary": false, "dateCreated": 1700000000123},
	}}))
	at := time.UnixMilli(1700000000123).UTC()
	want := []Identity{{"107", "Google", "Google", "", true, at}, {"x", "Corp", "SAML", "urn:corp", false, at}}
	if got := token.Identities(); !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := verified(t, idClaims(nil)).Identities(); len(got) != 0 {
		t.Errorf("got %+v, want none", got)
	}
}

func TestDecodeKeepsCase(t *testing.T) {
	type base struct {
		Sub string `json:"sub"`
	}
	var user struct {
		base
		Email    string   `json:"email"`
		Groups   []string `json:"cognito:groups,omitempty"`
		Verified bool     `json:"email_verified"`
		Name     string
	}
	token := verified(t, idClaims(claims{"email": nil, "Email": "root@example.com", "SUB": "root", "name": "x"}))
	if err := token.Decode(&user); err != nil {
		t.Fatal(err)
	}
	if user.Email != "" || user.Sub != token.Subject() || !slices.Equal(user.Groups, token.Groups()) || !user.Verified || user.Name != "" {
		t.Errorf("decoded %+v", user)
	}
	var all map[string]json.RawMessage
	if err := token.Decode(&all); err != nil || string(all["Email"]) != `"root@example.com"` {
		t.Errorf("decoded %s, %v", all, err)
	}
	if err := token.Decode(nil); err == nil {
		t.Error("decoded into nothing")
	}
	var wrong struct {
		Email int `json:"Email"`
	}
	if err := token.Decode(&wrong); err == nil {
		t.Error("decoded a text into a number")
	}
}

func TestCacheIsBoundedAndChecksTime(t *testing.T) {
	now := testTime
	v := newVerifier(t, offline(func(c *Config) { c.CacheSize, c.Now = 4, func() time.Time { return now } }))
	raw := mint(accessClaims(nil))
	first, err := v.Verify(t.Context(), raw)
	wantCode(t, err, "")
	for n := range 20 {
		_, err := v.Verify(t.Context(), mint(accessClaims(claims{"jti": n})))
		wantCode(t, err, "")
		if again, err := v.Verify(t.Context(), raw); err != nil || again != first {
			t.Fatalf("a token in use was forgotten: %v", err)
		}
		if size := len(v.cache.young) + len(v.cache.old); size > 4 {
			t.Fatalf("%d tokens in the cache", size)
		}
	}
	if _, err := v.Verify(t.Context(), raw[:len(raw)-1]); err == nil {
		t.Error("a part of a token is taken for it")
	}
	now = now.Add(time.Hour)
	_, err = v.Verify(t.Context(), raw)
	wantCode(t, err, ErrExpired)
	now = testTime.Add(-time.Hour)
	_, err = v.Verify(t.Context(), raw)
	wantCode(t, err, ErrNotYetValid)
}

func TestAllocations(t *testing.T) {
	ctx, raw := t.Context(), mint(idClaims(nil))
	verify := func(v *Verifier) func() {
		return func() {
			if _, err := v.Verify(ctx, raw); err != nil {
				t.Error(err)
			}
		}
	}
	if n := testing.AllocsPerRun(100, verify(newVerifier(t, offline(nil)))); n > 50 {
		t.Errorf("%v allocations, want at most 50", n)
	}
	if n := testing.AllocsPerRun(100, verify(newVerifier(t, offline(func(c *Config) { c.CacheSize = 10 })))); n > 0 {
		t.Errorf("%v allocations for a token in the cache, want none", n)
	}
}
