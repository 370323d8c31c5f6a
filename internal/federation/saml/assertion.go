package saml

import (
	"crypto/x509"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/beevik/etree"
)

// Why a response proves nothing.
var (
	ErrMalformed   = errors.New("not a SAML 2.0 response with one assertion")
	ErrEncrypted   = errors.New("encrypted assertions are not supported")
	ErrStatus      = errors.New("the identity provider refused the sign-in")
	ErrAlgorithm   = errors.New("the signature has an algorithm or a transform that is not supported")
	ErrSignature   = errors.New("the signature cannot be verified")
	ErrCertificate = errors.New("no certificate of the identity provider is valid now")
	ErrIssuer      = errors.New("another issuer")
	ErrAudience    = errors.New("another audience")
	ErrRecipient   = errors.New("another recipient, or no bearer may confirm the subject")
	ErrRequest     = errors.New("the answer to another request")
	ErrExpired     = errors.New("expired")
	ErrTooEarly    = errors.New("not valid yet")
)

const (
	success     = "urn:oasis:names:tc:SAML:2.0:status:Success"
	bearer      = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
	unspecified = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
	maxName     = 1024      // bytes, of an id, a name or what qualifies it
	maxAge      = time.Hour // of an assertion, since it was issued
)

// Provider is an identity provider, as its metadata tells.
type Provider struct {
	EntityID     string
	Certificates []*x509.Certificate
}

// Expected is what an assertion must be for.
type Expected struct {
	Audiences  []string // one of them
	Recipients []string // one of them

	// Request is the ID of the request that must be answered, "" for an answer
	// without a request; nil: the request was another's, so that it does not count.
	Request *string

	Now  time.Time
	Skew time.Duration // by how much the provider's clock may differ
}

// Assertion is what a provider said of a user.
type Assertion struct {
	ID         string // the provider gives it to no other assertion
	Issuer     string
	Name       Name
	Audience   string              // the one that was expected
	Attributes map[string][]string // those whose values are text, by Name
	ExpiresAt  time.Time           // from then on Verify refuses it, with the same Skew
}

// Name is the NameID of a user (SAML 2.0 core, 2.2.2). Two users can have the same
// value if the rest differs.
type Name struct {
	Value       string
	Format      string // a URI
	Qualifier   string // "" for the issuer
	SPQualifier string
}

// Verify proves a response, which is XML, and returns its assertion. The errors
// are those of this package.
func Verify(response []byte, p Provider, e Expected) (*Assertion, error) {
	d, err := parse(response)
	if err != nil {
		return nil, err
	}
	// Where both are signed, both must be good.
	if d.ofResponse != nil {
		if d.response, err = verify(d.response, p.Certificates, e.Now); err != nil {
			return nil, err
		}
	}
	var signed *etree.Element
	if d.ofAssertion != nil {
		signed, err = verify(d.assertion, p.Certificates, e.Now)
	} else if signed = only(d.response, assertionSpace, "Assertion"); signed == nil {
		err = ErrMalformed
	}
	if err != nil {
		return nil, err
	}
	if err := checkResponse(d.response, p, e); err != nil {
		return nil, err
	}
	return read(signed, p, e)
}

// checkResponse looks at what surrounds the assertion. If only the assertion is
// signed, this is the sender's word, so it can refuse but not prove.
func checkResponse(response *etree.Element, p Provider, e Expected) error {
	status := only(response, protocolSpace, "Status")
	if status == nil || attribute(response, "Version") != "2.0" {
		return ErrMalformed
	}
	if code := only(status, protocolSpace, "StatusCode"); code == nil || attribute(code, "Value") != success {
		return ErrStatus
	}
	if issuers := children(response, assertionSpace, "Issuer"); len(issuers) > 0 {
		if name, ok := content(issuers[0]); !ok || len(issuers) > 1 || name != p.EntityID {
			return ErrIssuer
		}
	}
	if to := attribute(response, "Destination"); to != "" && !slices.Contains(e.Recipients, to) {
		return ErrRecipient
	}
	if e.Request != nil && attribute(response, "InResponseTo") != *e.Request {
		return ErrRequest
	}
	return nil
}

// read checks an assertion as the profile for browsers has it (SAML 2.0 profiles,
// 4.1.4.3), and takes what it says.
func read(el *etree.Element, p Provider, e Expected) (*Assertion, error) {
	a := &Assertion{ID: attribute(el, "ID"), Issuer: p.EntityID}
	if !is(el, assertionSpace, "Assertion") || attribute(el, "Version") != "2.0" || a.ID == "" || len(a.ID) > maxName {
		return nil, ErrMalformed
	}
	issuer := only(el, assertionSpace, "Issuer")
	if issuer == nil {
		return nil, ErrMalformed
	}
	if name, ok := content(issuer); !ok || name != p.EntityID {
		return nil, ErrIssuer
	}
	issued, err := instant(el, "IssueInstant")
	if err != nil || issued.IsZero() {
		return nil, ErrMalformed
	}
	// One that could be used for years would have to be remembered for as long.
	a.ExpiresAt = issued.Add(maxAge)
	if issued.After(e.Now.Add(e.Skew)) {
		return nil, ErrTooEarly
	}
	subject := only(el, assertionSpace, "Subject")
	if subject == nil {
		return nil, ErrMalformed
	}
	if a.Name, err = nameOf(subject, p.EntityID); err != nil {
		return nil, err
	}
	if err := a.confirm(subject, e); err != nil {
		return nil, err
	}
	if err := a.conditions(el, e); err != nil {
		return nil, err
	}
	if err := a.statements(el); err != nil {
		return nil, err
	}
	if a.ExpiresAt = a.ExpiresAt.Add(e.Skew); !e.Now.Before(a.ExpiresAt) {
		return nil, ErrExpired
	}
	return a, nil
}

