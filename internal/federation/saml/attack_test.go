package saml

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/federation/saml/samltest"
)

// part is the text from one mark to the end of another.
func part(t testing.TB, text, from, to string) string {
	t.Helper()
	_, rest, ok := strings.Cut(text, from)
	inner, _, closed := strings.Cut(rest, to)
	if !ok || !closed {
		t.Fatalf("no %s...%s in %s", from, to, text)
	}
	return from + inner + to
}

const (
	signatureBegin, signatureEnd = `<ds:Signature `, `</ds:Signature>`
	assertionBegin, assertionEnd = `<saml:Assertion `, `</saml:Assertion>`
)

// TestWrapping moves what was signed to where it is not looked at and puts
// something else in its place, in the eight ways of "On Breaking SAML: Be Whoever
// You Want to Be" (Somorovsky and others, 2012).
func TestWrapping(t *testing.T) {
	idp := samltest.New(entity, testNow)
	p := provider(t, idp)
	l := ada()
	l.ID = "_signed"
	byAssertion := idp.Response(l)
	l.SignResponse, l.BareAssertion = true, true
	byResponse := idp.Response(l)

	assertion := part(t, byAssertion, assertionBegin, assertionEnd)
	signature := part(t, assertion, signatureBegin, signatureEnd)
	unsigned := strings.Replace(assertion, signature, "", 1)
	evil := strings.NewReplacer(">ada<", ">admin<", `"_signed"`, `"_evil"`).Replace(unsigned)

	rootSignature := part(t, byResponse, signatureBegin, signatureEnd)
	original := strings.Replace(byResponse, rootSignature, "", 1)
	evilRoot := func(by string) string { // a response of the attacker's, with by as its signature
		rootID := part(t, byResponse, ` ID="`, `"`)
		changed := strings.NewReplacer(">ada<", ">admin<", rootID, ` ID="_evil"`, `"_signed"`, `"_other"`).Replace(byResponse)
		return strings.Replace(changed, part(t, changed, signatureBegin, signatureEnd), by, 1)
	}
	inside := func(el, end, more string) string { return strings.Replace(el, end, more+end, 1) }

	for _, tc := range []struct{ name, response string }{
		{"XSW1: the signed response in the signature", evilRoot(inside(rootSignature, signatureEnd, original))},
		{"XSW2: the signed response before its signature", evilRoot(original + rootSignature)},
		{"XSW3: another assertion before the signed one", strings.Replace(byAssertion, assertion, evil+assertion, 1)},
		{"XSW3, behind it", strings.Replace(byAssertion, assertion, assertion+evil, 1)},
		{"XSW4: the signed assertion in another", strings.Replace(byAssertion, assertion, inside(evil, assertionEnd, assertion), 1)},
		{"XSW5: the signature in another, the signed one behind", strings.Replace(byAssertion, assertion, inside(evil, assertionEnd, signature)+unsigned, 1)},
		{"XSW6: the signed one in the signature of another", strings.Replace(byAssertion, assertion, inside(evil, assertionEnd, inside(signature, signatureEnd, unsigned)), 1)},
		{"XSW7: another in extensions", strings.Replace(byAssertion, assertion, `<samlp:Extensions>`+evil+`</samlp:Extensions>`+assertion, 1)},
		{"XSW8: the signed one as an object of the signature", strings.Replace(byAssertion, assertion,
			inside(evil, assertionEnd, inside(signature, signatureEnd, `<ds:Object>`+unsigned+`</ds:Object>`)), 1)},
		{"both of the same id", strings.Replace(byAssertion, assertion, inside(strings.ReplaceAll(evil, "_evil", "_signed"), assertionEnd, signature)+unsigned, 1)},
		{"two signatures", strings.Replace(byAssertion, signature, signature+signature, 1)},
		{"the signature of the response elsewhere", strings.Replace(byResponse, rootSignature+`<samlp:Status>`, `<samlp:Status>`+rootSignature, 1)},
		{"the signature of the assertion elsewhere", strings.NewReplacer(signature, "", `</samlp:Status>`, signature+`</samlp:Status>`).Replace(byAssertion)},
		{"the same id elsewhere", strings.Replace(byAssertion, `<samlp:StatusCode `, `<samlp:StatusCode ID="_signed" `, 1)},
		{"the same id elsewhere, spelt otherwise", strings.Replace(byAssertion, `<samlp:StatusCode `, `<samlp:StatusCode xml:id="_signed" `, 1)},
		{"two references", strings.Replace(byAssertion, `</ds:Reference>`, `</ds:Reference>`+part(t, byAssertion, `<ds:Reference `, `</ds:Reference>`), 1)},
		{"reference to the document", strings.Replace(byAssertion, `URI="#_signed"`, `URI=""`, 1)},
		{"reference elsewhere", strings.Replace(byAssertion, `URI="#_signed"`, `URI="https://idp.example.com/"`, 1)},
		{"three transforms", strings.Replace(byAssertion, `</ds:Transforms>`, `<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"></ds:Transform></ds:Transforms>`, 1)},
		{"a second method", strings.Replace(byAssertion, `<ds:SignatureMethod `, `<ds:SignatureMethod xmlns:x="x" x:Algorithm="http://www.w3.org/2000/09/xmldsig#rsa-sha1" `, 1)},
		{"a second reference", strings.Replace(byAssertion, ` URI="#_signed"`, ` URI="#_signed" ds:URI=""`, 1)},
		{"a second transform", strings.Replace(byAssertion, `<ds:Transform `, `<ds:Transform ds:Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116" `, 1)},
		{"element in the signature", strings.Replace(byAssertion, `<ds:SignatureValue>`, `<ds:SignatureValue><a></a>`, 1)},
		{"element in the digest", strings.Replace(byAssertion, `<ds:DigestValue>`, `<ds:DigestValue><a></a>`, 1)},
		{"element in the method of the digest", strings.Replace(byAssertion, `</ds:DigestMethod>`, `<a></a></ds:DigestMethod>`, 1)},
		{"element in the method", strings.Replace(byAssertion, `</ds:SignatureMethod>`, `<ds:HMACOutputLength>8</ds:HMACOutputLength></ds:SignatureMethod>`, 1)},
		{"assertion in advice", strings.Replace(byAssertion, `</saml:Conditions>`, `</saml:Conditions><saml:Advice>`+evil+`</saml:Advice>`, 1)},
		{"assertion in a status", strings.Replace(byAssertion, `</samlp:Status>`, `<samlp:StatusDetail>`+evil+`</samlp:StatusDetail></samlp:Status>`, 1)},
		{"a second response", strings.Replace(byResponse, `</samlp:Status>`, `</samlp:Status>`+original, 1)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.response == byAssertion || tc.response == byResponse {
				t.Fatal("nothing is wrapped")
			}
			if got, err := Verify([]byte(tc.response), p, expected()); !errors.Is(err, ErrMalformed) {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
	for name, response := range map[string]string{"assertion": byAssertion, "response": byResponse} {
		if _, err := Verify([]byte(response), p, expected()); err != nil {
			t.Errorf("the untouched response, signed is the %s: %v", name, err)
		}
		if _, err := Verify([]byte(strings.Replace(response, ">ada<", ">eve<", 1)), p, expected()); !errors.Is(err, ErrSignature) {
			t.Errorf("another name, signed is the %s: %v", name, err)
		}
		stripped := strings.Replace(response, part(t, response, signatureBegin, signatureEnd), "", 1)
		if _, err := Verify([]byte(stripped), p, expected()); !errors.Is(err, ErrSignature) {
			t.Errorf("no signature, signed was the %s: %v", name, err)
		}
	}
	for _, change := range [][2]string{
		{`#enveloped-signature">`, `#enveloped-signature"><ds:XPath>true()</ds:XPath>`},
		{`#enveloped-signature">`, `#base64">`},
		{`Transform Algorithm="` + exclusive + `">`, `Transform Algorithm="http://www.w3.org/2006/12/xml-c14n11">`},
		{`Transform Algorithm="` + exclusive + `">`, `Transform Algorithm="` + exclusive + `"><ds:XPath>true()</ds:XPath>`},
		{`Transform Algorithm="` + exclusive + `">`, `Transform Algorithm="` + exclusive + `">` + inclusive("") + inclusive("")},
		{`CanonicalizationMethod Algorithm="` + exclusive + `">`, `CanonicalizationMethod Algorithm="` + exclusive + `">` + inclusive("<a></a>")},
		{`CanonicalizationMethod Algorithm="` + exclusive, `CanonicalizationMethod Algorithm="http://www.w3.org/2006/12/xml-c14n11`},
	} {
		changed := strings.Replace(byAssertion, change[0], change[1], 1)
		if _, err := Verify([]byte(changed), p, expected()); changed == byAssertion || !errors.Is(err, ErrAlgorithm) {
			t.Errorf("%s: %v", change[1], err)
		}
	}
	renamed := strings.ReplaceAll(evil, "_evil", "_signed")
	if _, err := Verify([]byte(strings.Replace(byAssertion, assertion, inside(renamed, assertionEnd, signature), 1)), p, expected()); !errors.Is(err, ErrSignature) {
		t.Errorf("the signature in another of the same id: %v", err)
	}
	// A good signature of one does not make up for a bad one of the other.
	l = ada()
	l.SignResponse = true
	both := idp.Response(l)
	value := part(t, part(t, both, assertionBegin, assertionEnd), `<ds:SignatureValue>`, `</ds:SignatureValue>`)
	if _, err := Verify([]byte(strings.Replace(both, value, `<ds:SignatureValue>AAAA</ds:SignatureValue>`, 1)), p, expected()); !errors.Is(err, ErrSignature) {
		t.Errorf("both signed, one badly: %v", err)
	}
	if _, err := Verify([]byte(strings.Replace(both, `status:Success`, `status:Responder`, 1)), p, expected()); !errors.Is(err, ErrSignature) {
		t.Errorf("both signed, the response changed: %v", err)
	}
}

// inclusive is what names the namespaces that canonicalization keeps.
func inclusive(content string) string {
	return `<ec:InclusiveNamespaces xmlns:ec="` + exclusive + `" PrefixList="xs">` + content + `</ec:InclusiveNamespaces>`
}

// What surrounds a signed assertion can refuse, whoever wrote it.
func TestUnsignedResponse(t *testing.T) {
	idp := samltest.New(entity, testNow)
	p := provider(t, idp)
	good := idp.Response(ada())
	for _, tc := range []struct {
		name, old, by string
		want          error
	}{
		{"refused", `status:Success`, `status:Responder`, ErrStatus},
		{"no status", `samlp:Status>`, `samlp:Other>`, ErrMalformed},
		{"another destination", `Destination="https://signin.aws.amazon.com/saml"`, `Destination="https://other.example.com"`, ErrRecipient},
		{"another issuer", `<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">` + entity, `<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">x`, ErrIssuer},
		{"a request", `samlp:Response`, `samlp:AuthnRequest`, ErrMalformed},
		{"another namespace", `urn:oasis:names:tc:SAML:2.0:protocol`, `urn:oasis:names:tc:SAML:1.0:protocol`, ErrMalformed},
		{"encrypted", `<samlp:Status>`, `<saml:EncryptedAssertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"></saml:EncryptedAssertion><samlp:Status>`, ErrEncrypted},
	} {
		t.Run(tc.name, func(t *testing.T) {
			response := strings.ReplaceAll(good, tc.old, tc.by)
			if response == good {
				t.Fatal("nothing is changed")
			}
			if got, err := Verify([]byte(response), p, expected()); !errors.Is(err, tc.want) {
				t.Errorf("got %+v, %v, want %v", got, err, tc.want)
			}
		})
	}
}

// What XML has beyond elements and texts is refused before it is read, where it
// would leave a signature good, too.
func TestXML(t *testing.T) {
	idp := samltest.New(entity, testNow)
	p := provider(t, idp)
	good := idp.Response(ada())
	const decl = `<?xml version="1.0" encoding="UTF-8"?>`
	var laughs strings.Builder
	laughs.WriteString(`<!DOCTYPE r [<!ENTITY a "ha">`)
	for c := 'b'; c <= 'k'; c++ {
		laughs.WriteString(`<!ENTITY ` + string(c) + ` "` + strings.Repeat("&"+string(c-1)+";", 10) + `">`)
	}
	laughs.WriteString(`]>`)
	for _, tc := range []struct{ name, response string }{
		{"comment in the name", strings.Replace(good, ">ada<", ">a<!-- x -->da<", 1)},
		{"comment behind the root", good + "<!-- x -->"},
		{"processing instruction", strings.Replace(good, ">ada<", ">a<?x y?>da<", 1)},
		{"document type", `<!DOCTYPE r SYSTEM "https://evil.example.com/x.dtd">` + good},
		{"a file as entity", `<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>` + strings.Replace(good, ">ada<", ">&x;<", 1)},
		{"billion laughs", laughs.String() + strings.Replace(good, ">ada<", ">&k;<", 1)},
		{"unknown entity", strings.Replace(good, ">ada<", ">&x;<", 1)},
		{"another encoding", `<?xml version="1.0" encoding="UTF-7"?>` + good},
		{"late declaration", good + decl},
		{"two declarations", decl + decl + good},
		{"text behind the root", good + "x"},
		{"two roots", good + good},
		{"cut", good[:len(good)-1]},
		{"crossed tags", strings.Replace(good, "</saml:Assertion></samlp:Response>", "</samlp:Response></saml:Assertion>", 1)},
		{"attribute twice", strings.Replace(good, `Version="2.0"`, `Version="2.0" Version="2.0"`, 1)},
		{"two colons", strings.Replace(good, `<samlp:Status>`, `<a:b:c></a:b:c><samlp:Status>`, 1)},
		{"colon first", strings.Replace(good, `<samlp:Status>`, `<:c></:c><samlp:Status>`, 1)},
		{"a prefix undone", strings.Replace(good, `<samlp:Status>`, `<a xmlns:samlp=""></a><samlp:Status>`, 1)},
		{"xmlns as a prefix", strings.Replace(good, `<samlp:Status>`, `<a xmlns:xmlns="x"></a><samlp:Status>`, 1)},
		{"deep", strings.Replace(good, `<samlp:Status>`, strings.Repeat("<a>", maxDepth)+strings.Repeat("</a>", maxDepth)+`<samlp:Status>`, 1)},
		{"many elements", strings.Replace(good, `<samlp:Status>`, strings.Repeat("<a/>", maxElements)+`<samlp:Status>`, 1)},
		{"many attributes", strings.Replace(good, `<samlp:Status>`, `<a`+attributes(maxAttributes+1)+`/><samlp:Status>`, 1)},
		{"many prefixes in scope", strings.Replace(good, `<samlp:Status>`, `<a`+prefixes(0, maxPrefixes/2)+`><b`+prefixes(maxPrefixes/2, maxPrefixes/2)+`/></a><samlp:Status>`, 1)},
		{"large", strings.Replace(good, `<samlp:Status>`, strings.Repeat(" ", MaxResponse)+`<samlp:Status>`, 1)},
		{"no UTF-8", strings.Replace(good, ">ada<", ">ada\xff<", 1)},
		{"empty", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.response == good {
				t.Fatal("nothing is changed")
			}
			if got, err := Verify([]byte(tc.response), p, expected()); !errors.Is(err, ErrMalformed) {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
	// What does not change what was said is fine.
	for name, response := range map[string]string{
		"declaration":                   decl + "\n" + good + "\n",
		"short tags":                    strings.ReplaceAll(good, "></samlp:StatusCode>", "/>"),
		"character data":                strings.Replace(good, ">ada<", "><![CDATA[ada]]><", 1),
		"character reference":           strings.Replace(good, ">ada<", ">&#97;da<", 1),
		"another quote":                 strings.ReplaceAll(good, `Version="2.0"`, `Version='2.0'`),
		"another order":                 strings.NewReplacer(`<saml:Assertion `, `<saml:Assertion Version="2.0" `, ` Version="2.0"><saml:Issuer>`, `><saml:Issuer>`).Replace(good),
		"namespace above":               strings.Replace(strings.ReplaceAll(good, ` xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"`, ``), `<samlp:Response `, `<samlp:Response xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" xmlns:xs="http://www.w3.org/2001/XMLSchema" `, 1),
		"prefixes one behind the other": strings.Replace(good, `<samlp:Status>`, strings.Repeat(`<samlp:Extensions`+prefixes(0, maxPrefixes-1)+`/>`, 5)+`<samlp:Status>`, 1),
		"broken lines":                  strings.Replace(good, "<ds:SignatureValue>", "<ds:SignatureValue>\r\n  ", 1),
	} {
		if a, err := Verify([]byte(response), p, expected()); err != nil || a.Name.Value != "ada" {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
	}
}

func attributes(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(" a" + strings.Repeat("x", i) + `="1"`)
	}
	return b.String()
}

// FuzzVerify changes good responses: what still proves something says what was
// signed.
func FuzzVerify(f *testing.F) {
	// All processes that fuzz need the same key.
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), bytes.Repeat([]byte{1}, 32))
	if err != nil {
		f.Fatal(err)
	}
	idp := samltest.NewWithKey(entity, testNow, key)
	p := provider(f, idp)
	l := ada()
	l.ID = "_1"
	for range 2 {
		f.Add([]byte(idp.Response(l)))
		l.SignResponse, l.BareAssertion = true, true
	}
	f.Add([]byte(`<a/>`))
	f.Fuzz(func(t *testing.T, response []byte) {
		a, err := Verify(response, p, expected())
		if err != nil {
			return
		}
		if a.ID != "_1" || a.Name.Value != "ada" || a.Issuer != entity || !a.ExpiresAt.Equal(testNow.Add(6*time.Minute)) || len(a.Attributes) != 2 {
			t.Errorf("%s proves %+v", response, a)
		}
	})
}
