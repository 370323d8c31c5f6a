package login

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/poolhouse/poolhouse/internal/federation/saml"
)

// The attributes and claims of SAML that AWS has names for.
const (
	// SAMLName is the claim of a user's NameID.
	SAMLName = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier"

	// SAMLDisplayName is the claim that providers commonly have a user's name in.
	SAMLDisplayName = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name"

	// samlRole holds pairs of a role and a provider ("Configure SAML assertions for
	// the authentication response" of the IAM user guide).
	samlRole = "https://aws.amazon.com/SAML/Attributes/Role"
)

var (
	errNotSAML       = refused("Not a valid SAML response.")
	errNoSAML        = refused("Specified provider doesn't exist.")
	errSAMLEnded     = refused("The metadata or the certificate of the SAML provider has expired.")
	errSAMLEncrypted = refused("Encrypted SAML assertions are not supported.")
	errSAMLStatus    = refused("The SAML response does not report success.")
	errSAMLAlgorithm = refused("The signature of the SAML response has an algorithm that is not supported.")
	errSAMLRecipient = refused("Incorrect recipient of the SAML assertion.")
	errSAMLExpired   = refused("The SAML assertion has expired.")
	errSAMLEarly     = refused("The SAML assertion is not valid yet.")
)

var samlFaults = []struct{ is, becomes error }{
	{saml.ErrMalformed, errNotSAML},
	{saml.ErrEncrypted, errSAMLEncrypted},
	{saml.ErrStatus, errSAMLStatus},
	{saml.ErrAlgorithm, errSAMLAlgorithm},
	{saml.ErrSignature, errSignature},
	{saml.ErrCertificate, errSAMLEnded},
	{saml.ErrIssuer, errIssuer},
	{saml.ErrAudience, errAudience},
	{saml.ErrRecipient, errSAMLRecipient},
	{saml.ErrExpired, errSAMLExpired},
	{saml.ErrTooEarly, errSAMLEarly},
}

// assertion takes a response of a SAML provider, which is base64 of XML. The
// request that it answers was the application's, so any will do.
func (v *Verifier) assertion(ctx context.Context, arn, text string) (*Login, error) {
	if v.saml == nil {
		return nil, errNoSAML
	}
	p, err := v.saml.Find(ctx, arn)
	if err != nil {
		return nil, err
	}
	now := v.now()
	switch {
	case p == nil:
		return nil, errNoSAML
	case p.Ended(now):
		return nil, errSAMLEnded
	case len(text) > maxToken:
		return nil, errNotSAML
	}
	response, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return nil, errNotSAML
	}
	a, err := saml.Verify(response, p.Provider, saml.Expected{Audiences: p.Audiences, Recipients: p.Recipients, Now: now, Skew: clockSkew})
	for _, fault := range samlFaults {
		if errors.Is(err, fault.is) {
			return nil, fault.becomes
		}
	}
	if err != nil {
		return nil, err
	}
	l := &Login{Provider: arn, Subject: a.Name.Value, Audience: a.Audience, Once: &Once{onceID(a), a.ExpiresAt}}
	if l.Key, err = samlKey(a); err != nil {
		return nil, err
	}
	if l.Claims, err = samlClaims(a); err != nil {
		return nil, err
	}
	l.Roles = samlRoles(a.Attributes[samlRole], arn)
	return checked(l)
}

// samlKey names a user among those of all that ever stood behind a provider's ARN:
// neither other formats of names nor other metadata make somebody somebody else.
func samlKey(a *saml.Assertion) (string, error) {
	key, err := json.Marshal([]string{a.Issuer, a.Name.Format, a.Name.Qualifier, a.Name.SPQualifier, a.Name.Value})
	return string(key), err
}

// onceID names an assertion among those of all providers.
func onceID(a *saml.Assertion) string {
	sum := sha256.Sum256([]byte(a.Issuer + "\n" + a.ID))
	return hex.EncodeToString(sum[:])
}

// samlClaims are attributes as claims: a string, or a list where there are several
// values. The NameID is among them, whatever attribute has its name.
func samlClaims(a *saml.Assertion) (Claims, error) {
	claims := make(Claims, len(a.Attributes)+1)
	for name, values := range a.Attributes {
		var value any = values
		if len(values) == 1 {
			value = values[0]
		}
		if err := claims.put(name, value); err != nil {
			return nil, err
		}
	}
	return claims, claims.put(SAMLName, a.Name.Value)
}

// put sets a claim, as rules look for it: without escapes that JSON does not ask for.
func (c Claims) put(name string, value any) error {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		return err
	}
	c[name] = bytes.TrimSuffix(text.Bytes(), []byte("\n"))
	return nil
}

// samlRoles are the roles that a provider gives a user: values of two ARNs with a
// comma between, in either order, of which one is the provider's own.
func samlRoles(values []string, provider string) []string {
	var roles []string
	for _, value := range values {
		first, second, ok := strings.Cut(value, ",")
		role, of := strings.TrimSpace(first), strings.TrimSpace(second)
		if role == provider {
			role, of = of, role
		}
		if ok && of == provider && samlRoleARN.MatchString(role) && !slices.Contains(roles, role) {
			roles = append(roles, role)
		}
	}
	return roles
}
