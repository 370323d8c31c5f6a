package userpool

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/federation/metadata"
	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/store"
)

// federation is a pool with the providers Google, okta (OIDC) and corp (SAML), and
// the native user ann.
type federation struct {
	t     *testing.T
	pools *Pools
	users *Users
	pool  *Pool
}

func newFederation(t *testing.T, n NewPool) *federation {
	t.Helper()
	p := memoryPools(t, PoolsOptions{})
	f := &federation{t: t, pools: p, users: NewUsers(p.db, p.ring, message.NewOutbox(p.ring, true), NoLimits()), pool: createPool(t, p, n)}
	for _, name := range []string{ProviderGoogle, "okta", "corp"} {
		f.create(name)
	}
	f.pool, _ = p.Pool(t.Context(), f.pool.ID) // with the attribute identities
	if _, err := f.users.Create(t.Context(), f.pool, Invitation{Username: "ann", Silent: true}); err != nil {
		t.Fatal(err)
	}
	return f
}

// create makes a provider past the metadata, which other tests read.
func (f *federation) create(name string) {
	f.t.Helper()
	mapping := map[string]string{"email": "mail", "name": "full", "email_verified": "checked"}
	social := map[string]string{"client_id": "c", "client_secret": "hush", "authorize_scopes": "openid"}
	switch name {
	case ProviderGoogle:
		if _, err := f.pools.CreateProvider(f.t.Context(), f.pool.ID, name, name, ProviderSettings{Details: social, AttributeMapping: mapping}); err != nil {
			f.t.Fatal(err)
		}
		return
	case "okta":
		social["oidc_issuer"], social["attributes_request_method"] = "https://op.example.com", "GET"
		for _, endpoint := range oidcEndpoints {
			social[endpoint] = "https://op.example.com/" + endpoint
		}
		if _, err := f.pools.CreateProvider(f.t.Context(), f.pool.ID, name, ProviderOIDC, ProviderSettings{Details: social, AttributeMapping: mapping}); err != nil {
			f.t.Fatal(err)
		}
		return
	}
	row, err := f.pools.providerRow(&Provider{PoolID: f.pool.ID, ID: "id of " + name, Name: name, Type: ProviderSAML,
		AttributeMapping: mapping, SAML: &metadata.SAML{EntityID: "urn:corp"}})
	if err == nil {
		err = f.pools.db.Update(f.t.Context(), func(tx *store.Tx) error { return tx.InsertIdentityProvider(row) })
	}
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *federation) signIn(provider, subject string, attributes map[string]string) (*store.User, bool, error) {
	f.t.Helper()
	p, err := f.pools.Provider(f.t.Context(), f.pool.ID, provider)
	if err != nil {
		f.t.Fatal(err)
	}
	return f.users.Federated(f.t.Context(), f.pool, Federation{Provider: p, Subject: subject, Attributes: attributes})
}

func (f *federation) mustSignIn(provider, subject string, attributes map[string]string) (*store.User, bool) {
	f.t.Helper()
	user, created, err := f.signIn(provider, subject, attributes)
	if err != nil {
		f.t.Fatalf("%s at %s: %v", subject, provider, err)
	}
	return user, created
}

func (f *federation) link(username, provider, attribute, value string) error {
	return f.users.Link(f.t.Context(), f.pool, ProviderUser{Provider: "Cognito", Value: username}, ProviderUser{provider, attribute, value})
}

func (f *federation) find(name string) *store.User {
	f.t.Helper()
	user, err := f.users.Find(f.t.Context(), f.pool, name)
	if err != nil {
		f.t.Fatalf("find %s: %v", name, err)
	}
	return user
}

