package saml

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/federation/metadata"
	"github.com/poolhouse/poolhouse/internal/federation/saml/samltest"
)

var testNow = time.Unix(1_800_000_000, 0).UTC()

const entity = "https://idp.example.com/metadata"

// provider is what the metadata of an identity provider of tests tells.
func provider(t testing.TB, idp *samltest.IdP) Provider {
	t.Helper()
	m, err := metadata.ParseSAML(idp.Metadata())
	if err != nil {
		t.Fatal(err)
	}
	p := Provider{EntityID: m.EntityID}
	for _, der := range m.SigningCertificates {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		p.Certificates = append(p.Certificates, c)
	}
	return p
}

func expected() Expected {
	return Expected{Audiences: []string{samltest.Audience}, Recipients: []string{samltest.Recipient}, Now: testNow, Skew: time.Minute}
}

func ada() samltest.Login {
	return samltest.Login{Name: "ada", At: testNow, Attributes: map[string][]string{"groups": {"staff", "a&b <c>"}, "mail": {"ada@example.com"}}}
}

func TestVerify(t *testing.T) {
	idp := samltest.New(entity, testNow)
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name string
		idp  *samltest.IdP
		set  func(*samltest.Login)
	}{
		{"assertion signed", idp, func(*samltest.Login) {}},
		{"response signed", idp, func(l *samltest.Login) { l.SignResponse, l.BareAssertion = true, true }},
		{"both signed", idp, func(l *samltest.Login) { l.SignResponse = true }},
		{"no key named", idp, func(l *samltest.Login) { l.NoKeyInfo = true }},
		{"ECDSA", samltest.NewWithKey(entity, testNow, curve), func(l *samltest.Login) { l.SignResponse = true }},
		{"comments would be signed", idp, func(l *samltest.Login) { l.Canonicalize = exclusiveComments }},
		{"no prefixes, as of AD FS", idp, func(l *samltest.Login) {
			l.Change = func(a string) string {
				return strings.NewReplacer("<saml:", "<", "</saml:", "</", "xmlns:saml", "xmlns").Replace(a)
			}
		}},
		{"typed values, as of Okta", idp, func(l *samltest.Login) {
			l.PrefixList = "xs"
			l.Change = func(a string) string {
				a = strings.Replace(a, ` ID=`, ` xmlns:xs="http://www.w3.org/2001/XMLSchema" ID=`, 1)
				return strings.ReplaceAll(a, `<saml:AttributeValue>`, `<saml:AttributeValue xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="xs:string">`)
			}
		}},
		{"lines, as of Shibboleth", idp, func(l *samltest.Login) {
			l.Change = func(a string) string { return strings.ReplaceAll(a, "></saml:Sub", ">\n    </saml:Sub") }
		}},
		{"another key named", idp, func(l *samltest.Login) { l.ForeignKeyInfo = samltest.New(entity, testNow).Certificate }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := ada()
			l.ID = "_1"
			tc.set(&l)
			got, err := Verify([]byte(tc.idp.Response(l)), provider(t, tc.idp), expected())
			if err != nil {
				t.Fatal(err)
			}
			want := &Assertion{
				ID: "_1", Issuer: entity, Name: Name{Value: "ada", Format: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"},
				Audience: samltest.Audience, Attributes: l.Attributes, ExpiresAt: testNow.Add(6 * time.Minute),
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
	// One of several certificates, as while keys are rotated.
	p := provider(t, samltest.New(entity, testNow))
	p.Certificates = append(p.Certificates, provider(t, idp).Certificates...)
	if _, err := Verify([]byte(idp.Response(ada())), p, expected()); err != nil {
		t.Errorf("by the second certificate: %v", err)
	}
}

func TestRefused(t *testing.T) {
	idp := samltest.New(entity, testNow)
	p := provider(t, idp)
	const rsaSHA1, sha1 = "http://www.w3.org/2000/09/xmldsig#rsa-sha1", "http://www.w3.org/2000/09/xmldsig#sha1"
	inAssertion := func(old, by string) func(*samltest.Login) {
		return func(l *samltest.Login) {
			l.Change = func(assertion string) string {
				if !strings.Contains(assertion, old) {
					t.Fatalf("%q is not in the assertion", old)
				}
				return strings.ReplaceAll(assertion, old, by)
			}
		}
	}
	bare := func(change func(*samltest.Login)) func(*samltest.Login) {
		return func(l *samltest.Login) { l.BareAssertion = true; change(l) }
	}
	for _, tc := range []struct {
		name string
		set  func(*samltest.Login)
		want error
	}{
		{"nothing signed", bare(func(*samltest.Login) {}), ErrSignature},
		{"SHA-1 signature", func(l *samltest.Login) { l.Method = rsaSHA1 }, ErrAlgorithm},
		{"SHA-1 digest", func(l *samltest.Login) { l.Digest = sha1 }, ErrAlgorithm},
		{"HMAC with the certificate as key", func(l *samltest.Login) { l.Method = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256" }, ErrAlgorithm},
		{"another algorithm of the key", func(l *samltest.Login) { l.Method = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512" }, ErrSignature},
		{"XSLT", func(l *samltest.Login) { l.Canonicalize = "http://www.w3.org/TR/1999/REC-xslt-19991116" }, ErrAlgorithm},
		{"inclusive canonicalization", func(l *samltest.Login) { l.Canonicalize = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315" }, ErrAlgorithm},
		{"another issuer", func(l *samltest.Login) { l.Issuer = "https://evil.example.com" }, ErrIssuer},
		{"another audience", func(l *samltest.Login) { l.Audience = "https://other.example.com" }, ErrAudience},
		{"no audience", inAssertion(`<saml:AudienceRestriction><saml:Audience>urn:amazon:webservices</saml:Audience></saml:AudienceRestriction>`, ``), ErrAudience},
		{"another audience too", inAssertion(`</saml:AudienceRestriction>`, `</saml:AudienceRestriction><saml:AudienceRestriction><saml:Audience>x</saml:Audience></saml:AudienceRestriction>`), ErrAudience},
		{"another recipient", func(l *samltest.Login) { l.Recipient = "https://other.example.com/acs" }, ErrRecipient},
		{"no recipient", inAssertion(` Recipient="https://signin.aws.amazon.com/saml"`, ``), ErrRecipient},
		{"holder of a key", inAssertion(`cm:bearer`, `cm:holder-of-key`), ErrRecipient},
		{"confirmed without end", inAssertion(` NotOnOrAfter="2027-01-15T08:05:00.000Z" Recipient`, ` Recipient`), ErrMalformed},
		{"confirmed until before", inAssertion(` NotOnOrAfter="2027-01-15T08:05:00.000Z" Recipient`, ` NotOnOrAfter="2027-01-15T07:59:00.000Z" Recipient`), ErrExpired},
		{"confirmed from later", inAssertion(` NotOnOrAfter="2027-01-15T08:05:00.000Z" Recipient`, ` NotBefore="2027-01-15T08:02:00.000Z" NotOnOrAfter="2027-01-15T08:05:00.000Z" Recipient`), ErrTooEarly},
		{"no conditions", inAssertion(`saml:Conditions`, `saml:Advice`), ErrMalformed},
		{"unknown condition", inAssertion(`</saml:Conditions>`, `<saml:Condition></saml:Condition></saml:Conditions>`), ErrMalformed},
		{"ended", func(l *samltest.Login) { l.At = testNow.Add(-6 * time.Minute) }, ErrExpired},
		{"session ended", inAssertion(`AuthnInstant="2027-01-15T08:00:00.000Z"`, `AuthnInstant="2027-01-15T08:00:00.000Z" SessionNotOnOrAfter="2027-01-15T07:59:00.000Z"`), ErrExpired},
		{"issued long ago", inAssertion(`IssueInstant="2027-01-15T08:00:00.000Z"`, `IssueInstant="2027-01-15T06:59:00.000Z"`), ErrExpired},
		{"issued later", inAssertion(`IssueInstant="2027-01-15T08:00:00.000Z"`, `IssueInstant="2027-01-15T08:01:01.000Z"`), ErrTooEarly},
		{"not yet", inAssertion(`NotBefore="2027-01-15T07:59:00.000Z"`, `NotBefore="2027-01-15T08:01:01.000Z"`), ErrTooEarly},
		{"time without a zone", inAssertion(`NotBefore="2027-01-15T07:59:00.000Z"`, `NotBefore="2027-01-15T07:59:00.000"`), ErrMalformed},
		{"no sign-in", inAssertion(`saml:AuthnStatement`, `saml:Statement`), ErrMalformed},
		{"SAML 1.1", inAssertion(`Version="2.0"`, `Version="1.1"`), ErrMalformed},
		{"no name", func(l *samltest.Login) { l.Name = "" }, ErrMalformed},
		{"long name", func(l *samltest.Login) { l.Name = strings.Repeat("a", maxName+1) }, ErrMalformed},
		{"two names", inAssertion(`<saml:NameID `, `<saml:NameID Format="x">eve</saml:NameID><saml:NameID `), ErrMalformed},
		{"element in the name", inAssertion(`>ada<`, `>ada<b></b><`), ErrMalformed},
		{"encrypted name", inAssertion(`saml:NameID`, `saml:EncryptedID`), ErrEncrypted},
		{"encrypted attribute", inAssertion(`</saml:AttributeStatement>`, `<saml:EncryptedAttribute></saml:EncryptedAttribute></saml:AttributeStatement>`), ErrEncrypted},
		{"attribute without a name", inAssertion(` Name="mail"`, ``), ErrMalformed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := ada()
			tc.set(&l)
			if got, err := Verify([]byte(idp.Response(l)), p, expected()); !errors.Is(err, tc.want) {
				t.Errorf("got %+v, %v, want %v", got, err, tc.want)
			}
		})
	}
	t.Run("another key", func(t *testing.T) {
		if _, err := Verify([]byte(samltest.New(entity, testNow).Response(ada())), p, expected()); !errors.Is(err, ErrSignature) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("certificate ended", func(t *testing.T) {
		l, e := ada(), expected()
		e.Now = testNow.AddDate(2, 0, 1)
		l.At = e.Now
		if _, err := Verify([]byte(idp.Response(l)), p, e); !errors.Is(err, ErrCertificate) {
			t.Errorf("got %v", err)
		}
	})
}

func TestRequest(t *testing.T) {
	idp := samltest.New(entity, testNow)
	p := provider(t, idp)
	one, none := "_one", ""
	for _, tc := range []struct {
		name     string
		answers  string
		expected *string
		want     error
	}{
		{"any", "_one", nil, nil},
		{"ours", "_one", &one, nil},
		{"another", "_two", &one, ErrRequest},
		{"none instead", "", &one, ErrRequest},
		{"none", "", &none, nil},
		{"one instead of none", "_one", &none, ErrRequest},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l, e := ada(), expected()
			l.InResponseTo, e.Request = tc.answers, tc.expected
			response := idp.Response(l)
			if _, err := Verify([]byte(response), p, e); !errors.Is(err, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
		})
	}
	l, e := ada(), expected()
	l.InResponseTo, e.Request = "_one", &one
	if _, err := Verify([]byte(strings.Replace(idp.Response(l), `InResponseTo="_one"`, `InResponseTo="_two"`, 1)), p, e); !errors.Is(err, ErrRequest) {
		t.Errorf("of a response that says otherwise: %v", err)
	}
	// The response around a signed assertion is nobody's word: the assertion itself
	// must answer.
	l.InResponseTo = "_two"
	if _, err := Verify([]byte(strings.Replace(idp.Response(l), `InResponseTo="_two"`, `InResponseTo="_one"`, 1)), p, e); !errors.Is(err, ErrRequest) {
		t.Errorf("with a changed response: %v", err)
	}
}

// A name is what the provider says, to the byte: another that looks like it is
// another user's. What else is compared may have space around it, but only that of
// XML.
func TestSpace(t *testing.T) {
	idp := samltest.New(entity, testNow)
	p := provider(t, idp)
	for _, name := range []string{"ada ", " ada", "ada\u00a0", "ada\u200b", "\nada\n", "a\u030a", "\u00e5", "ＡＤＡ"} {
		l := ada()
		l.Name = name
		if a, err := Verify([]byte(idp.Response(l)), p, expected()); err != nil || a.Name.Value != name {
			t.Errorf("%q: %+v, %v", name, a, err)
		}
	}
	for _, tc := range []struct {
		name string
		set  func(*samltest.Login)
		want error
	}{
		{"audience with lines around", func(l *samltest.Login) { l.Audience = "\n  " + samltest.Audience + "\t\n" }, nil},
		{"audience with a no-break space", func(l *samltest.Login) { l.Audience = samltest.Audience + "\u00a0" }, ErrAudience},
		{"recipient with a space", func(l *samltest.Login) { l.Recipient = samltest.Recipient + " " }, ErrRecipient},
		{"issuer with lines around", func(l *samltest.Login) { l.Issuer = "\n" + entity + "\n" }, nil},
		{"issuer with a no-break space", func(l *samltest.Login) { l.Issuer = entity + "\u00a0" }, ErrIssuer},
		{"a name of space", func(l *samltest.Login) { l.Name = " \n " }, ErrMalformed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := ada()
			tc.set(&l)
			if got, err := Verify([]byte(idp.Response(l)), p, expected()); !errors.Is(err, tc.want) {
				t.Errorf("got %+v, %v, want %v", got, err, tc.want)
			}
		})
	}
}

func TestUsable(t *testing.T) {
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]any{"RSA of 1024 bits": &small.PublicKey, "P-224": &curve.PublicKey, "none": nil} {
		if Usable(&x509.Certificate{PublicKey: key}) {
			t.Errorf("%s is usable", name)
		}
	}
}
