package credentials

import (
	"context"
	"errors"
	"maps"
	"regexp"
	"slices"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/iam"
	"github.com/poolhouse/poolhouse/internal/keys"
)

// Options make a BuiltIn.
type Options struct {
	Ring      *keys.Ring
	Roles     *Roles
	AccountID string
	// AccessKey finds whom a long-term access key stands for, or ErrInvalidToken's
	// code, for the sessions that such keys ask for.
	AccessKey func(ctx context.Context, id string) (secret string, principal *iam.Principal, err error)
	// AnyRole gives credentials for roles that do not exist, too, which may do
	// nothing: where nothing is checked, nobody should have to make roles first.
	AnyRole bool
	Now     func() time.Time // nil means time.Now
}

// BuiltIn mints credentials, and opens those it minted.
type BuiltIn struct{ options Options }

// NewBuiltIn makes a BuiltIn.
func NewBuiltIn(o Options) *BuiltIn {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &BuiltIn{o}
}

var sessionName = regexp.MustCompile(`^[A-Za-z0-9_+=,.@-]{2,64}$`) // as STS has it

// Issue gives an identity credentials of a role, as GetCredentialsForIdentity
// does. It returns ErrConfiguration when the role does not exist or does not
// trust the identity, InvalidParameterException for tags that cannot be, and
// ErrTooLarge.
func (b *BuiltIn) Issue(ctx context.Context, r Request) (Set, error) {
	set, _, err := b.assume(ctx, r)
	if errors.Is(err, ErrNotTrusted) {
		err = ErrConfiguration
	}
	return set, err
}

// AssumeRole is Issue as AssumeRoleWithWebIdentity does it: with ErrNotTrusted for
// ErrConfiguration. It says whom the credentials are of.
func (b *BuiltIn) AssumeRole(ctx context.Context, r Request) (Set, *Caller, error) {
	set, s, err := b.assume(ctx, r)
	if err != nil {
		return Set{}, nil, err
	}
	return set, b.roleCaller(s), nil
}

func (b *BuiltIn) assume(ctx context.Context, r Request) (Set, *Session, error) {
	if err := iam.CheckTags(r.Tags); err != nil {
		return Set{}, nil, fault.New(fault.InvalidParameter, "Invalid principal tags: "+err.Error()+".")
	}
	if !sessionName.MatchString(r.SessionName) {
		return Set{}, nil, fault.New(fault.InvalidParameter, "Invalid role session name.")
	}
	role, err := b.options.Roles.find(ctx, r.RoleARN)
	if err != nil {
		return Set{}, nil, err
	}
	if role != nil && !role.trust.Allows(trustContext(r)) || role == nil && !(b.options.AnyRole && IsRoleARN(r.RoleARN)) {
		return Set{}, nil, ErrNotTrusted
	}
	s := b.newSession(r.life())
	s.RoleARN, s.SessionName, s.IdentityID, s.IdentityPoolID, s.Amr, s.Tags = r.RoleARN, r.SessionName, r.IdentityID, r.IdentityPoolID, r.Amr, r.Tags
	set, err := seal(b.options.Ring, s)
	return set, s, err
}

// trustContext is what a trust policy is asked about.
func trustContext(r Request) iam.Context {
	context := iam.Context{
		iam.KeyAudience:    {r.IdentityPoolID},
		iam.KeySubject:     {r.IdentityID},
		iam.KeyMethods:     r.Amr,
		iam.KeySessionName: {r.SessionName},
		iam.KeyTagKeys:     slices.Sorted(maps.Keys(r.Tags)),
	}
	for key, value := range r.Tags {
		context[iam.PrefixRequestTag+key] = []string{value}
	}
	return context
}

// ForAccessKey gives temporary credentials that may do what a long-term access
// key may, as GetSessionToken does.
func (b *BuiltIn) ForAccessKey(accessKeyID string, life time.Duration) (Set, error) {
	r := Request{Duration: life}
	s := b.newSession(r.life())
	s.ParentKeyID = accessKeyID
	return seal(b.options.Ring, s)
}

func (b *BuiltIn) newSession(life time.Duration) *Session {
	now := b.options.Now().UTC().Truncate(time.Second)
	return &Session{IssuedAt: now, ExpiresAt: now.Add(life)}
}

// A Caller is whom temporary credentials speak for.
type Caller struct {
	ARN    string // arn:aws:sts::<account>:assumed-role/<role>/<session>
	UserID string // AROA...:<session>
}

func (b *BuiltIn) roleCaller(s *Session) *Caller {
	account, _, name, _ := parseRoleARN(s.RoleARN)
	return &Caller{ARN: sessionARN(account, name, s.SessionName), UserID: roleID(s.RoleARN) + ":" + s.SessionName}
}

// An Opened is a session whose token was opened, with its secret and with what it
// may do.
type Opened struct {
	Session
	Caller
	Secret    string
	Principal *iam.Principal
}

// Open reads a session token that came with an access key id. It returns
// ErrInvalidToken, also when the role or the access key behind it is gone, or
// ErrExpiredToken. Whoever sent it has proven nothing yet.
func (b *BuiltIn) Open(ctx context.Context, accessKeyID, token string) (*Opened, error) {
	secret, s, err := open(b.options.Ring, accessKeyID, token, b.options.Now())
	if err != nil {
		return nil, err
	}
	o := &Opened{Session: *s, Secret: secret}
	if s.ParentKeyID != "" {
		_, parent, err := b.options.AccessKey(ctx, s.ParentKeyID)
		if fault.CodeOf(err) != "" {
			return nil, ErrInvalidToken
		}
		if err != nil {
			return nil, err
		}
		o.Caller = Caller{ARN: parent.ARN, UserID: parent.AccessKeyID}
		principal := *parent
		principal.AccessKeyID = accessKeyID
		o.Principal = &principal
		return o, nil
	}
	role, err := b.options.Roles.find(ctx, s.RoleARN)
	if err != nil {
		return nil, err
	}
	if role == nil && !b.options.AnyRole {
		return nil, ErrInvalidToken
	}
	o.Caller = *b.roleCaller(s)
	o.Principal = &iam.Principal{AccessKeyID: accessKeyID, ARN: o.ARN, Account: b.options.AccountID}
	if role != nil && role.policy != nil {
		o.Principal.Policy = role.policy.For(s.context())
	}
	return o, nil
}
