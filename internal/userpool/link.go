package userpool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
)

const (
	// SubjectAttribute is what Cognito calls the id that a provider gives its
	// user, whatever the provider calls it.
	SubjectAttribute = "Cognito_Subject"

	// cognitoProvider names the pool's own directory where a user of a provider
	// could stand.
	cognitoProvider = "Cognito"

	// maxLinks is how many identities may be linked to a user.
	maxLinks = 5

	// Bytes of what a link is found by: an entry of an index in PostgreSQL has at
	// most 2704.
	maxLinkAttribute = 256
	maxLinkValue     = 1024
)

// ProviderUser names a user by an attribute that a provider knows. The provider
// Cognito is the pool's own directory, whose users are named by their username.
type ProviderUser struct {
	Provider  string
	Attribute string
	Value     string
}

var (
	errNativeSource = fault.New(fault.InvalidParameter, "Invalid SourceUser: Cognito users with a username/password "+
		"may not be passed in as a SourceUser, only as a DestinationUser")
	errMerging = fault.New(fault.InvalidParameter,
		"Merging is not currently supported, provide a SourceUser that has not been signed up in order to link")
	errLinked      = fault.New(fault.InvalidParameter, "SourceUser is already linked to DestinationUser")
	errLinkedOther = fault.New(fault.AliasExists, "SourceUser is already linked to another user")
)

// Link makes who signs in as source at an identity provider the user destination
// from then on. Errors: ResourceNotFoundException for a provider,
// UserNotFoundException, InvalidParameterException for a source that cannot be
// linked, AliasExistsException for one that is linked to somebody else,
// LimitExceededException.
func (u *Users) Link(ctx context.Context, pool *Pool, destination, source ProviderUser) error {
	if source.Provider == cognitoProvider {
		return errNativeSource
	}
	if err := firstError(func() error { return source.check("SourceUser") },
		func() error { return destination.check("DestinationUser") }); err != nil {
		return err
	}
	return u.db.Update(ctx, func(tx *store.Tx) error {
		provider, err := findProvider(tx, pool.ID, source.Provider)
		if err != nil {
			return err
		}
		attribute, err := source.attributeAt(provider, "SourceUser")
		if err != nil {
			return err
		}
		user, err := pool.findProviderUser(tx, destination)
		if err != nil {
			return err
		}
		link := &store.IdentityLink{PoolID: pool.ID, ProviderID: provider.ID, Attribute: attribute, Value: source.Value,
			Sub: user.Sub, CreatedAt: tx.Now()}
		switch old, err := tx.IdentityLink(pool.ID, provider.ID, attribute, source.Value); {
		case errors.Is(err, store.ErrNotFound):
		case err != nil:
			return err
		case old.Own:
			return errMerging
		case old.Sub == user.Sub:
			return errLinked
		default:
			return errLinkedOther
		}
		if err := pool.refuseMerge(tx, provider, link); err != nil {
			return err
		}
		links, err := tx.IdentityLinksOf(pool.ID, user.Sub)
		if err != nil {
			return err
		}
		links = slices.DeleteFunc(links, func(l *store.IdentityLink) bool { return l.Own })
		if len(links) >= maxLinks {
			return fault.Errorf(fault.LimitExceeded, "The maximum number of identities linked to a user, %d, is reached.", maxLinks)
		}
		if err := tx.InsertIdentityLink(link); err != nil {
			return err
		}
		_, err = pool.Change(tx, user, func(user *store.User) error {
			return addIdentity(user, provider, source.Value, false, tx.Now(), links)
		})
		return err
	})
}

// refuseMerge refuses a source that has a profile of its own from before its
// provider was deleted and made anew.
func (p *Pool) refuseMerge(tx *store.Tx, provider *store.IdentityProvider, l *store.IdentityLink) error {
	if l.Attribute != SubjectAttribute {
		return nil
	}
	_, err := p.formerProfile(tx, provider.Name, l.Value)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return errMerging
}

// Unlink takes a user's identity at a provider away: who signs in as it is the
// user no more. Of the provider Cognito it is the password, with which the user
// then cannot sign in until a new one is set. Errors: ResourceNotFoundException
// for a provider, UserNotFoundException, InvalidParameterException.
func (u *Users) Unlink(ctx context.Context, pool *Pool, identity ProviderUser) error {
	if err := identity.check("User"); err != nil {
		return err
	}
	if identity.Provider == cognitoProvider {
		_, err := u.Modify(ctx, pool, identity.Value, func(tx *store.Tx, user *store.User) error {
			user.SealedPassword, user.PasswordExpiresAt = "", time.Time{}
			return dropCode(tx, pool, user, codeForgotPassword)
		})
		return err
	}
	return u.db.Update(ctx, func(tx *store.Tx) error {
		provider, err := findProvider(tx, pool.ID, identity.Provider)
		if err != nil {
			return err
		}
		attribute, err := identity.attributeAt(provider, "User")
		if err != nil {
			return err
		}
		link, err := tx.IdentityLink(pool.ID, provider.ID, attribute, identity.Value)
		if errors.Is(err, store.ErrNotFound) {
			return errNoUser
		}
		if err != nil {
			return err
		}
		if err := tx.DeleteIdentityLink(link); err != nil {
			return err
		}
		user, err := pool.User(tx, link.Sub)
		if err != nil {
			return err
		}
		_, err = pool.Change(tx, user, func(user *store.User) error {
			list, err := identitiesOf(user)
			if err != nil {
				return err
			}
			return setIdentities(user, slices.DeleteFunc(list, func(i identityEntry) bool { return i.is(provider.Name, link.Value) }))
		})
		return err
	})
}

