package credentials

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"github.com/poolhouse/poolhouse/internal/iam"
	"github.com/poolhouse/poolhouse/internal/keys"
)

const purpose keys.Purpose = "session-credentials"

// maxSession bounds what is sealed into a session token, in bytes: sealed and
// encoded it stays below the 8 KB that a header may have.
const maxSession = 5 << 10

// A Session is what temporary credentials stand for.
type Session struct {
	AccessKeyID string

	// Of a role's session.
	RoleARN        string
	SessionName    string
	IdentityID     string
	IdentityPoolID string
	Amr            []string
	Tags           map[string]string

	// ParentKeyID is the access key that asked for the session, in the place of a
	// role.
	ParentKeyID string

	IssuedAt, ExpiresAt time.Time // whole seconds
}

// context is what policies are asked about.
func (s *Session) context() iam.Context {
	context := iam.Context{
		iam.KeyAudience: {s.IdentityPoolID},
		iam.KeySubject:  {s.IdentityID},
		iam.KeyMethods:  s.Amr,
	}
	for key, value := range s.Tags {
		context[iam.PrefixPrincipalTag+key] = []string{value}
	}
	return context
}

// sealedSession is the content of a session token. The names are short because
// every request carries them.
type sealedSession struct {
	Secret  string            `json:"s"`
	Role    string            `json:"r,omitzero"`
	Name    string            `json:"n,omitzero"`
	Sub     string            `json:"u,omitzero"`
	Aud     string            `json:"a,omitzero"`
	Amr     []string          `json:"m,omitzero"`
	Tags    map[string]string `json:"t,omitzero"`
	Parent  string            `json:"p,omitzero"`
	Issued  int64             `json:"i"` // unix seconds
	Expires int64             `json:"e"`
}

// seal makes the credentials of a session.
func seal(ring *keys.Ring, s *Session) (Set, error) {
	var id [10]byte
	var secret [30]byte
	rand.Read(id[:]) // never fails, see crypto/rand
	rand.Read(secret[:])
	s.AccessKeyID = "ASIA" + base32.StdEncoding.EncodeToString(id[:])
	content := sealedSession{
		Secret: base64.StdEncoding.EncodeToString(secret[:]),
		Role:   s.RoleARN, Name: s.SessionName, Sub: s.IdentityID, Aud: s.IdentityPoolID, Amr: s.Amr, Tags: s.Tags,
		Parent: s.ParentKeyID, Issued: s.IssuedAt.Unix(), Expires: s.ExpiresAt.Unix(),
	}
	text, err := json.Marshal(content)
	if err != nil {
		return Set{}, err
	}
	if len(text) > maxSession {
		return Set{}, ErrTooLarge
	}
	token, err := ring.Seal(purpose, text, s.AccessKeyID)
	if err != nil {
		return Set{}, err
	}
	return Set{AccessKeyID: s.AccessKeyID, SecretKey: content.Secret, SessionToken: token, Expiration: s.ExpiresAt}, nil
}

// open reads a session token, which must go with the access key and have time
// left.
func open(ring *keys.Ring, accessKeyID, token string, now time.Time) (secret string, s *Session, err error) {
	text, err := ring.Open(purpose, token, accessKeyID)
	if err != nil {
		return "", nil, ErrInvalidToken
	}
	var content sealedSession
	if err := json.Unmarshal(text, &content); err != nil {
		return "", nil, fmt.Errorf("session of %s: %w", accessKeyID, err)
	}
	s = &Session{
		AccessKeyID: accessKeyID, RoleARN: content.Role, SessionName: content.Name, IdentityID: content.Sub,
		IdentityPoolID: content.Aud, Amr: content.Amr, Tags: content.Tags, ParentKeyID: content.Parent,
		IssuedAt: time.Unix(content.Issued, 0).UTC(), ExpiresAt: time.Unix(content.Expires, 0).UTC(),
	}
	if !now.Before(s.ExpiresAt) {
		return "", nil, ErrExpiredToken
	}
	return content.Secret, s, nil
}
