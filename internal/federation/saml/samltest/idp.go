// Package samltest is a SAML 2.0 identity provider for tests. It writes XML that is
// canonical as it stands and signs that text, without the libraries that check it.
package samltest

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"time"
)

// What assertions for AWS are for.
const (
	Audience  = "urn:amazon:webservices"
	Recipient = "https://signin.aws.amazon.com/saml"
)

// IdP is an identity provider with a key of its own.
type IdP struct {
	EntityID    string
	Certificate []byte // DER
	key         crypto.Signer
}

// New returns a provider with an RSA key, whose certificate is valid for a day
// around now and long after.
func New(entityID string, now time.Time) *IdP {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return NewWithKey(entityID, now, key)
}

// NewWithKey is New with a key, of RSA or on P-256.
func NewWithKey(entityID string, now time.Time, key crypto.Signer) *IdP {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "idp.example.com"},
		NotBefore: now.Add(-24 * time.Hour), NotAfter: now.AddDate(2, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	return &IdP{EntityID: entityID, Certificate: der, key: key}
}

// Metadata is what the provider publishes.
func (p *IdP) Metadata() []byte {
	return fmt.Appendf(nil, `<?xml version="1.0" encoding="UTF-8"?>
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="%s">
  <md:IDPSSODescriptor WantAuthnRequestsSigned="false" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>%s</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example.com/sso"/>
  </md:IDPSSODescriptor>
</md:EntityDescriptor>
`, attributeEscapes.Replace(p.EntityID), base64.StdEncoding.EncodeToString(p.Certificate))
}

// Login is what the provider says of a user, for AWS and for five minutes.
type Login struct {
	Name       string
	Format     string // of the name; empty: persistent
	At         time.Time
	Attributes map[string][]string

	SignResponse   bool // beside the assertion
	BareAssertion  bool // the assertion is not signed
	Audience       string
	Recipient      string
	Issuer         string // empty: the provider
	ID             string // of the assertion; empty: random
	InResponseTo   string
	Method         string // of the signature; empty: the one of the key with SHA-256
	Digest         string
	Canonicalize   string
	PrefixList     string // of namespaces that canonicalization keeps
	NoKeyInfo      bool
	ForeignKeyInfo []byte // a certificate that is not the provider's

	// Change edits the assertion before it is signed.
	Change func(assertion string) string
}

// Response is a response to a sign-in, as XML.
func (p *IdP) Response(l Login) string {
	at := func(after time.Duration) string { return l.At.Add(after).UTC().Format("2006-01-02T15:04:05.000Z") }
	id := cmp.Or(l.ID, "_"+rand.Text())
	var inResponseTo string
	if l.InResponseTo != "" {
		inResponseTo = ` InResponseTo="` + attributeEscapes.Replace(l.InResponseTo) + `"`
	}
	issuer := `<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">` + textEscapes.Replace(cmp.Or(l.Issuer, p.EntityID)) + `</saml:Issuer>`
	var attributes strings.Builder
	for _, name := range slices.Sorted(maps.Keys(l.Attributes)) {
		fmt.Fprintf(&attributes, `<saml:Attribute Name="%s">`, attributeEscapes.Replace(name))
		for _, value := range l.Attributes[name] {
			fmt.Fprintf(&attributes, `<saml:AttributeValue>%s</saml:AttributeValue>`, textEscapes.Replace(value))
		}
		attributes.WriteString(`</saml:Attribute>`)
	}
	statement := attributes.String()
	if statement != "" {
		statement = `<saml:AttributeStatement>` + statement + `</saml:AttributeStatement>`
	}
	assertion := fmt.Sprintf(`<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="%s" IssueInstant="%s" Version="2.0"><saml:Issuer>%s</saml:Issuer>`+signatureMark+
		`<saml:Subject><saml:NameID Format="%s">%s</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">`+
		`<saml:SubjectConfirmationData%s NotOnOrAfter="%s" Recipient="%s"></saml:SubjectConfirmationData></saml:SubjectConfirmation></saml:Subject>`+
		`<saml:Conditions NotBefore="%s" NotOnOrAfter="%s"><saml:AudienceRestriction><saml:Audience>%s</saml:Audience></saml:AudienceRestriction></saml:Conditions>`+
		`<saml:AuthnStatement AuthnInstant="%s"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>%s</saml:Assertion>`,
		id, at(0), textEscapes.Replace(cmp.Or(l.Issuer, p.EntityID)), attributeEscapes.Replace(cmp.Or(l.Format, "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent")), textEscapes.Replace(l.Name),
		inResponseTo, at(5*time.Minute), attributeEscapes.Replace(cmp.Or(l.Recipient, Recipient)), at(-time.Minute), at(5*time.Minute), textEscapes.Replace(cmp.Or(l.Audience, Audience)), at(0), statement)
	if l.Change != nil {
		assertion = l.Change(assertion)
	}
	if l.BareAssertion {
		assertion = strings.Replace(assertion, signatureMark, "", 1)
	} else {
		assertion = p.sign(assertion, id, l)
	}
	responseID := "_" + rand.Text()
	response := fmt.Sprintf(`<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" Destination="%s" ID="%s"%s IssueInstant="%s" Version="2.0">%s`+signatureMark+
		`<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"></samlp:StatusCode></samlp:Status>%s</samlp:Response>`,
		attributeEscapes.Replace(cmp.Or(l.Recipient, Recipient)), responseID, inResponseTo, at(0), issuer, assertion)
	if l.SignResponse {
		return p.sign(response, responseID, l)
	}
	return strings.Replace(response, signatureMark, "", 1)
}

