package samlprovider

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/federation/saml/samltest"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/store/storetest"
)

const corpARN = "arn:aws:iam::123456789012:saml-provider/corp"

var (
	testNow = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	idp     = samltest.New("https://idp.example.com/metadata", testNow)
	ours    = Options{AccountID: "123456789012", Audiences: []string{"urn:amazon:webservices"}, Recipients: []string{"https://signin.aws.amazon.com/saml"}}
)

func TestProviders(t *testing.T) {
	for name, url := range map[string]func(testing.TB) string{"sqlite": storetest.SQLiteURL, "postgres": storetest.PostgresURL} {
		t.Run(name, func(t *testing.T) { providers(t, storetest.OpenAt(t, url(t), func() time.Time { return testNow })) })
	}
}

func providers(t *testing.T, db *store.DB) {
	p := New(db, ours)
	find := func(arn string) *Provider {
		t.Helper()
		found, err := p.Find(t.Context(), arn)
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	if find(corpARN) != nil {
		t.Error("a provider before it is made")
	}
	arn, err := p.Put(t.Context(), Definition{Name: "corp", Metadata: string(idp.Metadata())})
	if err != nil || arn != corpARN {
		t.Fatalf("Put: %s, %v", arn, err)
	}
	corp := find(corpARN)
	if corp == nil || corp.EntityID != idp.EntityID || len(corp.Certificates) != 1 || !reflect.DeepEqual(corp.Audiences, ours.Audiences) ||
		!reflect.DeepEqual(corp.Recipients, ours.Recipients) || !corp.Until().Equal(testNow.AddDate(2, 0, 0)) {
		t.Fatalf("found %+v", corp)
	}
	if find(corpARN) != corp {
		t.Error("a known provider is read again")
	}
	for _, other := range []string{"arn:aws:iam::999999999999:saml-provider/corp", "arn:aws-cn:iam::123456789012:saml-provider/corp", "arn:aws:iam::123456789012:saml-provider/Corp", "corp", ""} {
		if find(other) != nil {
			t.Errorf("%q is the provider too", other)
		}
	}
	// How users get there is the application's to know.
	d := Definition{Name: "corp", Metadata: strings.Replace(string(idp.Metadata()), "HTTP-Redirect", "HTTP-POST", 1), Audiences: []string{"a", "b"}, Recipients: []string{"https://app.example.com/acs"}}
	if err := p.Ensure(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if find(corpARN) != corp {
		t.Error("Ensure changes what is there")
	}
	if _, err := p.Put(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if corp = find(corpARN); !reflect.DeepEqual(corp.Audiences, d.Audiences) || !reflect.DeepEqual(corp.Recipients, d.Recipients) {
		t.Errorf("after the change %+v", corp)
	}
	if list, err := p.List(t.Context()); err != nil || len(list) != 1 || list[0].ARN != corpARN || list[0].Metadata != d.Metadata {
		t.Errorf("List: %+v, %v", list, err)
	}
	// Another certificate opens the provider to nobody else.
	for _, next := range []Definition{
		{Name: "corp", Metadata: string(idp.Metadata())},
		{Name: "corp", Metadata: string(idp.Metadata()), Audiences: []string{"c"}},
	} {
		if len(next.Audiences) > 0 {
			d.Audiences = next.Audiences
		}
		if _, err := p.Put(t.Context(), next); err != nil {
			t.Fatal(err)
		}
		if corp = find(corpARN); corp.Metadata != next.Metadata || !reflect.DeepEqual(corp.Audiences, d.Audiences) || !reflect.DeepEqual(corp.Recipients, d.Recipients) {
			t.Errorf("with metadata anew: %+v", corp)
		}
	}
	// A server starts with the definition that it started with before.
	if err := p.Ensure(t.Context(), Definition{Name: "corp", Metadata: string(samltest.New("x", testNow.AddDate(-3, 0, 0)).Metadata())}); err != nil {
		t.Errorf("metadata that ended, of one that is there: %v", err)
	}
	if err := p.Delete(t.Context(), "corp"); err != nil {
		t.Fatal(err)
	}
	if find(corpARN) != nil {
		t.Error("a deleted provider is found")
	}
	if err := p.Delete(t.Context(), "corp"); err == nil || err.Error() != "there is no SAML provider corp" {
		t.Errorf("delete twice: %v", err)
	}
}

func TestRefused(t *testing.T) {
	db := storetest.OpenAt(t, "sqlite::memory:", func() time.Time { return testNow })
	p := New(db, ours)
	good := string(idp.Metadata())
	with := func(set func(*Definition)) Definition {
		d := Definition{Name: "corp", Metadata: good}
		set(&d)
		return d
	}
	for _, tc := range []struct {
		name string
		d    Definition
		want string
	}{
		{"no name", with(func(d *Definition) { d.Name = "" }), `"" is no name for a SAML provider: 1 to 88 letters, digits and ._-`},
		{"a long name", with(func(d *Definition) { d.Name = strings.Repeat("a", 89) }), `"` + strings.Repeat("a", 89) + `" is no name for a SAML provider: 1 to 88 letters, digits and ._-`},
		{"a path", with(func(d *Definition) { d.Name = "a/b" }), `"a/b" is no name for a SAML provider: 1 to 88 letters, digits and ._-`},
		{"no XML", with(func(d *Definition) { d.Metadata = "x" }), "SAML provider corp: malformed metadata"},
		{"a service provider", with(func(d *Definition) { d.Metadata = strings.ReplaceAll(good, "IDPSSODescriptor", "SPSSODescriptor") }), "SAML provider corp: no identity provider in metadata"},
		{"no certificate", with(func(d *Definition) { d.Metadata = strings.Replace(good, `use="signing"`, `use="encryption"`, 1) }), "SAML provider corp: no usable signing certificate in metadata"},
		{"ended", with(func(d *Definition) {
			d.Metadata = strings.Replace(good, "entityID", `validUntil="2026-05-01T12:00:00Z" entityID`, 1)
		}), "SAML provider corp: the metadata ended on 2026-05-01T12:00:00Z"},
		{"certificate ended", with(func(d *Definition) {
			d.Metadata = string(samltest.New("x", testNow.AddDate(-3, 0, 0)).Metadata())
		}), "SAML provider corp: no signing certificate is valid, with an RSA key of 2048 to 8192 bits or one on P-256 or larger"},
		{"empty audience", with(func(d *Definition) { d.Audiences = []string{""} }), "SAML provider corp: an audience has 1 to 1024 characters"},
		{"many audiences", with(func(d *Definition) { d.Audiences = make([]string, 21) }), "SAML provider corp: more than 20 audiences or recipients"},
		{"no URL", with(func(d *Definition) { d.Recipients = []string{"urn:x"} }), `SAML provider corp: the recipient "urn:x" is no http or https URL`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := p.Put(context.Background(), tc.d); err == nil || err.Error() != tc.want {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
	if list, err := p.List(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("refused providers are kept: %v, %v", list, err)
	}
}
