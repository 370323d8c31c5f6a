package userpool

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/trigger"
)

// Pool is a user pool. It is shared by all requests of a node and never changed
// once loaded.
type Pool struct {
	ID         string // <region>_<9 characters>
	Name       string
	CreatedAt  time.Time
	ModifiedAt time.Time
	PoolConfig

	triggers *trigger.Invoker
}

// Region is the part of the id before the underscore.
func (p *Pool) Region() string {
	region, _, _ := strings.Cut(p.ID, "_")
	return region
}

// SRPName is the part of the id behind the underscore, which SRP calls the pool
// name.
func (p *Pool) SRPName() string {
	_, name, _ := strings.Cut(p.ID, "_")
	return name
}

// CaseSensitive says whether case counts in usernames and aliases. Unset means
// it does.
func (p *Pool) CaseSensitive() bool {
	return p.UsernameConfiguration == nil || p.UsernameConfiguration.CaseSensitive
}

// Fold is a name as the pool compares names: in lower case where case does not
// count.
func (p *Pool) Fold(name string) string {
	if p.CaseSensitive() {
		return name
	}
	return strings.ToLower(name)
}

// SchemaAttribute returns the description of an attribute, or nil.
func (p *Pool) SchemaAttribute(name string) *SchemaAttribute {
	for i := range p.SchemaAttributes {
		if p.SchemaAttributes[i].Name == name {
			return &p.SchemaAttributes[i]
		}
	}
	return nil
}

// VerifiesBeforeUpdate says whether a new value of an attribute counts only
// once it is verified.
func (p *Pool) VerifiesBeforeUpdate(attribute string) bool {
	s := p.UserAttributeUpdateSettings
	return s != nil && slices.Contains(s.AttributesRequireVerificationBeforeUpdate, attribute)
}

// Find returns the user that is called name: the username, an alias that counts
// in this pool, or the sub. It returns store.ErrNotFound if nobody is.
func (p *Pool) Find(tx *store.Tx, name string) (*store.User, error) {
	u, err := tx.FindUser(p.ID, p.Fold(name), name)
	if err != nil {
		return nil, err
	}
	p.derive(u)
	return u, nil
}

// derive fills in what follows from a user's fields: the names it is found by
// and the entries of the search index.
func (p *Pool) derive(u *store.User) {
	u.Names = p.names(u)
	u.Index = p.index(u)
}

// aliasKinds are the attributes that can name a user.
var aliasKinds = map[string]store.NameKind{
	"email":              store.NameEmail,
	"phone_number":       store.NamePhoneNumber,
	"preferred_username": store.NamePreferredUsername,
}

func (p *Pool) names(u *store.User) []store.UserName {
	var names []store.UserName
	if u.Username != u.Sub {
		names = append(names, store.UserName{Name: p.Fold(u.Username), Kind: store.NameUsername})
	}
	if u.Status == StatusExternalProvider {
		return names // signs in elsewhere, and may share an address with others
	}
	for _, attribute := range []string{"email", "phone_number", "preferred_username"} {
		if value := u.Attributes[attribute]; value != "" && p.claims(u, attribute) {
			names = append(names, store.UserName{Name: p.Fold(value), Kind: aliasKinds[attribute]})
		}
	}
	return names
}

// maxPreferredName is the longest preferred_username to sign in with, in
// characters: an entry of an index in PostgreSQL has at most 2704 bytes.
const maxPreferredName = 512

// claims says whether the user's value of an attribute is a name of its own: in
// a pool of username attributes always, in an alias pool once it is verified. A
// preferred_username is one unless it looks like an address that is an alias too
// or is longer than maxPreferredName.
func (p *Pool) claims(u *store.User, attribute string) bool {
	if slices.Contains(p.UsernameAttributes, attribute) {
		return true
	}
	if !slices.Contains(p.AliasAttributes, attribute) {
		return false
	}
	if attribute == "preferred_username" {
		// Nobody verifies it, so it must not stand for an address that others prove.
		name := u.Attributes[attribute]
		return !p.LooksLikeAlias(name) && utf8.RuneCountInString(name) <= maxPreferredName
	}
	return u.Attributes[attribute+"_verified"] == "true"
}

// indexedRunes is how much of a value the search index holds; a ListUsers filter
// is no longer.
const indexedRunes = 256

func (p *Pool) index(u *store.User) []store.AttributeIndex {
	index := make([]store.AttributeIndex, 0, len(u.Attributes))
	for name, value := range u.Attributes {
		if name == "sub" || name == "email_verified" || name == "phone_number_verified" || name == "identities" || value == "" {
			continue
		}
		index = append(index, store.AttributeIndex{Name: name, Value: p.indexValue(name, value)})
	}
	return index
}

// indexValue is a value as the search index has it.
func (p *Pool) indexValue(attribute, value string) string {
	if attribute == "email" || attribute == "preferred_username" {
		value = p.Fold(value)
	}
	if len(value) <= indexedRunes {
		return value
	}
	runes := 0
	for i := range value {
		if runes == indexedRunes {
			return value[:i]
		}
		runes++
	}
	return value
}

// User returns the user with the given sub, or store.ErrNotFound.
func (p *Pool) User(tx *store.Tx, sub string) (*store.User, error) {
	u, err := tx.User(p.ID, sub)
	if err != nil {
		return nil, err
	}
	p.derive(u)
	return u, nil
}

// IsNamed says whether name is one that finds the user.
func (p *Pool) IsNamed(u *store.User, name string) bool {
	if name == u.Sub {
		return true
	}
	folded := p.Fold(name)
	return slices.ContainsFunc(u.Names, func(n store.UserName) bool { return n.Name == folded })
}

// LooksLikeAlias says whether a name has the form of an alias of the pool, so
// that it cannot be a username.
func (p *Pool) LooksLikeAlias(name string) bool {
	return slices.Contains(p.AliasAttributes, "email") && strings.Contains(name, "@") ||
		slices.Contains(p.AliasAttributes, "phone_number") && strings.HasPrefix(name, "+")
}