// Encoded is a response in the form in which browsers and logins carry it.
func (p *IdP) Encoded(l Login) string {
	return base64.StdEncoding.EncodeToString([]byte(p.Response(l)))
}

// signatureMark is where the signature of an element goes.
const signatureMark = "<signature></signature>"

// sign puts the signature of an element at its mark. The element is canonical.
func (p *IdP) sign(element, id string, l Login) string {
	method := "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
	if _, ok := p.key.Public().(*ecdsa.PublicKey); ok {
		method = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
	}
	inclusive := ""
	if l.PrefixList != "" {
		inclusive = `<ec:InclusiveNamespaces xmlns:ec="http://www.w3.org/2001/10/xml-exc-c14n#" PrefixList="` + l.PrefixList + `"></ec:InclusiveNamespaces>`
	}
	canonicalize := cmp.Or(l.Canonicalize, "http://www.w3.org/2001/10/xml-exc-c14n#")
	digest := sha256.Sum256([]byte(strings.Replace(element, signatureMark, "", 1)))
	info := fmt.Sprintf(`<ds:SignedInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:CanonicalizationMethod Algorithm="%s"></ds:CanonicalizationMethod>`+
		`<ds:SignatureMethod Algorithm="%s"></ds:SignatureMethod><ds:Reference URI="#%s"><ds:Transforms>`+
		`<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"></ds:Transform><ds:Transform Algorithm="%s">%s</ds:Transform></ds:Transforms>`+
		`<ds:DigestMethod Algorithm="%s"></ds:DigestMethod><ds:DigestValue>%s</ds:DigestValue></ds:Reference></ds:SignedInfo>`,
		canonicalize, cmp.Or(l.Method, method), id, canonicalize, inclusive, cmp.Or(l.Digest, "http://www.w3.org/2001/04/xmlenc#sha256"), base64.StdEncoding.EncodeToString(digest[:]))
	hashed := sha256.Sum256([]byte(info))
	signature, err := p.key.Sign(rand.Reader, hashed[:], crypto.SHA256)
	if key, ok := p.key.(*ecdsa.PrivateKey); ok {
		var r, s *big.Int
		r, s, err = ecdsa.Sign(rand.Reader, key, hashed[:])
		signature = append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	}
	if err != nil {
		panic(err)
	}
	certificate := p.Certificate
	if l.ForeignKeyInfo != nil {
		certificate = l.ForeignKeyInfo
	}
	keyInfo := `<ds:KeyInfo><ds:X509Data><ds:X509Certificate>` + base64.StdEncoding.EncodeToString(certificate) + `</ds:X509Certificate></ds:X509Data></ds:KeyInfo>`
	if l.NoKeyInfo {
		keyInfo = ""
	}
	return strings.Replace(element, signatureMark, `<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#">`+
		strings.Replace(info, ` xmlns:ds="http://www.w3.org/2000/09/xmldsig#"`, "", 1)+
		`<ds:SignatureValue>`+base64.StdEncoding.EncodeToString(signature)+`</ds:SignatureValue>`+keyInfo+`</ds:Signature>`, 1)
}

// The escapes of canonical XML (1.0, 2.3).
var (
	textEscapes      = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#xD;")
	attributeEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;", "\t", "&#x9;", "\n", "&#xA;", "\r", "&#xD;")
)
