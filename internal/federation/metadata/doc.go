// Package metadata reads what identity providers publish about themselves: the
// metadata of SAML 2.0 and the discovery document of OpenID Connect. It only
// reads bytes; others fetch them. The bytes are strangers': everything is
// bounded, and nothing of the input comes back in an error.
package metadata
