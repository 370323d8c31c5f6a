package identitypool

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/iam"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// maxUser is the most characters of a developer's name of a user, as the API
// model.
const maxUser = 1024

var (
	errUserNotFound = fault.New(fault.ResourceNotFound, "Developer user identifier not found.")
	errRegistered   = fault.New(fault.DeveloperUserAlreadyRegistered, "The developer user is already registered with another identity.")
)

// DeveloperRequest asks for the token of a user whom the developer has
// authenticated.
type DeveloperRequest struct {
	PoolID     string
	IdentityID string            // to link the user to, or ""
	Logins     map[string]string // the user under the developer provider's name, and tokens of others
	Tags       map[string]string // principal tags
	Duration   time.Duration     // of the token; 0: 15 minutes
}

// Developer returns the identity of a developer's user, and a token of it.
// Errors: ResourceNotFoundException, NotAuthorizedException,
// InvalidParameterException, ResourceConflictException,
// DeveloperUserAlreadyRegisteredException, ExternalServiceException.
func (p *Pools) Developer(ctx context.Context, r DeveloperRequest) (id, token string, err error) {
	pool, err := p.Pool(ctx, r.PoolID)
	if err != nil {
		return "", "", err
	}
	provider := pool.DeveloperProviderName
	user, ok := r.Logins[provider]
	if provider == "" || !ok {
		return "", "", invalid("Please include the developer provider of this identity pool in the logins.")
	}
	if len([]rune(user)) > maxUser || strings.ContainsRune(user, 0) {
		return "", "", invalid("The developer user identifier must have at most %d characters.", maxUser)
	}
	if err := iam.CheckTags(r.Tags); err != nil {
		return "", "", invalid("Invalid principal tags: %s.", err)
	}
	others := maps.Clone(r.Logins)
	delete(others, provider)
	proven, err := p.verify(ctx, pool, others)
	if err != nil {
		return "", "", err
	}
	logins := append([]store.IdentityLogin{{Provider: provider, Subject: user}}, rows(proven)...)
	if r.IdentityID == "" {
		id, err = p.find(ctx, pool, logins)
	} else {
		id, err = p.register(ctx, pool, r.IdentityID, logins)
	}
	if err != nil {
		return "", "", err
	}
	if err := p.spend(ctx, proven); err != nil {
		return "", "", err
	}
	if r.Duration == 0 {
		r.Duration = developerTokenLife
	}
	amr := []string{authenticated, provider, developerAMR(pool, user)}
	token, err = p.sign(ctx, pool, id, append(amr, amrOf(proven)...), r.Tags, r.Duration)
	return id, token, err
}

// developerAMR is the third value of amr of the token of a developer's user.
func developerAMR(pool *Pool, user string) string {
	return pool.DeveloperProviderName + ":" + pool.ID + ":" + user
}

// register links a developer's user to an identity that the caller names. The
// developer vouches for that, so the identity may be one with other logins.
func (p *Pools) register(ctx context.Context, pool *Pool, id string, logins []store.IdentityLogin) (linked string, err error) {
	err = p.db.Update(ctx, func(tx *store.Tx) error {
		identity, err := tx.Identity(id)
		if errors.Is(err, store.ErrNotFound) || err == nil && identity.PoolID != pool.ID {
			return identityNotFound(id)
		}
		if err != nil {
			return err
		}
		if linked = id; identity.MergedInto != "" {
			linked = identity.MergedInto
		}
		owners, err := ownersOf(tx, pool.ID, logins)
		if err != nil {
			return err
		}
		if owners[0] != "" && owners[0] != linked {
			return errRegistered
		}
		if owners[0] == "" {
			have, err := tx.IdentityLogins(pool.ID, linked)
			if err != nil {
				return err
			}
			if _, err := pool.joined(have, logins[:1]); err != nil {
				return err
			}
			if err := tx.InsertIdentityLogin(pool.ID, linked, logins[0]); err != nil {
				return err
			}
			if err := tx.TouchIdentity(pool.ID, linked); err != nil {
				return err
			}
		}
		linked, err = linkIn(tx, pool, linked, "", logins)
		return err
	})
	return linked, err
}

