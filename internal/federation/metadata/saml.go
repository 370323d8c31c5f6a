package metadata

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"io"
	"net/url"
	"strings"
	"time"
)

const (
	// MaxSize is the most bytes of a document.
	MaxSize = 1 << 20

	maxDepth        = 32
	maxElements     = 10_000
	maxCertificates = 16
	maxEntityID     = 1024 // SAML 2.0 metadata, 2.2.1
	maxURL          = 2048

	metadataSpace  = "urn:oasis:names:tc:SAML:2.0:metadata"
	signatureSpace = "http://www.w3.org/2000/09/xmldsig#"
	protocolSAML2  = "urn:oasis:names:tc:SAML:2.0:protocol"

	// BindingRedirect and BindingPOST are the ways in which a browser carries a
	// message to a provider.
	BindingRedirect = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
	BindingPOST     = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
)

// Why a document is no metadata of a provider to sign in with.
var (
	ErrMalformed     = errors.New("malformed metadata")
	ErrNoProvider    = errors.New("no identity provider in metadata")
	ErrNoRedirect    = errors.New("no single sign-on by HTTP redirect in metadata")
	ErrNoCertificate = errors.New("no usable signing certificate in metadata")
)

// SAML is what a SAML 2.0 identity provider says of itself.
type SAML struct {
	EntityID            string     `json:"EntityID"`
	SingleSignOn        []Endpoint `json:"SingleSignOn"`
	SingleLogout        []Endpoint `json:"SingleLogout,omitzero"`
	SigningCertificates [][]byte   `json:"SigningCertificates"` // X.509, DER encoded
	WantsSignedRequests bool       `json:"WantsSignedRequests,omitzero"`
	ValidUntil          time.Time  `json:"ValidUntil,omitzero"` // zero: no end
}

// Endpoint is where a provider takes messages of a binding.
type Endpoint struct {
	Binding  string `json:"Binding"`
	Location string `json:"Location"`
}

// At is the URL for a binding, or "".
func At(endpoints []Endpoint, binding string) string {
	for _, e := range endpoints {
		if e.Binding == binding {
			return e.Location
		}
	}
	return ""
}

// The elements of SAML 2.0 metadata that count, 2.3 and 2.4.
type (
	entityXML struct {
		XMLName    xml.Name
		EntityID   string      `xml:"entityID,attr"`
		ValidUntil string      `xml:"validUntil,attr"`
		Providers  []roleXML   `xml:"urn:oasis:names:tc:SAML:2.0:metadata IDPSSODescriptor"`
		Entities   []entityXML `xml:"urn:oasis:names:tc:SAML:2.0:metadata EntityDescriptor"`
	}
	roleXML struct {
		Protocols   string        `xml:"protocolSupportEnumeration,attr"`
		WantsSigned string        `xml:"WantAuthnRequestsSigned,attr"`
		ValidUntil  string        `xml:"validUntil,attr"`
		Keys        []keyXML      `xml:"urn:oasis:names:tc:SAML:2.0:metadata KeyDescriptor"`
		SSO         []endpointXML `xml:"urn:oasis:names:tc:SAML:2.0:metadata SingleSignOnService"`
		SLO         []endpointXML `xml:"urn:oasis:names:tc:SAML:2.0:metadata SingleLogoutService"`
	}
	keyXML struct {
		Use          string   `xml:"use,attr"`
		Certificates []string `xml:"http://www.w3.org/2000/09/xmldsig# KeyInfo>X509Data>X509Certificate"`
	}
	endpointXML struct {
		Binding  string `xml:"Binding,attr"`
		Location string `xml:"Location,attr"`
	}
)