// until makes an assertion end at a time, if it does not end before.
func (a *Assertion) until(end time.Time) {
	if !end.IsZero() && end.Before(a.ExpiresAt) {
		a.ExpiresAt = end
	}
}

func nameOf(subject *etree.Element, issuer string) (Name, error) {
	el := only(subject, assertionSpace, "NameID")
	if el == nil {
		return Name{}, ErrMalformed
	}
	// Where accounts are names that users choose, that of "ada " is not ada's.
	value, ok := exactly(el)
	n := Name{Value: value, Format: attribute(el, "Format"), Qualifier: attribute(el, "NameQualifier"), SPQualifier: attribute(el, "SPNameQualifier")}
	if n.Format == "" {
		n.Format = unspecified
	}
	if n.Qualifier == issuer {
		n.Qualifier = ""
	}
	for _, text := range []string{n.Value, n.Format, n.Qualifier, n.SPQualifier} {
		ok = ok && len(text) <= maxName
	}
	if !ok || strings.Trim(n.Value, space) == "" {
		return Name{}, ErrMalformed
	}
	return n, nil
}

// confirm wants a confirmation by whoever bears the assertion that is good for us,
// now; others beside it do not matter.
func (a *Assertion) confirm(subject *etree.Element, e Expected) error {
	err := ErrRecipient
	for _, el := range children(subject, assertionSpace, "SubjectConfirmation") {
		data := only(el, assertionSpace, "SubjectConfirmationData")
		if attribute(el, "Method") != bearer || data == nil || !slices.Contains(e.Recipients, attribute(data, "Recipient")) {
			continue
		}
		begin, wrong := instant(data, "NotBefore")
		end, alsoWrong := instant(data, "NotOnOrAfter")
		switch {
		case wrong != nil || alsoWrong != nil || end.IsZero():
			err = ErrMalformed
		case e.Request != nil && attribute(data, "InResponseTo") != *e.Request:
			err = ErrRequest
		case begin.After(e.Now.Add(e.Skew)):
			err = ErrTooEarly
		case !e.Now.Add(-e.Skew).Before(end):
			err = ErrExpired
		default:
			a.until(end)
			return nil
		}
	}
	return err
}

// conditions wants conditions that hold, all of them; one that is not known may
// not (SAML 2.0 core, 2.5.1). Those of how often and through whom an assertion may
// be used again are held anyhow, by not doing so.
func (a *Assertion) conditions(el *etree.Element, e Expected) error {
	conditions := only(el, assertionSpace, "Conditions")
	if conditions == nil {
		return ErrMalformed
	}
	begin, wrong := instant(conditions, "NotBefore")
	end, alsoWrong := instant(conditions, "NotOnOrAfter")
	if wrong != nil || alsoWrong != nil {
		return ErrMalformed
	}
	if begin.After(e.Now.Add(e.Skew)) {
		return ErrTooEarly
	}
	a.until(end)
	for _, condition := range conditions.ChildElements() {
		switch {
		case is(condition, assertionSpace, "AudienceRestriction"):
			at := slices.IndexFunc(children(condition, assertionSpace, "Audience"), func(el *etree.Element) bool {
				name, ok := content(el)
				if ok && slices.Contains(e.Audiences, name) {
					a.Audience = name
					return true
				}
				return false
			})
			if at < 0 {
				return ErrAudience
			}
		case is(condition, assertionSpace, "OneTimeUse"), is(condition, assertionSpace, "ProxyRestriction"):
		default:
			return ErrMalformed
		}
	}
	if a.Audience == "" {
		return ErrAudience // for anybody, so for another too
	}
	return nil
}

// statements wants one of the sign-in, and reads those of attributes.
func (a *Assertion) statements(el *etree.Element) error {
	signIns := children(el, assertionSpace, "AuthnStatement")
	if len(signIns) == 0 {
		return ErrMalformed
	}
	for _, signIn := range signIns {
		end, err := instant(signIn, "SessionNotOnOrAfter")
		if err != nil {
			return ErrMalformed
		}
		a.until(end)
	}
	a.Attributes = map[string][]string{}
	for _, statement := range children(el, assertionSpace, "AttributeStatement") {
		for _, attr := range children(statement, assertionSpace, "Attribute") {
			name := attribute(attr, "Name")
			if name == "" {
				return ErrMalformed
			}
			for _, value := range children(attr, assertionSpace, "AttributeValue") {
				if text, ok := content(value); ok {
					a.Attributes[name] = append(a.Attributes[name], text)
				}
			}
		}
	}
	return nil
}

// instant is an attribute that is a time, zero if it is absent. Times in SAML are
// of UTC and say so (SAML 2.0 core, 1.3.3).
func instant(el *etree.Element, name string) (time.Time, error) {
	text := strings.Trim(attribute(el, name), space)
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || t.Year() < 1970 {
		return time.Time{}, ErrMalformed
	}
	return t.UTC(), nil
}