// LookupDeveloper returns the identity that is named, by its id, by a user, or by
// both, with up to limit of the developer's names of its user behind token.
// Errors: ResourceNotFoundException, InvalidParameterException,
// ResourceConflictException.
func (p *Pools) LookupDeveloper(ctx context.Context, poolID, id, user, token string, limit int) (found string, users []string, next string, err error) {
	pool, err := p.Pool(ctx, poolID)
	if err != nil {
		return "", nil, "", err
	}
	if id == "" && user == "" {
		return "", nil, "", invalid("Please include an identity or a developer user identifier.")
	}
	list := "developer users " + poolID
	after, err := userpool.PageAfter(list, token)
	if err != nil {
		return "", nil, "", err
	}
	if found = id; user != "" {
		if found, err = p.developerIdentity(ctx, pool, user); err != nil {
			return "", nil, "", err
		}
		if id != "" && id != found {
			return "", nil, "", fault.New(fault.ResourceConflict, "The developer user identifier belongs to another identity.")
		}
	}
	identity, logins, err := p.load(ctx, found)
	if err == nil && identity.PoolID != poolID {
		err = identityNotFound(found)
	}
	if err != nil {
		return "", nil, "", err
	}
	for _, l := range logins {
		if l.Provider == pool.DeveloperProviderName && l.Subject > after {
			users = append(users, l.Subject)
		}
	}
	slices.Sort(users) // an identity has but few
	if len(users) > limit {
		users = users[:limit]
		next = userpool.PageToken(list, users[limit-1])
	}
	return found, users, next, nil
}

func (p *Pools) developerIdentity(ctx context.Context, pool *Pool, user string) (id string, err error) {
	err = p.db.View(ctx, func(tx *store.Tx) (err error) {
		id, err = tx.IdentityOf(pool.ID, store.IdentityLogin{Provider: pool.DeveloperProviderName, Subject: user})
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return "", errUserNotFound
	}
	return id, err
}

// developerProvider is the pool, if the name is that of its developer provider.
func (p *Pools) developerProvider(ctx context.Context, poolID, name string) (*Pool, error) {
	pool, err := p.Pool(ctx, poolID)
	if err != nil {
		return nil, err
	}
	if name != pool.DeveloperProviderName {
		return nil, invalid("%s is not the developer provider of this identity pool.", name)
	}
	return pool, nil
}

// MergeDeveloper merges the identity of one of a developer's users into that of
// another, which it returns. Errors: ResourceNotFoundException,
// InvalidParameterException, ResourceConflictException.
func (p *Pools) MergeDeveloper(ctx context.Context, poolID, provider, source, destination string) (id string, err error) {
	pool, err := p.developerProvider(ctx, poolID, provider)
	if err != nil {
		return "", err
	}
	err = p.db.Update(ctx, func(tx *store.Tx) error {
		owners, err := ownersOf(tx, poolID, []store.IdentityLogin{{Provider: provider, Subject: source}, {Provider: provider, Subject: destination}})
		if err != nil {
			return err
		}
		from, into := owners[0], owners[1]
		if from == "" || into == "" {
			return errUserNotFound
		}
		id = into
		if from == into {
			return nil
		}
		theirs, err := tx.IdentityLogins(poolID, from)
		if err != nil {
			return err
		}
		have, err := tx.IdentityLogins(poolID, into)
		if err != nil {
			return err
		}
		if _, err := pool.joined(have, theirs); err != nil {
			return err
		}
		if err := tx.MergeIdentity(poolID, from, into); err != nil {
			return err
		}
		return tx.TouchIdentity(poolID, into)
	})
	return id, err
}

// UnlinkDeveloper takes a developer's user from an identity. Errors:
// ResourceNotFoundException, InvalidParameterException, ResourceConflictException.
func (p *Pools) UnlinkDeveloper(ctx context.Context, poolID, id, provider, user string) error {
	if _, err := p.developerProvider(ctx, poolID, provider); err != nil {
		return err
	}
	l := store.IdentityLogin{Provider: provider, Subject: user}
	return p.db.Update(ctx, func(tx *store.Tx) error {
		identity, err := tx.Identity(id)
		if errors.Is(err, store.ErrNotFound) || err == nil && identity.PoolID != poolID {
			return identityNotFound(id)
		}
		if err != nil {
			return err
		}
		owner, err := tx.IdentityOf(poolID, l)
		switch {
		case errors.Is(err, store.ErrNotFound):
			return errUserNotFound
		case err != nil:
			return err
		case owner != id:
			return fault.New(fault.ResourceConflict, "The developer user identifier belongs to another identity.")
		}
		if err := tx.DeleteIdentityLogin(poolID, id, l); err != nil {
			return err
		}
		return tx.TouchIdentity(poolID, id)
	})
}
