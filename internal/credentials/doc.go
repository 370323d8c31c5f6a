// Package credentials gives the identities of identity pools temporary AWS
// credentials: an access key id, a secret and a session token, good for an hour
// at most.
//
// [BuiltIn] mints them. Nothing of them is kept: the session token is sealed
// (package keys) and holds the secret, the role and the identity, so that every
// node that has the data keys can open it, and nobody else. What a session may do
// is not in it but follows from its role as it is when it is asked, so that a
// policy that is made stricter, or a role that is removed, tells within a second.
//
// [Roles] keeps the roles: a name, a trust policy that says which identities may
// have it, and a permission policy (package iam).
//
// Package credentials/stsclient gets the credentials from an STS elsewhere
// instead, which keeps roles of its own.
package credentials
