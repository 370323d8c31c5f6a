package identitypool

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/poolhouse/poolhouse/internal/credentials"
	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/identitypool/login"
	"github.com/poolhouse/poolhouse/internal/store"
)

// CredentialsIssuer makes credentials: here, or by asking a security token
// service elsewhere. Errors are faults.
type CredentialsIssuer interface {
	Issue(context.Context, credentials.Request) (credentials.Set, error)
}

const (
	// sessionName is that of credentials of the enhanced flow.
	sessionName = "CognitoIdentityCredentials"

	// credentialsLife is how long they are valid.
	credentialsLife = time.Hour
)

// Credentials returns temporary credentials of an identity that the caller may act
// as by the given tokens, and the identity. custom is the role that is wanted, or
// "". Errors: those of As, InvalidIdentityPoolConfigurationException.
func (p *Pools) Credentials(ctx context.Context, id string, tokens map[string]string, custom string) (string, credentials.Set, error) {
	s, amr, tags, err := p.session(ctx, id, tokens)
	if err != nil {
		return "", credentials.Set{}, err
	}
	role, err := p.role(s, amr[0] == unauthenticated, custom)
	if err != nil {
		return "", credentials.Set{}, err
	}
	if p.credentials == nil {
		return "", credentials.Set{}, errNoRole
	}
	r := credentials.Request{
		RoleARN: role, SessionName: sessionName, IdentityID: s.ID, IdentityPoolID: s.Pool.ID,
		Amr: amr, Tags: tags, Duration: credentialsLife,
	}
	if p.tokens {
		if r.Token, err = p.sign(ctx, s.Pool, s.ID, amr, tags, tokenLife); err != nil {
			return "", credentials.Set{}, err
		}
	}
	set, err := p.credentials.Issue(ctx, r)
	if err != nil {
		return "", credentials.Set{}, err
	}
	// What cannot be given uses nothing up.
	if err := p.spend(ctx, s.Logins); err != nil {
		return "", credentials.Set{}, err
	}
	return s.ID, set, nil
}

// session is As, and takes tokens of a developer's users too.
func (p *Pools) session(ctx context.Context, id string, tokens map[string]string) (s *Session, amr []string, tags map[string]string, err error) {
	text, ok := tokens[login.IdentityPools]
	if !ok {
		if s, err = p.As(ctx, id, tokens); err != nil {
			return nil, nil, nil, err
		}
		return s, s.amr(), p.tags(s), nil
	}
	identity, have, err := p.load(ctx, id)
	if err != nil {
		return nil, nil, nil, err
	}
	pool, err := p.Pool(ctx, identity.PoolID)
	if fault.CodeOf(err) == fault.ResourceNotFound {
		err = identityNotFound(id)
	}
	if err != nil {
		return nil, nil, nil, err
	}
	proof, err := p.developerProof(ctx, pool, id, text)
	if err != nil {
		return nil, nil, nil, err
	}
	// The user that the token was given for, not just any of the identity's.
	if !slices.ContainsFunc(have, func(l store.IdentityLogin) bool {
		return l.Provider == pool.DeveloperProviderName && developerAMR(pool, l.Subject) == proof.AMR[2]
	}) {
		return nil, nil, nil, errMismatch // merged into another, or unlinked
	}
	s, amr, tags = &Session{Pool: pool, ID: id}, proof.AMR, proof.Tags
	if len(tokens) > 1 { // others with it are proven and linked
		others := maps.Clone(tokens)
		delete(others, login.IdentityPools)
		if s, err = p.withOthers(ctx, s, others); err != nil {
			return nil, nil, nil, err
		}
		amr = append(slices.Clone(amr), amrOf(s.Logins)...)
	}
	return s, amr, tags, nil
}

// withOthers links logins to an identity that was proven already.
func (p *Pools) withOthers(ctx context.Context, s *Session, tokens map[string]string) (*Session, error) {
	logins, err := p.verify(ctx, s.Pool, tokens)
	if err != nil {
		return nil, err
	}
	id := s.ID
	err = p.db.Update(ctx, func(tx *store.Tx) error {
		have, err := tx.IdentityLogins(s.Pool.ID, s.ID)
		if err != nil {
			return err
		}
		// One of its own logins stands for what the token proved.
		if len(have) == 0 {
			return errMismatch
		}
		id, err = linkIn(tx, s.Pool, s.ID, "", append(have[:1:1], rows(logins)...))
		return err
	})
	if err != nil {
		return nil, err
	}
	return &Session{Pool: s.Pool, ID: id, Logins: logins}, nil
}
