package userpool

import (
	"maps"

	"github.com/poolhouse/poolhouse/internal/store"
)

// Change applies change to a copy of the user old, which tx has read, and stores
// the result with the names and the search index that follow from it. It
// returns the user as it is now. A name that belongs to somebody else gives a
// *store.NameTakenError.
func (p *Pool) Change(tx *store.Tx, old *store.User, change func(*store.User) error) (*store.User, error) {
	u := *old
	u.Attributes = maps.Clone(old.Attributes)
	if err := change(&u); err != nil {
		return nil, err
	}
	u.ModifiedAt = tx.Now()
	p.derive(&u)
	if err := p.guardNames(tx, &u, added(old.Names, u.Names)); err != nil {
		return nil, err
	}
	if err := tx.UpdateUser(old, &u); err != nil {
		return nil, err
	}
	return &u, nil
}

// SetAttributes writes checked values into a user's attributes. An empty value
// deletes. A new email or phone number counts as unverified, unless set says
// otherwise; one without a value has no verified flag.
func (p *Pool) SetAttributes(u *store.User, set map[string]string) {
	for _, name := range []string{"email", "phone_number"} {
		value, changes := set[name]
		if !changes || value == u.Attributes[name] {
			continue
		}
		if value == "" {
			delete(u.Attributes, name+"_verified")
		} else {
			u.Attributes[name+"_verified"] = "false"
		}
	}
	for name, value := range set {
		if value == "" {
			delete(u.Attributes, name)
		} else {
			u.Attributes[name] = p.normal(name, value)
		}
	}
	dropLostFactors(u)
}
