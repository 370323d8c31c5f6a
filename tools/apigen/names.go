package main

import (
	"fmt"
	"strings"
)

// exported returns name with an upper-case first letter.
func exported(name string) string {
	return strings.ToUpper(name[:1]) + name[1:]
}

// enumSuffix turns a value of an enumeration into the end of its constant's
// name: USER_SRP_AUTH gives UserSrpAuth, LoginWithAmazon stays, V1_0 keeps its
// underscore so that it does not read as version ten.
func enumSuffix(value string) string {
	var b strings.Builder
	words := strings.FieldsFunc(value, func(r rune) bool { return r > 0x7f || !isAlphanumeric(byte(r)) })
	for _, w := range words {
		if strings.ToUpper(w) == w {
			w = strings.ToLower(w)
		}
		if s := b.String(); s != "" && isDigit(s[len(s)-1]) && isDigit(w[0]) {
			b.WriteByte('_')
		}
		b.WriteString(exported(w))
	}
	return b.String()
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// identifiers are the package-level names given so far, each with what it is.
type identifiers map[string]string

// claim gives name to what, or fails if something else has it.
func (ids identifiers) claim(name, what string) error {
	if owner, taken := ids[name]; taken {
		return fmt.Errorf("%s would name both %s and %s", name, owner, what)
	}
	ids[name] = what
	return nil
}

// secretMembers are kept out of logs although the model does not mark their
// shapes sensitive: codes and credentials that end up in a sign-in, maps in
// which clients and identity providers carry passwords, and keys.
var secretMembers = map[string]bool{
	"ChallengeParameters":        true,
	"ClientMetadata":             true,
	"Code":                       true,
	"ConfirmationCode":           true,
	"Credential":                 true,
	"CredentialCreationOptions":  true,
	"DeviceSecretVerifierConfig": true,
	"FeedbackToken":              true,
	"PasswordVerifier":           true,
	"PreSignedUrl":               true,
	"ProviderDetails":            true,
	"SessionToken":               true,
	"ValidationData":             true,
}

// optional are string members, as Shape.Member, for which the empty text is a
// value of its own: it removes what an absent member leaves as it is.
var optional = map[string]bool{
	"UpdateGroupRequest.Description": true,
}
