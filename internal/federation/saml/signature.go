package saml

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/russellhaering/goxmldsig/etreeutils"
)

const (
	exclusive         = "http://www.w3.org/2001/10/xml-exc-c14n#"
	exclusiveComments = exclusive + "WithComments" // the same: there are no comments
	enveloped         = signatureSpace + "enveloped-signature"

	minModulus = 2048 // bits, of RSA
	maxModulus = 8192
)

// The algorithms that are taken. SHA-1 is not among them, for either purpose.
var (
	methods = map[string]bool{
		"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256":   true,
		"http://www.w3.org/2001/04/xmldsig-more#rsa-sha384":   true,
		"http://www.w3.org/2001/04/xmldsig-more#rsa-sha512":   true,
		"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256": true,
		"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384": true,
		"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512": true,
	}
	digests = map[string]bool{
		"http://www.w3.org/2001/04/xmlenc#sha256":       true,
		"http://www.w3.org/2001/04/xmldsig-more#sha384": true,
		"http://www.w3.org/2001/04/xmlenc#sha512":       true,
	}
)

// Usable says whether a certificate's key is of a kind and size that signatures
// are taken by.
func Usable(c *x509.Certificate) bool {
	switch key := c.PublicKey.(type) {
	case *rsa.PublicKey:
		return key.N.BitLen() >= minModulus && key.N.BitLen() <= maxModulus
	case *ecdsa.PublicKey:
		return key.Curve.Params().BitSize >= 256
	}
	return false
}

// checkSignature sees to it that a signature has exactly the form of SAML 2.0 core,
// 5.4: one reference, to the element with the id that it stands in, transformed in
// no other way than by leaving out the signature and by exclusive canonicalization.
func checkSignature(signature *etree.Element, id string) error {
	names := [][]string{{"SignedInfo", "SignatureValue"}, {"SignedInfo", "SignatureValue", "KeyInfo"}}
	if id == "" || !consistsOf(signature, names[0]...) && !consistsOf(signature, names[1]...) {
		return ErrMalformed
	}
	info, value := signature.ChildElements()[0], signature.ChildElements()[1]
	if !consistsOf(value) || !consistsOf(info, "CanonicalizationMethod", "SignatureMethod", "Reference") {
		return ErrMalformed
	}
	parts := info.ChildElements()
	canonicalization, method, reference := parts[0], parts[1], parts[2]
	if attribute(reference, "URI") != "#"+id || !consistsOf(reference, "Transforms", "DigestMethod", "DigestValue") {
		return ErrMalformed
	}
	parts = reference.ChildElements()
	transforms, digest := parts[0], parts[1]
	if !consistsOf(transforms, "Transform", "Transform") || !consistsOf(method) || !consistsOf(digest) || !consistsOf(parts[2]) {
		return ErrMalformed
	}
	first, second := transforms.ChildElements()[0], transforms.ChildElements()[1]
	if attribute(first, "Algorithm") != enveloped || !consistsOf(first) || !isExclusive(second) || !isExclusive(canonicalization) ||
		!methods[attribute(method, "Algorithm")] || !digests[attribute(digest, "Algorithm")] {
		return ErrAlgorithm
	}
	return nil
}

// isExclusive says whether an element stands for exclusive canonicalization, which
// may keep some namespaces.
func isExclusive(el *etree.Element) bool {
	parts := el.ChildElements()
	if len(parts) > 1 || len(parts) == 1 && (!is(parts[0], exclusive, "InclusiveNamespaces") || !consistsOf(parts[0])) {
		return false
	}
	name := attribute(el, "Algorithm")
	return name == exclusive || name == exclusiveComments
}

// consistsOf says whether the child elements are exactly those of a signature with
// the given names, in their order. Their attributes have no namespace: the library
// takes the last of a name, whatever that is.
func consistsOf(el *etree.Element, names ...string) bool {
	parts := el.ChildElements()
	if len(parts) != len(names) {
		return false
	}
	for i, part := range parts {
		if !is(part, signatureSpace, names[i]) || slices.ContainsFunc(part.Attr, func(a etree.Attr) bool { return a.Space != "" && a.Space != "xmlns" }) {
			return false
		}
	}
	return true
}

// verify checks the signature in an element that checkSignature took, by any of
// the certificates that are valid now, and returns the element as it was signed.
func verify(el *etree.Element, certificates []*x509.Certificate, now time.Time) (*etree.Element, error) {
	inherited, err := etreeutils.NSBuildParentContext(el)
	if err != nil {
		return nil, ErrMalformed
	}
	if inherited, err = inherited.SubContext(el); err != nil {
		return nil, ErrMalformed
	}
	if el, err = etreeutils.NSDetatch(inherited, el); err != nil {
		return nil, ErrMalformed
	}
	signature := only(el, signatureSpace, "Signature")
	if signature == nil {
		return nil, ErrMalformed
	}
	for _, info := range children(signature, signatureSpace, "KeyInfo") {
		signature.RemoveChild(info) // it is the sender's word, and may name any key
	}
	// What is signed has no signature in it, wherever it stands. The library looks for
	// it for each certificate, and should not go through what the sender put before it.
	el.RemoveChild(signature)
	el.InsertChildAt(0, signature)
	value := only(signature, signatureSpace, "SignatureValue")
	text, _ := content(value)
	raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return nil, ErrMalformed
	}
	clock := dsig.NewFakeClockAt(now)
	valid := false
	for _, c := range certificates {
		if !Usable(c) || now.Before(c.NotBefore) || now.After(c.NotAfter) {
			continue
		}
		valid = true
		value.SetText(base64.StdEncoding.EncodeToString(signatureFor(c, raw)))
		check := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{c}})
		check.Clock = clock
		if signed, err := check.Validate(el); err == nil {
			return signed, nil
		}
	}
	if !valid {
		return nil, ErrCertificate
	}
	return nil, ErrSignature
}

// signatureFor is a signature as the library takes it: for ECDSA the two numbers
// as ASN.1, where XML Signature (1.1, 6.4.3) has them one behind the other.
func signatureFor(c *x509.Certificate, raw []byte) []byte {
	key, ok := c.PublicKey.(*ecdsa.PublicKey)
	if !ok || len(raw) != 2*((key.Curve.Params().BitSize+7)/8) {
		return raw
	}
	half := len(raw) / 2
	encoded, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(raw[:half]), new(big.Int).SetBytes(raw[half:])})
	if err != nil {
		return raw
	}
	return encoded
}
