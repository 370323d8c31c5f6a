package metadata

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"
)

// certificate is a certificate as metadata has it.
func certificate(t testing.TB) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

// entity is metadata of a provider with the parts given.
func entity(attributes, role, keys, services string) string {
	return `<?xml version="1.0" encoding="UTF-8"?>
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.example.com" ` + attributes + `>
<md:IDPSSODescriptor ` + role + ` protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">` + keys + services +
		`</md:IDPSSODescriptor></md:EntityDescriptor>`
}

func key(use, certificate string) string {
	return `<md:KeyDescriptor ` + use + `><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>
` + certificate + `
</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`
}

func service(name, binding, location string) string {
	return `<md:` + name + ` Binding="` + binding + `" Location="` + location + `"/>`
}

func TestParseSAML(t *testing.T) {
	cert := certificate(t)
	der, _ := base64.StdEncoding.DecodeString(cert)
	sso := service("SingleSignOnService", BindingRedirect, "https://idp.example.com/sso?a=1&amp;b=2")
	signing := key(`use="signing"`, cert)
	full := entity(`validUntil="2030-01-02T03:04:05Z"`, `WantAuthnRequestsSigned="true"`, signing+key(`use="encryption"`, cert)+key("", cert),
		service("SingleLogoutService", BindingRedirect, "https://idp.example.com/slo")+service("SingleSignOnService", BindingPOST, "https://idp.example.com/post")+sso)
	got, err := ParseSAML([]byte(full))
	want := &SAML{
		EntityID:     "https://idp.example.com",
		SingleSignOn: []Endpoint{{BindingPOST, "https://idp.example.com/post"}, {BindingRedirect, "https://idp.example.com/sso?a=1&b=2"}},
		SingleLogout: []Endpoint{{BindingRedirect, "https://idp.example.com/slo"}}, SigningCertificates: [][]byte{der, der},
		WantsSignedRequests: true, ValidUntil: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC),
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("ParseSAML = %+v, %v, want %+v", got, err, want)
	}
	inner := strings.TrimPrefix(entity("", "", signing, sso), `<?xml version="1.0" encoding="UTF-8"?>`)
	list := func(validUntil string, entities ...string) string {
		return `<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" ` + validUntil + `>` + strings.Join(entities, "") + `</EntitiesDescriptor>`
	}
	for _, tt := range []struct {
		name, doc string
		want      error
	}{
		{"an entity", entity("", "", signing, sso), nil},
		{"one provider of a list", list("", `<EntityDescriptor entityID="sp"/>`, inner), nil},
		{"two providers", list("", inner, inner), ErrNoProvider},
		{"no provider", list("", `<EntityDescriptor entityID="sp"/>`), ErrNoProvider},
		{"empty", "", ErrMalformed},
		{"no XML", "{}", ErrMalformed},
		{"cut short", full[:len(full)-9], ErrMalformed},
		{"something behind the end", full + "<x/>", ErrMalformed},
		{"another namespace", strings.ReplaceAll(full, "urn:oasis:names:tc:SAML:2.0:metadata", "urn:other"), ErrMalformed},
		{"another root", `<x xmlns="urn:oasis:names:tc:SAML:2.0:metadata"/>`, ErrMalformed},
		{"a document type", `<!DOCTYPE x [<!ENTITY a "b">]>` + inner, ErrMalformed},
		{"too deep", strings.Repeat("<a>", 40) + strings.Repeat("</a>", 40), ErrMalformed},
		{"too many elements", "<a>" + strings.Repeat("<b/>", maxElements) + "</a>", ErrMalformed},
		{"too long", inner + strings.Repeat(" ", MaxSize), ErrMalformed},
		{"no entity id", strings.Replace(inner, `entityID="https://idp.example.com"`, "", 1), ErrMalformed},
		{"no time", entity(`validUntil="soon"`, "", signing, sso), ErrMalformed},
		{"only POST", entity("", "", signing, service("SingleSignOnService", BindingPOST, "https://idp.example.com/")), ErrNoRedirect},
		{"a script for a location", entity("", "", signing, service("SingleSignOnService", BindingRedirect, "javascript:alert(1)")), ErrNoRedirect},
		{"only a key to encrypt", entity("", "", key(`use="encryption"`, cert), sso), ErrNoCertificate},
		{"no certificate", entity("", "", key("", "AAAA"), sso), ErrNoCertificate},
		{"no base64", entity("", "", key("", "!"), sso), ErrMalformed},
	} {
		if _, err := ParseSAML([]byte(tt.doc)); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	// The earliest end counts.
	ends := list(`validUntil="2027-01-01T00:00:00Z"`, strings.TrimPrefix(full, `<?xml version="1.0" encoding="UTF-8"?>`))
	if got, err := ParseSAML([]byte(ends)); err != nil || got.ValidUntil.Year() != 2027 {
		t.Errorf("of two ends: %v, %v", got, err)
	}
}

func FuzzParseSAML(f *testing.F) {
	cert := certificate(f)
	f.Add([]byte(entity(`validUntil="2030-01-02T03:04:05Z"`, "", key("", cert), service("SingleSignOnService", BindingRedirect, "https://idp.example.com/sso"))))
	f.Add([]byte(`<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata"><EntityDescriptor/></EntitiesDescriptor>`))
	f.Add([]byte(`<!DOCTYPE x><x/>`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		got, err := ParseSAML(doc)
		if err != nil {
			return
		}
		if got.EntityID == "" || len(got.SigningCertificates) == 0 || !IsURL(At(got.SingleSignOn, BindingRedirect)) {
			t.Errorf("%q is taken for %+v", doc, got)
		}
	})
}