// ParseSAML reads the metadata of one identity provider: an EntityDescriptor, or
// EntitiesDescriptor of which one entity is an identity provider. Whether it is
// still valid is the caller's to say. The errors are those of this package; with
// ErrNoRedirect comes what was read, for those who send nobody there.
func ParseSAML(doc []byte) (*SAML, error) {
	if err := scan(doc); err != nil {
		return nil, err
	}
	var root entityXML
	if err := xml.Unmarshal(doc, &root); err != nil || root.XMLName.Space != metadataSpace {
		return nil, ErrMalformed
	}
	entities := []entityXML{root}
	switch root.XMLName.Local {
	case "EntityDescriptor":
	case "EntitiesDescriptor":
		entities = root.Entities
	default:
		return nil, ErrMalformed
	}
	var entity *entityXML
	for i := range entities {
		if len(entities[i].Providers) == 0 {
			continue
		}
		if entity != nil {
			return nil, ErrNoProvider // which of them?
		}
		entity = &entities[i]
	}
	if entity == nil {
		return nil, ErrNoProvider
	}
	return entity.saml(root.ValidUntil)
}

func (e *entityXML) saml(rootUntil string) (*SAML, error) {
	role := &e.Providers[0]
	for i := range e.Providers {
		if strings.Contains(" "+e.Providers[i].Protocols+" ", " "+protocolSAML2+" ") {
			role = &e.Providers[i]
			break
		}
	}
	s := &SAML{EntityID: e.EntityID, WantsSignedRequests: role.WantsSigned == "true" || role.WantsSigned == "1"}
	if s.EntityID == "" || len(s.EntityID) > maxEntityID {
		return nil, ErrMalformed
	}
	for _, text := range []string{rootUntil, e.ValidUntil, role.ValidUntil} {
		if text == "" {
			continue
		}
		until, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return nil, ErrMalformed
		}
		if s.ValidUntil.IsZero() || until.Before(s.ValidUntil) {
			s.ValidUntil = until.UTC()
		}
	}
	s.SingleSignOn, s.SingleLogout = endpoints(role.SSO), endpoints(role.SLO)
	var err error
	if s.SigningCertificates, err = signingCertificates(role.Keys); err != nil {
		return nil, err
	}
	if At(s.SingleSignOn, BindingRedirect) == "" {
		return s, ErrNoRedirect
	}
	return s, nil
}

// endpoints are the usable ones of the two bindings, the first of each.
func endpoints(list []endpointXML) []Endpoint {
	var found []Endpoint
	for _, e := range list {
		if (e.Binding == BindingRedirect || e.Binding == BindingPOST) && At(found, e.Binding) == "" && IsURL(e.Location) {
			found = append(found, Endpoint(e))
		}
	}
	return found
}

// signingCertificates are those of the keys for signing, or for anything.
func signingCertificates(list []keyXML) ([][]byte, error) {
	var found [][]byte
	for _, key := range list {
		if key.Use != "" && key.Use != "signing" {
			continue
		}
		for _, text := range key.Certificates {
			der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
			if err != nil {
				return nil, ErrMalformed
			}
			if _, err := x509.ParseCertificate(der); err != nil {
				return nil, ErrNoCertificate
			}
			if found = append(found, der); len(found) > maxCertificates {
				return nil, ErrMalformed
			}
		}
	}
	if len(found) == 0 {
		return nil, ErrNoCertificate
	}
	return found, nil
}

// scan refuses what is too large or too deep, is not well formed, has another
// element behind the root, or has a document type, before anything is built of
// it.
func scan(doc []byte) error {
	if len(doc) == 0 || len(doc) > MaxSize {
		return ErrMalformed
	}
	d := xml.NewDecoder(bytes.NewReader(doc))
	depth, elements, roots := 0, 0, 0
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return ErrMalformed
		}
		switch token.(type) {
		case xml.StartElement:
			if depth == 0 {
				roots++
			}
			depth++
			elements++
		case xml.EndElement:
			depth--
		case xml.Directive:
			return ErrMalformed
		}
		if depth < 0 || depth > maxDepth || elements > maxElements || roots > 1 {
			return ErrMalformed
		}
	}
	if depth != 0 || roots != 1 {
		return ErrMalformed
	}
	return nil
}

// IsURL says whether text is the address of a web server: absolute, of http or
// https, without a user and a fragment.
func IsURL(text string) bool {
	if text == "" || len(text) > maxURL {
		return false
	}
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && u.User == nil &&
		u.Fragment == "" && !strings.ContainsAny(text, "# \t\r\n")
}
