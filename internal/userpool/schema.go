package userpool

import "strings"

const (
	customPrefix    = "custom:"
	developerPrefix = "dev:"
)

// unwritable says whether an attribute is one that only administrators and
// Cognito itself ever set.
func unwritable(attribute string) bool {
	switch attribute {
	case "sub", "email_verified", "phone_number_verified", "identities":
		return true
	}
	return strings.HasPrefix(attribute, developerPrefix)
}
