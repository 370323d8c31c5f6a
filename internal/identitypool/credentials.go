package identitypool

import (
	"context"
	"time"
)

// CredentialsRequest asks for temporary credentials of an identity.
type CredentialsRequest struct {
	RoleARN        string // what the credentials may do
	SessionName    string
	IdentityID     string
	IdentityPoolID string
	Amr            []string          // how the identity was proven, as the claim of its tokens
	Tags           map[string]string // principal tags of the session
	Token          string            // an OpenID Connect token of the identity, for a service that takes those
	Duration       time.Duration
}

// CredentialsSet is temporary credentials.
type CredentialsSet struct {
	AccessKeyID  string
	SecretKey    string
	SessionToken string
	Expiration   time.Time
}

// CredentialsIssuer makes credentials: here, or by asking a security token
// service elsewhere. Errors are faults.
type CredentialsIssuer interface {
	Issue(context.Context, CredentialsRequest) (CredentialsSet, error)
}