func TestFirstFederatedSignIn(t *testing.T) {
	f := newFederation(t, NewPool{})
	user, created := f.mustSignIn(ProviderGoogle, "123", map[string]string{"mail": "a@example.com", "checked": "True", "more": "x"})
	if !created || user.Username != "Google_123" || user.Status != StatusExternalProvider || !user.Enabled {
		t.Errorf("created %v: %+v", created, user)
	}
	if user.Attributes["email"] != "a@example.com" || user.Attributes["email_verified"] != "true" || user.Attributes["more"] != "" {
		t.Errorf("attributes %v", user.Attributes)
	}
	want := fmt.Sprintf(`[{"userId":"123","providerName":"Google","providerType":"Google","issuer":null,"primary":true,"dateCreated":%d}]`, user.CreatedAt.UnixMilli())
	if got := user.Attributes["identities"]; got != want {
		t.Errorf("identities %s, want %s", got, want)
	}
	claims := IdentityClaims(user.Attributes["identities"])
	if len(claims) != 1 || claims[0].Primary != "true" || claims[0].DateCreated != fmt.Sprint(user.CreatedAt.UnixMilli()) || claims[0].Issuer != nil {
		t.Errorf("claims %+v", claims)
	}
	if len(user.Groups) != 1 || user.Groups[0].Name != f.pool.ID+"_Google" {
		t.Errorf("groups %+v", user.Groups)
	}

	again, created := f.mustSignIn(ProviderGoogle, "123", map[string]string{"mail": "b@example.com", "full": "Ann"})
	if created || again.Sub != user.Sub || again.Attributes["email"] != "b@example.com" || again.Attributes["email_verified"] != "false" ||
		again.Attributes["name"] != "Ann" || again.Attributes["identities"] != want || len(again.Groups) != 1 {
		t.Errorf("again: %v, %+v", created, again)
	}
	// Case counts at the provider, whatever the pool says.
	other, created := f.mustSignIn("corp", "Bob", nil)
	bob, createdToo := f.mustSignIn("corp", "bob", nil)
	if !created || !createdToo || other.Sub == bob.Sub {
		t.Error("Bob is bob")
	}
	if got := other.Attributes["identities"]; !strings.Contains(got, `"providerType":"SAML","issuer":"urn:corp","primary":true`) {
		t.Errorf("identities of SAML %s", got)
	}
}

func TestFederatedSignInRefuses(t *testing.T) {
	f := newFederation(t, NewPool{Settings: PoolSettings{Schema: []SchemaSettings{{Name: "name", Required: new(true)}}}})
	full := map[string]string{"full": "Ann"}
	f.mustSignIn(ProviderGoogle, "off", full)
	if err := f.users.SetEnabled(t.Context(), f.pool, "Google_off", false); err != nil {
		t.Fatal(err)
	}
	if _, err := f.users.Create(t.Context(), f.pool, Invitation{Username: "Google_squat", Silent: true}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, subject string
		attributes    map[string]string
		code          fault.Code
		text          string
	}{
		{"what is required", "1", nil, fault.InvalidParameter, "attributes required: [name]"},
		{"a long value", "1", map[string]string{"full": strings.Repeat("x", 2049)}, fault.InvalidParameter,
			"Attributes did not conform to the schema: name: String must be no longer than 2048 chars\n"},
		{"no address", "1", map[string]string{"full": "Ann", "mail": "x"}, fault.InvalidParameter, "Invalid email address format."},
		{"disabled", "off", full, fault.NotAuthorized, "User is not enabled"},
		{"a name that a native user has", "squat", full, fault.UsernameExists, "Already found an entry for username Google_squat"},
		{"no subject", "", full, fault.InvalidParameter, "Invalid subject from identity provider"},
		{"a long subject", strings.Repeat("x", 122), full, fault.InvalidParameter, "Invalid subject from identity provider"},
		{"a line in the subject", "a\nb", full, fault.InvalidParameter, "Invalid subject from identity provider"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := f.signIn(ProviderGoogle, tt.subject, tt.attributes)
			wantFault(t, err, tt.code, tt.text)
		})
	}
	many := map[string]string{}
	for n := range maxFederatedAttributes + 1 {
		many[fmt.Sprint(n)] = "x"
	}
	_, _, err := f.signIn(ProviderGoogle, "1", many)
	wantFault(t, err, fault.InvalidParameter, "Identity provider tells more than 200 attributes")

	p, err := f.pools.Provider(t.Context(), f.pool.ID, ProviderGoogle)
	if err != nil {
		t.Fatal(err)
	}
	client := &Client{ClientConfig: ClientConfig{WriteAttributes: []string{"email"}}}
	_, _, err = f.users.Federated(t.Context(), f.pool, Federation{Provider: p, Client: client, Subject: "1", Attributes: full})
	wantFault(t, err, fault.NotAuthorized, "A client attempted to write unauthorized attribute")
	_, err = f.users.FindFederated(t.Context(), f.pool, Federation{Provider: p, Subject: "1"})
	wantFault(t, err, fault.UserNotFound, "User does not exist.")
}

