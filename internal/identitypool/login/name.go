package login

import (
	"regexp"
	"strings"
)

// The names of the providers that are no OpenID Connect providers by ARN.
const (
	Google   = "accounts.google.com"
	Apple    = "appleid.apple.com"
	Facebook = "graph.facebook.com"
	Amazon   = "www.amazon.com"
	Twitter  = "api.twitter.com"
	Digits   = "www.digits.com"

	// IdentityPools is the provider of the tokens that identity pools issue.
	IdentityPools = "cognito-identity.amazonaws.com"
)

var (
	userPoolName = regexp.MustCompile(`^cognito-idp\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/([\w-]+_[0-9a-zA-Z]+)$`)
	userPoolID   = regexp.MustCompile(`^([\w-]+)_[0-9a-zA-Z]+$`)
	oidcARN      = regexp.MustCompile(`^arn:[\w-]+:iam::[0-9]{12}:oidc-provider/(.+)$`)
	samlRoleARN  = regexp.MustCompile(`^arn:[\w-]+:iam::[0-9]{12}:role/[!-~]{1,1000}$`)
	samlARN      = regexp.MustCompile(`^arn:[\w-]+:iam::[0-9]{12}:saml-provider/[\w._-]+$`)
)

// Names knows how user pools are called as providers: as AWS calls them, and by
// the issuer of this deployment.
type Names struct {
	// Host is the address of this deployment without scheme and slash at the end.
	Host string
}

// Canonical is the name of a provider in the form that is kept: that of AWS for
// user pools of either form, any other name as it is.
func (n Names) Canonical(name string) string {
	id, ok := strings.CutPrefix(name, n.Host+"/")
	if !ok || n.Host == "" {
		return name
	}
	m := userPoolID.FindStringSubmatch(id)
	if m == nil {
		return name
	}
	return "cognito-idp." + m[1] + ".amazonaws.com/" + id
}

// UserPool is the id of the user pool that a name in canonical form means.
func UserPool(name string) (id string, ok bool) {
	m := userPoolName.FindStringSubmatch(name)
	if m == nil || !strings.HasPrefix(m[2], m[1]+"_") {
		return "", false
	}
	return m[2], true
}

// OIDCName is the name in logins of the OpenID Connect provider that an ARN means.
func OIDCName(arn string) (name string, ok bool) {
	m := oidcARN.FindStringSubmatch(arn)
	if m == nil {
		return "", false
	}
	return m[1], true
}

// IsSAML says whether a name is the ARN of a SAML provider.
func IsSAML(name string) bool { return samlARN.MatchString(name) }