// check bounds what names a user. What is missing is a fault of the request.
func (i ProviderUser) check(member string) error {
	switch {
	case i.Provider == "":
		return invalid("Invalid %s: ProviderName is required", member)
	case i.Value == "" || len(i.Value) > maxLinkValue:
		return invalid("Invalid %s: ProviderAttributeValue must have 1 to %d bytes", member, maxLinkValue)
	case len(i.Attribute) > maxLinkAttribute:
		return invalid("Invalid %s: ProviderAttributeName must have at most %d bytes", member, maxLinkAttribute)
	case !isText(i.Value) || !isText(i.Attribute):
		return invalid("Invalid %s: it must be valid UTF-8 text", member)
	}
	return nil
}

// isText says whether s can be looked for in every database.
func isText(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

// attributeAt is the attribute that names the user at a provider. Only assertions
// of SAML are searched for other attributes than the subject.
func (i ProviderUser) attributeAt(provider *store.IdentityProvider, member string) (string, error) {
	switch {
	case i.Attribute == "":
		return "", invalid("Invalid %s: ProviderAttributeName is required", member)
	case i.Attribute != SubjectAttribute && provider.Type != ProviderSAML:
		return "", invalid("Invalid %s: ProviderAttributeName must be %s", member, SubjectAttribute)
	}
	return i.Attribute, nil
}

// findProviderUser finds the user of the pool that is named by a provider, or
// returns UserNotFoundException.
func (p *Pool) findProviderUser(tx *store.Tx, named ProviderUser) (*store.User, error) {
	var user *store.User
	var err error
	if named.Provider == cognitoProvider {
		user, err = p.Find(tx, named.Value)
	} else {
		var provider *store.IdentityProvider
		if provider, err = findProvider(tx, p.ID, named.Provider); err != nil {
			return nil, err
		}
		attribute := named.Attribute
		if attribute == "" {
			attribute = SubjectAttribute
		}
		var link *store.IdentityLink
		if link, err = tx.IdentityLink(p.ID, provider.ID, attribute, named.Value); err == nil {
			user, err = p.User(tx, link.Sub)
		}
	}
	if errors.Is(err, store.ErrNotFound) {
		return nil, errNoUser
	}
	return user, err
}

// findProvider reads a provider's row inside a transaction.
func findProvider(tx *store.Tx, poolID, name string) (*store.IdentityProvider, error) {
	row, err := tx.IdentityProvider(poolID, name)
	if errors.Is(err, store.ErrNotFound) {
		return nil, providerNotFound(name)
	}
	return row, err
}

// identityEntry is an entry of the identities attribute.
type identityEntry struct {
	UserID       string  `json:"userId"`
	ProviderName string  `json:"providerName"`
	ProviderType string  `json:"providerType"`
	Issuer       *string `json:"issuer"`
	Primary      bool    `json:"primary"`
	DateCreated  int64   `json:"dateCreated"` // unix milliseconds
}

func (i identityEntry) is(provider, userID string) bool {
	return i.ProviderName == provider && i.UserID == userID
}

// IdentityClaim is an entry of the identities claim of ID tokens, in which
// everything is text.
type IdentityClaim struct {
	UserID       string  `json:"userId"`
	ProviderName string  `json:"providerName"`
	ProviderType string  `json:"providerType"`
	Issuer       *string `json:"issuer"`
	Primary      string  `json:"primary"`
	DateCreated  string  `json:"dateCreated"`
}

// IdentityClaims are the identities attribute as ID tokens tell it; none for a
// user who has only a password. Nobody but this package writes the attribute.
func IdentityClaims(attribute string) []IdentityClaim {
	var list []identityEntry
	if err := json.Unmarshal([]byte(attribute), &list); err != nil {
		return nil
	}
	claims := make([]IdentityClaim, 0, len(list))
	for _, i := range list {
		claims = append(claims, IdentityClaim{
			UserID: i.UserID, ProviderName: i.ProviderName, ProviderType: i.ProviderType, Issuer: i.Issuer,
			Primary: strconv.FormatBool(i.Primary), DateCreated: strconv.FormatInt(i.DateCreated, 10),
		})
	}
	return claims
}

func identitiesOf(user *store.User) ([]identityEntry, error) {
	text := user.Attributes["identities"]
	if text == "" {
		return nil, nil
	}
	var list []identityEntry
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("identities of user %s: %w", user.Sub, err)
	}
	return list, nil
}

func setIdentities(user *store.User, list []identityEntry) error {
	if len(list) == 0 {
		delete(user.Attributes, "identities")
		return nil
	}
	text, err := json.Marshal(list)
	if err != nil {
		return fmt.Errorf("identities of user %s: %w", user.Sub, err)
	}
	user.Attributes["identities"] = string(text)
	return nil
}

// addIdentity adds an entry to a user's identities. Of the others, those stay that
// are the user's own or linked as links say: what a deleted provider left goes.
func addIdentity(user *store.User, provider *store.IdentityProvider, userID string, primary bool, now time.Time,
	links []*store.IdentityLink) error {
	list, err := identitiesOf(user)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(i identityEntry) bool {
		linked := i.Primary || slices.ContainsFunc(links, func(l *store.IdentityLink) bool { return l.Value == i.UserID })
		return !linked || i.is(provider.Name, userID)
	})
	var doc providerDoc
	if err := json.Unmarshal([]byte(provider.Doc), &doc); err != nil {
		return fmt.Errorf("configuration of identity provider %s: %w", provider.ID, err)
	}
	entry := identityEntry{UserID: userID, ProviderName: provider.Name, ProviderType: provider.Type, Primary: primary, DateCreated: now.UnixMilli()}
	if doc.SAML != nil {
		entry.Issuer = &doc.SAML.EntityID
	}
	return setIdentities(user, append(list, entry))
}