// A federated profile shares an address with a native user, and is found by its
// name only.
func TestFederatedUsersClaimNoAddress(t *testing.T) {
	f := newFederation(t, NewPool{Settings: PoolSettings{PoolConfig: PoolConfig{AliasAttributes: []string{"email"}}}})
	mail := map[string]string{"email": "a@example.com", "email_verified": "true"}
	if _, err := f.users.UpdateAttributes(t.Context(), f.pool, "ann", mail, Writer{}); err != nil {
		t.Fatal(err)
	}
	f.mustSignIn(ProviderGoogle, "1", map[string]string{"mail": "a@example.com", "checked": "true"})
	if got := f.find("a@example.com").Username; got != "ann" {
		t.Errorf("a@example.com is %s", got)
	}
	f.find("Google_1")
}

func TestLinkedSignIn(t *testing.T) {
	f := newFederation(t, NewPool{})
	ann := f.find("ann")
	for _, err := range []error{f.link("ann", ProviderGoogle, SubjectAttribute, "123"), f.link(ann.Sub, "corp", "mail", "a@corp.example")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	linked := f.find("ann")
	if got := linked.Attributes["identities"]; strings.Count(got, `"primary":false`) != 2 || strings.Count(got, `"userId"`) != 2 {
		t.Errorf("identities %s", got)
	}
	user, created := f.mustSignIn(ProviderGoogle, "123", map[string]string{"full": "Ann of Google"})
	if created || user.Sub != ann.Sub || user.Attributes["name"] != "Ann of Google" || user.Status != ann.Status || len(user.Groups) != 0 {
		t.Errorf("created %v: %+v", created, user)
	}
	// The first sign-in by an attribute of an assertion ties the subject.
	user, created = f.mustSignIn("corp", "subject", map[string]string{"mail": "a@corp.example"})
	if created || user.Sub != ann.Sub || !strings.Contains(user.Attributes["identities"], `"userId":"subject","providerName":"corp"`) {
		t.Errorf("created %v: %+v", created, user)
	}
	if user, created = f.mustSignIn("corp", "another", map[string]string{"mail": "a@corp.example"}); !created || user.Sub == ann.Sub {
		t.Error("the address still leads to ann")
	}

	if err := f.users.Unlink(t.Context(), f.pool, ProviderUser{ProviderGoogle, SubjectAttribute, "123"}); err != nil {
		t.Fatal(err)
	}
	if got := f.find("ann").Attributes["identities"]; strings.Contains(got, "Google") || !strings.Contains(got, "corp") {
		t.Errorf("identities after unlinking %s", got)
	}
	if user, created = f.mustSignIn(ProviderGoogle, "123", nil); !created || user.Sub == ann.Sub {
		t.Error("the unlinked identity is still ann")
	}
}

func TestLinkRefuses(t *testing.T) {
	f := newFederation(t, NewPool{})
	if _, err := f.users.Create(t.Context(), f.pool, Invitation{Username: "bob", Silent: true}); err != nil {
		t.Fatal(err)
	}
	f.mustSignIn(ProviderGoogle, "own", nil)
	if err := f.link("ann", ProviderGoogle, SubjectAttribute, "linked"); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, username, provider, attribute, value string
		code                                       fault.Code
		text                                       string
	}{
		{"a native source", "ann", "Cognito", SubjectAttribute, "bob", fault.InvalidParameter, "Invalid SourceUser: Cognito users with a username/password may not be passed in as a SourceUser, only as a DestinationUser"},
		{"a source with a profile", "ann", ProviderGoogle, SubjectAttribute, "own", fault.InvalidParameter, "Merging is not currently supported, provide a SourceUser that has not been signed up in order to link"},
		{"linked already", "ann", ProviderGoogle, SubjectAttribute, "linked", fault.InvalidParameter, "SourceUser is already linked to DestinationUser"},
		{"linked to another", "bob", ProviderGoogle, SubjectAttribute, "linked", fault.AliasExists, "SourceUser is already linked to another user"},
		{"no such user", "eve", ProviderGoogle, SubjectAttribute, "1", fault.UserNotFound, "User does not exist."},
		{"no such provider", "ann", "none", SubjectAttribute, "1", fault.ResourceNotFound, "Identity provider none does not exist."},
		{"no provider", "ann", "", SubjectAttribute, "1", fault.InvalidParameter, "Invalid SourceUser: ProviderName is required"},
		{"no attribute", "ann", ProviderGoogle, "", "1", fault.InvalidParameter, "Invalid SourceUser: ProviderAttributeName is required"},
		{"another attribute than the subject", "ann", "okta", "email", "1", fault.InvalidParameter, "Invalid SourceUser: ProviderAttributeName must be Cognito_Subject"},
		{"no value", "ann", ProviderGoogle, SubjectAttribute, "", fault.InvalidParameter, "Invalid SourceUser: ProviderAttributeValue must have 1 to 1024 bytes"},
		{"a long value", "ann", ProviderGoogle, SubjectAttribute, strings.Repeat("x", 1025), fault.InvalidParameter, "Invalid SourceUser: ProviderAttributeValue must have 1 to 1024 bytes"},
		{"a long attribute", "ann", "corp", strings.Repeat("x", 257), "1", fault.InvalidParameter, "Invalid SourceUser: ProviderAttributeName must have at most 256 bytes"},
		{"no text", "ann", ProviderGoogle, SubjectAttribute, "a\x00b", fault.InvalidParameter, "Invalid SourceUser: it must be valid UTF-8 text"},
		{"no username", "", ProviderGoogle, SubjectAttribute, "1", fault.InvalidParameter, "Invalid DestinationUser: ProviderAttributeValue must have 1 to 1024 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wantFault(t, f.link(tt.username, tt.provider, tt.attribute, tt.value), tt.code, tt.text)
		})
	}
	for n := range 4 {
		if err := f.link("ann", "okta", SubjectAttribute, fmt.Sprint(n)); err != nil {
			t.Fatal(err)
		}
	}
	wantFault(t, f.link("ann", "okta", SubjectAttribute, "more"), fault.LimitExceeded, "The maximum number of identities linked to a user, 5, is reached.")

	if _, err := f.pools.Pool(t.Context(), "a\x00b"); fault.CodeOf(err) != fault.ResourceNotFound {
		t.Errorf("a pool that no database looks for: %v", err)
	}

	// A federated user can have identities linked to it, and is named by its own.
	google := ProviderUser{Provider: ProviderGoogle, Attribute: SubjectAttribute, Value: "own"}
	if err := f.users.Link(t.Context(), f.pool, google, ProviderUser{"corp", SubjectAttribute, "c"}); err != nil {
		t.Fatal(err)
	}
	if user, created := f.mustSignIn("corp", "c", nil); created || user.Username != "Google_own" {
		t.Errorf("the identity linked to Google_own is %s", user.Username)
	}
	wantFault(t, f.users.Unlink(t.Context(), f.pool, ProviderUser{"okta", SubjectAttribute, "none"}), fault.UserNotFound, "User does not exist.")
	wantFault(t, f.users.Unlink(t.Context(), f.pool, ProviderUser{"Cognito", SubjectAttribute, "none"}), fault.UserNotFound, "User does not exist.")
	// Who lost the own identity is not let in by another way.
	if err := f.users.Unlink(t.Context(), f.pool, google); err != nil {
		t.Fatal(err)
	}
	_, _, err := f.signIn(ProviderGoogle, "own", nil)
	wantFault(t, err, fault.UsernameExists, "Already found an entry for username Google_own")
}

