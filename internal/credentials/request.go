package credentials

import (
	"log/slog"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
)

// Lives of credentials. AWS's identity pools always give an hour.
const (
	MaxLife = time.Hour
	MinLife = 15 * time.Minute
)

// A Request asks for credentials of a role on behalf of an identity that has
// proven who it is.
type Request struct {
	RoleARN     string // arn:aws:iam::<account>:role/<path and name>
	SessionName string // 2 to 64 of A-Z a-z 0-9 _+=,.@-

	IdentityID     string            // sub of its token
	IdentityPoolID string            // aud
	Amr            []string          // as in its token: "authenticated", the provider, ...
	Tags           map[string]string // session tags, see iam.CheckTags

	// Token is the identity's token by the identity pools' OpenID Connect issuer. An
	// STS elsewhere is shown it: it must say sub, aud and amr as above, and the tags
	// in the claim https://aws.amazon.com/tags.
	Token string
	// Duration is how long the credentials live; 0 means MaxLife, and more is cut
	// to it.
	Duration time.Duration
}

// life is the duration within its bounds.
func (r *Request) life() time.Duration {
	if r.Duration == 0 {
		return MaxLife
	}
	return min(max(r.Duration, MinLife), MaxLife)
}

// A Set is what lets a program sign requests. Printed or logged it shows only
// its id.
type Set struct {
	AccessKeyID  string // ASIA and 16 of A-Z and 2-7, from BuiltIn
	SecretKey    string `json:"-"`
	SessionToken string `json:"-"`
	Expiration   time.Time
}

func (s Set) String() string { return s.AccessKeyID }

// GoString keeps the secret out of %#v.
func (s Set) GoString() string { return "credentials.Set{AccessKeyID: " + s.AccessKeyID + "}" }

// LogValue keeps the secret out of structured logs.
func (s Set) LogValue() slog.Value { return slog.StringValue(s.AccessKeyID) }

// The refusals.
var (
	// ErrConfiguration is what GetCredentialsForIdentity answers when the role does
	// not exist or does not trust the identity.
	ErrConfiguration error = fault.New(fault.InvalidIdentityPoolConfig,
		"Invalid identity pool configuration. Check assigned IAM roles for this pool.")
	// ErrNotTrusted is what AssumeRoleWithWebIdentity answers then.
	ErrNotTrusted error = fault.New(fault.AccessDenied, "Not authorized to perform sts:AssumeRoleWithWebIdentity")
	// ErrInvalidToken is the answer to a session token that is not ours, does not go
	// with the access key, or whose role or key is gone.
	ErrInvalidToken error = fault.New(fault.UnrecognizedClient, "The security token included in the request is invalid.")
	// ErrExpiredToken is the answer to one whose time is over.
	ErrExpiredToken error = fault.New(fault.ExpiredToken, "The security token included in the request is expired")
	// ErrTooLarge is the answer to tags that do not fit into a session token.
	ErrTooLarge error = fault.New(fault.PackedPolicyTooLarge, "Packed size of session tags consumes more than 100% of allotted space.")
)
