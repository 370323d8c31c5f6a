package userpool

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/trigger"
)

// Federation is what an identity provider has proven of a user who signs in
// there.
type Federation struct {
	Provider *Provider
	Client   *Client // through which the user signs in

	// Subject is the provider's id of the user: sub, id, user_id or the NameID.
	Subject string

	// Attributes are what the provider says of the user, by its own names.
	Attributes map[string]string
}

const (
	// maxUsername is the longest username of the API model, in characters.
	maxUsername = 128

	// maxFederatedAttributes is how many attributes a provider may tell.
	maxFederatedAttributes = 200
)

var (
	errNotEnabled = fault.New(fault.NotAuthorized, "User is not enabled")

	errSubject = fault.New(fault.InvalidParameter, "Invalid subject from identity provider")
)

// username is the name of the profile that a first sign-in makes.
func (f *Federation) username() string { return f.Provider.Name + "_" + f.Subject }

// FindFederated returns the user that somebody who has signed in at an identity
// provider is: the one that the identity is linked to, or its own profile. The
// error is UserNotFoundException for a first sign-in.
func (u *Users) FindFederated(ctx context.Context, pool *Pool, f Federation) (*store.User, error) {
	var user *store.User
	err := u.db.View(ctx, func(tx *store.Tx) (err error) {
		user, _, err = pool.federated(tx, &f)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, errNoUser
	}
	return user, err
}

// Federated returns the user that somebody who has signed in at an identity
// provider is, with the mapped attributes written over those of the user. At a
// first sign-in it makes the profile <provider>_<subject>, of status
// EXTERNAL_PROVIDER and in the group <pool>_<provider>; created says so.
//
// Errors: NotAuthorizedException for a disabled user and for attributes that the
// client may not write; InvalidParameterException for values that the schema does
// not allow and for required attributes that nobody gave; UsernameExistsException
// where the name of the profile is another's; AliasExistsException; and those of
// triggers.
func (u *Users) Federated(ctx context.Context, pool *Pool, f Federation) (user *store.User, created bool, err error) {
	if err := f.check(); err != nil {
		return nil, false, err
	}
	set, err := pool.mapped(&f)
	if err != nil {
		return nil, false, err
	}
	sub := newSub()
	if set, err = u.preSignUpFederated(ctx, pool, f, set); err != nil {
		return nil, false, err
	}
	err = u.db.Update(ctx, func(tx *store.Tx) error {
		created = false
		found, link, err := pool.federated(tx, &f)
		switch {
		case errors.Is(err, store.ErrNotFound):
			created = true
			err = pool.createFederated(tx, &f, sub, set)
			found = &store.User{Sub: sub}
		case err == nil:
			err = pool.updateFederated(tx, &f, found, link, set)
		}
		if err != nil {
			return err
		}
		user, err = pool.User(tx, found.Sub) // as it is now, with its groups
		return err
	})
	if err != nil {
		return nil, false, aliasExists(err)
	}
	if created {
		if err := pool.postConfirmation(ctx, trigger.PostConfirmationSignUp, user); err != nil {
			return nil, false, err
		}
	}
	return user, created, nil
}

// preSignUpFederated asks the trigger PreSignUp about somebody who signs in for
// the first time, and returns the attributes with what it says is verified. The
// function may link the identity to a user meanwhile.
func (u *Users) preSignUpFederated(ctx context.Context, pool *Pool, f Federation, set map[string]string) (map[string]string, error) {
	if pool.LambdaConfig.PreSignUp == "" {
		return set, nil
	}
	_, err := u.FindFederated(ctx, pool, f)
	if fault.CodeOf(err) != fault.UserNotFound {
		return set, err
	}
	user := &store.User{PoolID: pool.ID, Username: f.username(), Status: StatusExternalProvider, Attributes: maps.Clone(set)}
	if err := pool.preSignUp(ctx, trigger.PreSignUpExternalProvider, user); err != nil {
		return nil, err
	}
	return user.Attributes, nil
}

func (f *Federation) check() error {
	if f.Subject == "" || len(f.Subject) > maxLinkValue || !utf8.ValidString(f.Subject) ||
		strings.ContainsFunc(f.Subject, unicode.IsControl) || utf8.RuneCountInString(f.username()) > maxUsername {
		return errSubject
	}
	if len(f.Attributes) > maxFederatedAttributes {
		return invalid("Identity provider tells more than %d attributes", maxFederatedAttributes)
	}
	return nil
}

// mapped are the values that the provider's mapping gives attributes of the pool.
// What the provider does not tell stays as it is.
func (p *Pool) mapped(f *Federation) (map[string]string, error) {
	set := map[string]string{}
	for _, target := range slices.Sorted(maps.Keys(f.Provider.AttributeMapping)) {
		value := f.Attributes[f.Provider.AttributeMapping[target]]
		if target == "username" || value == "" {
			continue
		}
		if f.Client != nil && !unwritable(target) && !f.Client.Writes(target) {
			return nil, errUnwritable
		}
		set[target] = value
	}
	return set, p.checkValues(set, nil)
}

// federated finds the user of an identity and the link that says so; nil for a
// profile whose link went with an earlier provider of the name. It returns
// store.ErrNotFound if there is none.
func (p *Pool) federated(tx *store.Tx, f *Federation) (*store.User, *store.IdentityLink, error) {
	link, err := tx.IdentityLink(p.ID, f.Provider.ID, SubjectAttribute, f.Subject)
	if errors.Is(err, store.ErrNotFound) && f.Provider.Type == ProviderSAML {
		link, err = p.linkByAttribute(tx, f)
	}
	if errors.Is(err, store.ErrNotFound) {
		user, err := p.formerProfile(tx, f.Provider.Name, f.Subject)
		return user, nil, err
	}
	if err != nil {
		return nil, nil, err
	}
	user, err := p.User(tx, link.Sub)
	return user, link, err
}

// linkByAttribute finds the link of one of the attributes of an assertion.
func (p *Pool) linkByAttribute(tx *store.Tx, f *Federation) (*store.IdentityLink, error) {
	for _, name := range slices.Sorted(maps.Keys(f.Attributes)) {
		value := f.Attributes[name]
		if name == SubjectAttribute || value == "" || len(name) > maxLinkAttribute || len(value) > maxLinkValue ||
			!isText(name) || !isText(value) {
			continue
		}
		link, err := tx.IdentityLink(p.ID, f.Provider.ID, name, value)
		if !errors.Is(err, store.ErrNotFound) {
			return link, err
		}
	}
	return nil, store.ErrNotFound
}

// formerProfile finds the profile that a subject got by signing in through a
// provider of this name that is gone, or returns store.ErrNotFound. A profile
// whose identity was taken away is nobody's.
func (p *Pool) formerProfile(tx *store.Tx, provider, subject string) (*store.User, error) {
	user, err := p.Find(tx, provider+"_"+subject)
	if err != nil {
		return nil, err
	}
	if user.Username != provider+"_"+subject {
		return nil, store.ErrNotFound
	}
	list, err := identitiesOf(user)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(list, func(i identityEntry) bool { return i.Primary && i.is(provider, subject) }) {
		return nil, store.ErrNotFound
	}
	return user, nil
}

// createFederated makes the profile of a first sign-in.
func (p *Pool) createFederated(tx *store.Tx, f *Federation, sub string, set map[string]string) error {
	provider, err := f.row(tx)
	if err != nil {
		return err
	}
	user := &store.User{
		PoolID: p.ID, Sub: sub, Username: f.username(), Status: StatusExternalProvider, Enabled: true,
		Attributes: map[string]string{}, CreatedAt: tx.Now(), ModifiedAt: tx.Now(),
	}
	p.SetAttributes(user, verifiedFlags(user, set))
	var missing []string
	for _, s := range p.SchemaAttributes {
		if s.Required && s.Name != "sub" && user.Attributes[s.Name] == "" {
			missing = append(missing, s.Name)
		}
	}
	if len(missing) > 0 {
		return invalid("attributes required: [%s]", strings.Join(missing, ", "))
	}
	if err := addIdentity(user, provider, f.Subject, true, tx.Now(), nil); err != nil {
		return err
	}
	err = p.insert(tx, user)
	if taken, ok := errors.AsType[*store.NameTakenError](err); ok && taken.Name.Kind == store.NameUsername {
		return fault.Errorf(fault.UsernameExists, "Already found an entry for username %s", f.username())
	}
	if err != nil {
		return err
	}
	if err := f.link(tx, p, sub, true); err != nil {
		return err
	}
	group, err := p.providerGroup(tx, f.Provider)
	if err != nil {
		return err
	}
	return tx.AddGroupMember(p.ID, group.ID, sub)
}

// updateFederated brings a user up to date with a sign-in. It writes only where
// something changed.
func (p *Pool) updateFederated(tx *store.Tx, f *Federation, user *store.User, link *store.IdentityLink, set map[string]string) error {
	if !user.Enabled {
		return errNotEnabled
	}
	renamed := ""
	switch {
	case link == nil:
		if err := f.link(tx, p, user.Sub, true); err != nil {
			return err
		}
	case link.Attribute != SubjectAttribute:
		// From now on the subject says who it is, which nobody else can get.
		if err := tx.DeleteIdentityLink(link); err != nil {
			return err
		}
		if err := f.link(tx, p, user.Sub, false); err != nil {
			return err
		}
		renamed = link.Value
	}
	now := *user
	now.Attributes = maps.Clone(user.Attributes)
	if err := p.WriteAttributes(&now, verifiedFlags(&now, set)); err != nil {
		return err
	}
	if renamed != "" {
		list, err := identitiesOf(&now)
		if err != nil {
			return err
		}
		for i := range list {
			if list[i].is(f.Provider.Name, renamed) {
				list[i].UserID = f.Subject
			}
		}
		if err := setIdentities(&now, list); err != nil {
			return err
		}
	}
	if maps.Equal(now.Attributes, user.Attributes) {
		return nil
	}
	_, err := p.Change(tx, user, func(user *store.User) error {
		user.Attributes = now.Attributes
		return nil
	})
	return err
}

// verifiedFlags leaves out flags that would tell of an address the user does not
// have.
func verifiedFlags(user *store.User, set map[string]string) map[string]string {
	set = maps.Clone(set)
	for _, attribute := range verifiable {
		if set[attribute] == "" && user.Attributes[attribute] == "" {
			delete(set, attribute+"_verified")
		}
	}
	return set
}

// row is the provider's row, which must still be there.
func (f *Federation) row(tx *store.Tx) (*store.IdentityProvider, error) {
	row, err := findProvider(tx, f.Provider.PoolID, f.Provider.Name)
	if err == nil && row.ID != f.Provider.ID {
		return nil, providerNotFound(f.Provider.Name)
	}
	return row, err
}

// link records whose identity the subject is.
func (f *Federation) link(tx *store.Tx, p *Pool, sub string, own bool) error {
	if _, err := f.row(tx); err != nil {
		return err
	}
	if err := tx.InsertIdentityLink(&store.IdentityLink{
		PoolID: p.ID, ProviderID: f.Provider.ID, Attribute: SubjectAttribute, Value: f.Subject, Sub: sub, Own: own, CreatedAt: tx.Now(),
	}); err != nil {
		return fmt.Errorf("link identity: %w", err)
	}
	return nil
}

// providerGroup is the group of those who came through a provider, which is made
// if it is not there.
func (p *Pool) providerGroup(tx *store.Tx, provider *Provider) (*store.Group, error) {
	name := p.ID + "_" + provider.Name
	group, err := tx.Group(p.ID, name)
	if !errors.Is(err, store.ErrNotFound) {
		return group, err
	}
	group = &store.Group{
		PoolID: p.ID, ID: rand.Text(), Name: name, CreatedAt: tx.Now(), ModifiedAt: tx.Now(),
		Description: "Autogenerated group for users who sign in using " + provider.Name,
	}
	return group, tx.InsertGroup(group)
}