// Links end with the user and with the provider; a profile is found again through
// a new provider of the name.
func TestLinksEnd(t *testing.T) {
	f := newFederation(t, NewPool{})
	own, _ := f.mustSignIn(ProviderGoogle, "own", nil)
	if err := f.link("ann", ProviderGoogle, SubjectAttribute, "linked"); err != nil {
		t.Fatal(err)
	}
	if err := f.pools.DeleteProvider(t.Context(), f.pool.ID, ProviderGoogle); err != nil {
		t.Fatal(err)
	}
	f.create(ProviderGoogle)
	wantFault(t, f.link("ann", ProviderGoogle, SubjectAttribute, "own"), fault.InvalidParameter, errMerging.Message)
	if user, created := f.mustSignIn(ProviderGoogle, "own", nil); created || user.Sub != own.Sub {
		t.Error("the profile was not found again")
	}
	if user, created := f.mustSignIn(ProviderGoogle, "linked", nil); !created || user.Username != "Google_linked" {
		t.Error("the link outlived its provider")
	}
	if err := f.link("ann", "okta", SubjectAttribute, "1"); err != nil {
		t.Fatal(err)
	}
	if got := f.find("ann").Attributes["identities"]; strings.Contains(got, "Google") {
		t.Errorf("what the deleted provider left: %s", got)
	}

	for _, name := range []string{"ann", "Google_own"} {
		if err := f.users.Delete(t.Context(), f.pool, name); err != nil {
			t.Fatal(err)
		}
	}
	if user, created := f.mustSignIn(ProviderGoogle, "own", nil); !created || user.Sub == own.Sub {
		t.Error("the profile outlived its deletion")
	}
	if user, created := f.mustSignIn("okta", "1", nil); !created || user.Username != "okta_1" {
		t.Error("the link outlived its user")
	}
}

