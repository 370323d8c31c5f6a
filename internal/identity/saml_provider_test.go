package identity_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/app"
	"github.com/poolhouse/poolhouse/internal/federation/saml/samltest"
	"github.com/poolhouse/poolhouse/internal/federation/samlprovider"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/store/storetest"
)

const mismatch = "NotAuthorizedException: Logins don't match. Please include at least one valid login for this identity or identity pool."

// Two providers of one entity are two: each has users of its own, and roles for one
// are none of the other's. Its assertions count once for both.
func TestSAMLProvidersOfOneEntity(t *testing.T) {
	const branch = "arn:aws:iam::123456789012:saml-provider/branch"
	idp := newIdP()
	seed := new(app.Seed)
	if err := json.Unmarshal(fmt.Appendf(nil, `{"SamlProviders":[{"Name":"corp","Metadata":%q},{"Name":"branch","Metadata":%[1]q}]}`, idp.Metadata()), seed); err != nil {
		t.Fatal(err)
	}
	s := serverWith(t, app.Options{DatabaseURL: "sqlite::memory:", MasterKey: keys.GenerateMasterKey(), Seed: seed})
	pool := s.do("Identity", "CreateIdentityPool", `{"IdentityPoolName":"p","AllowUnauthenticatedIdentities":false,"SamlProviderARNs":[%q,%q]}`,
		corp, branch).text("IdentityPoolId")
	atCorp := asserted(idp, samltest.Login{Name: "ada", Attributes: roleOf("admin")})
	atBranch := strings.Replace(atCorp, corp, branch, 1)
	id, other := s.id(pool, atCorp), s.id(pool, atBranch)
	if id == other {
		t.Error("both providers' users are one identity")
	}
	const credentials = `{"IdentityId":%q,"Logins":%s}`
	s.refuse(mismatch, "GetCredentialsForIdentity", credentials, id, atBranch)
	s.refuse("InvalidIdentityPoolConfigurationException: Invalid identity pool configuration. Check assigned IAM roles for this pool.",
		"GetCredentialsForIdentity", credentials, other, atBranch)
	s.do("Identity", "GetCredentialsForIdentity", credentials, id, atCorp)
	s.refuse(spentLogin, "GetId", `{"IdentityPoolId":%q,"Logins":%s}`, pool, atBranch)
}

// A provider made anew for another entity has none of the identities of before; for
// the same one, whatever its key, it has them all.
func TestSAMLProviderMadeAnew(t *testing.T) {
	url, master, idp := storetest.SQLiteURL(t), keys.GenerateMasterKey(), newIdP()
	s := withSAML(t, url, master, idp, "")
	pool := s.newSAMLPool("")
	s.do("Identity", "SetIdentityPoolRoles", `{"IdentityPoolId":%q,"Roles":{"authenticated":"%suser"}}`, pool, role)
	id := s.id(pool, asserted(idp, samltest.Login{Name: "ada"}))
	db, err := store.Open(t.Context(), store.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	providers := samlprovider.New(db, samlprovider.Options{AccountID: "123456789012"})
	anew := func(next *samltest.IdP) {
		t.Helper()
		if err := providers.Delete(t.Context(), "corp"); err != nil {
			t.Fatal(err)
		}
		if _, err := providers.Put(t.Context(), samlprovider.Definition{Name: "corp", Metadata: string(next.Metadata())}); err != nil {
			t.Fatal(err)
		}
	}
	for _, tc := range []struct {
		name, entity string
		same         bool
		want         string
	}{
		{"another entity", "https://other.example.com/metadata", false, mismatch},
		{"the same entity with another key", idp.EntityID, true, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			next := samltest.New(tc.entity, time.Now())
			anew(next)
			fresh := withSAML(t, url, master, next, "") // a node that starts, whose seed changes nothing
			if got := fresh.id(pool, asserted(next, samltest.Login{Name: "ada"})); (got == id) != tc.same {
				t.Errorf("ada is %s, and was %s", got, id)
			}
			got := fresh.call("Identity", "GetCredentialsForIdentity", `{"IdentityId":%q,"Logins":%s}`, id, asserted(next, samltest.Login{Name: "ada"})).err
			if got != tc.want {
				t.Errorf("with her identity: %q, want %q", got, tc.want)
			}
			fresh.refuse("NotAuthorizedException: Invalid login token. Couldn't verify signed token.",
				"GetId", `{"IdentityPoolId":%q,"Logins":%s}`, pool, asserted(idp, samltest.Login{Name: "ada"}))
		})
	}
}