func TestUnlinkedPassword(t *testing.T) {
	f := newFederation(t, NewPool{})
	if err := f.users.SetPassword(t.Context(), f.pool, "ann", "Passw0rd!", true); err != nil {
		t.Fatal(err)
	}
	if err := f.users.Unlink(t.Context(), f.pool, ProviderUser{"Cognito", SubjectAttribute, "ann"}); err != nil {
		t.Fatal(err)
	}
	if user := f.find("ann"); user.SealedPassword != "" || user.Status != StatusConfirmed {
		t.Errorf("ann is %s, with the password %q", user.Status, user.SealedPassword)
	}
}

// Secrets of providers rest sealed, for their provider alone.
func TestProviderSecretsRestSealed(t *testing.T) {
	f := newFederation(t, NewPool{})
	if err := f.pools.db.View(t.Context(), func(tx *store.Tx) error {
		google, err := tx.IdentityProvider(f.pool.ID, ProviderGoogle)
		if err != nil {
			return err
		}
		if strings.Contains(google.Doc, "hush") {
			t.Errorf("the row has the secret: %s", google.Doc)
		}
		google.ID = "another"
		if _, err := f.pools.readProvider(google, nil); err == nil {
			t.Error("the secret opens for another provider")
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	p, err := f.pools.Provider(t.Context(), f.pool.ID, ProviderGoogle)
	if err != nil || p.Details["client_secret"] != "hush" {
		t.Errorf("client_secret = %v, %v", p, err)
	}
}

func TestProviderGoesWithPool(t *testing.T) {
	f := newFederation(t, NewPool{})
	f.mustSignIn(ProviderGoogle, "1", nil)
	if err := f.pools.Delete(t.Context(), f.pool.ID); err != nil {
		t.Fatal(err)
	}
	if err := f.pools.ClearDeleted(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := f.pools.db.View(t.Context(), func(tx *store.Tx) error {
		rows, err := tx.ListIdentityProviders(f.pool.ID, "", 10)
		if len(rows) != 0 {
			t.Errorf("%d providers are left", len(rows))
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// A provider that changes while its metadata is read is not overwritten.
func TestUpdateProviderLosesRace(t *testing.T) {
	f := newFederation(t, NewPool{})
	stale, err := f.pools.Provider(t.Context(), f.pool.ID, "okta")
	if err != nil {
		t.Fatal(err)
	}
	details := stale.Shown()
	delete(details, "jwks_uri")
	fetched := false
	f.pools.fetch = func(ctx context.Context, _ string) (int, []byte, error) {
		fetched = true
		_, err := f.pools.UpdateProvider(ctx, f.pool.ID, "okta", ProviderSettings{Identifiers: []string{"x"}})
		return 200, []byte(`{"issuer":"https://op.example.com","jwks_uri":"https://op.example.com/keys"}`), err
	}
	_, err = f.pools.UpdateProvider(t.Context(), f.pool.ID, "okta", ProviderSettings{Details: details})
	wantFault(t, err, fault.ConcurrentModification, "The identity provider is being changed by another request.")
	now, err := f.pools.Provider(t.Context(), f.pool.ID, "okta")
	if err != nil || !slices.Equal(now.Identifiers, []string{"x"}) || now.Details["jwks_uri"] == "" || !fetched {
		t.Errorf("now %+v, %v", now, err)
	}
}
