package userpool

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store/storetest"
)

// publisher is what providers publish of themselves, at addresses.
type publisher struct {
	documents map[string]string
	asked     int
}

func (p *publisher) fetch(_ context.Context, address string) (int, []byte, error) {
	p.asked++
	document, ok := p.documents[address]
	if !ok {
		return 0, nil, errors.New("no such host")
	}
	return 200, []byte(document), nil
}

// refreshed are pools with the provider corp (SAML), whose metadata a publisher has
// at https://corp.example.com/, and a clock that is moved.
type refreshed struct {
	*publisher
	pools *Pools
	pool  *Pool
	ahead atomic.Int64
}

func newRefreshed(t *testing.T) *refreshed {
	t.Helper()
	r := &refreshed{publisher: &publisher{documents: map[string]string{"https://corp.example.com/": samlMetadata("1", "")}}}
	db := storetest.OpenAt(t, "sqlite::memory:", func() time.Time { return time.Now().Add(time.Duration(r.ahead.Load())) })
	r.pools = poolsOn(t, db, keys.GenerateMasterKey(), PoolsOptions{Fetch: r.fetch})
	r.pool = createPool(t, r.pools, NewPool{})
	r.create(t, "corp", ProviderSAML, map[string]string{"MetadataURL": "https://corp.example.com/"})
	return r
}

func (r *refreshed) create(t *testing.T, name, kind string, details map[string]string) {
	t.Helper()
	if _, err := r.pools.CreateProvider(t.Context(), r.pool.ID, name, kind, ProviderSettings{Details: details}); err != nil {
		t.Fatal(err)
	}
}

func (r *refreshed) provider(t *testing.T, name string) *Provider {
	t.Helper()
	p, err := r.pools.Provider(t.Context(), r.pool.ID, name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// after lets time pass, and has a node read what is due; it counts the providers.
func (r *refreshed) after(t *testing.T, d time.Duration) (refreshed int, failed error) {
	t.Helper()
	r.ahead.Add(int64(d))
	for {
		found, err := r.pools.RefreshProvider(t.Context())
		if err != nil {
			failed = err
		}
		if !found {
			return refreshed, failed
		}
		refreshed++
	}
}

// samlMetadata is metadata with the version in its entity id and URLs.
func samlMetadata(version, attributes string) string {
	return fmt.Sprintf(`<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="urn:%[1]s" %[2]s>
<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
<KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>%[3]s</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor>
<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://corp.example.com/sso/%[1]s"/>
</IDPSSODescriptor></EntityDescriptor>`, version, attributes, testCertificate)
}

// testCertificate is one as SAML metadata has it.
const testCertificate = `MIIBbjCCARWgAwIBAgIUAiJayr1vXMfaj08T92Aja73GFX8wCgYIKoZIzj0EAwIwDDEKMAgGA1UEAwwBdDAgFw0yNjExMjExNDM1NDRaGA8yMTI2MTAyODE0MzU0NFowDDEKMAgGA1UEAwwBdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABGkI/reUiCVdUVzg8P6L+vBtWbXD08nKeZGMflCr/+liQTCfviCmhj9kElq5AN4ucpZpb5hchf78mPfNjR+6h2+jUzBRMB0GA1UdDgQWBBSDxWzHkMLfiGAnhPsdqMsjX/j8IzAfBgNVHSMEGDAWgBSDxWzHkMLfiGAnhPsdqMsjX/j8IzAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0cAMEQCIBXBwTvD6mBUb3Z1JUGfxGpgJF+/4jk2CNBALT6v97G3AiAY1rPRBH1g+rjs1sBj37hLJO3/4a0OGXjX7sZyeCQH7g==`

// What a SAML provider publishes is read again within six hours, by one node, and
// shown and used from then on.
func TestRefreshSAML(t *testing.T) {
	r := newRefreshed(t)
	before := r.provider(t, "corp")
	r.documents["https://corp.example.com/"] = samlMetadata("2", "")
	if n, err := r.after(t, 5*time.Hour); n != 0 || err != nil {
		t.Errorf("after five hours: %d, %v", n, err)
	}
	if n, err := r.after(t, time.Hour); n != 1 || err != nil || r.asked != 2 {
		t.Errorf("after six hours: %d, %v, asked %d times", n, err, r.asked)
	}
	now := r.provider(t, "corp")
	if now.SAML.EntityID != "urn:2" || now.Details[detailSSO] != "https://corp.example.com/sso/2" || before.SAML.EntityID != "urn:1" {
		t.Errorf("now %+v of %v", now.SAML, now.Details)
	}
	if now.ModifiedAt.Sub(before.ModifiedAt) != time.Millisecond {
		t.Errorf("changed at %v, before at %v", now.ModifiedAt, before.ModifiedAt)
	}
	// Nothing new changes nothing.
	if n, err := r.after(t, 6*time.Hour); n != 1 || err != nil || !reflect.DeepEqual(r.provider(t, "corp"), now) {
		t.Errorf("nothing new: %d, %v, %+v", n, err, r.provider(t, "corp"))
	}
}

// What cannot be read leaves the old, and is tried again soon.
func TestRefreshFails(t *testing.T) {
	for name, document := range map[string]string{"no answer": "", "no metadata": "<html/>", "expired": samlMetadata("2", `validUntil="2020-01-01T00:00:00Z"`)} {
		t.Run(name, func(t *testing.T) {
			r := newRefreshed(t)
			before := r.provider(t, "corp")
			if r.documents["https://corp.example.com/"] = document; document == "" {
				delete(r.documents, "https://corp.example.com/")
			}
			n, err := r.after(t, 6*time.Hour)
			if n != 1 || err == nil || !strings.HasPrefix(err.Error(), "identity provider corp of "+r.pool.ID+": ") {
				t.Errorf("%d, %v", n, err)
			}
			if now := r.provider(t, "corp"); !reflect.DeepEqual(now, before) {
				t.Errorf("now %+v", now)
			}
			r.documents["https://corp.example.com/"] = samlMetadata("3", "")
			if n, err := r.after(t, 9*time.Minute); n != 0 || err != nil {
				t.Errorf("too soon: %d, %v", n, err)
			}
			if n, err := r.after(t, time.Minute); n != 1 || err != nil || r.provider(t, "corp").SAML.EntityID != "urn:3" {
				t.Errorf("once it answers: %d, %v", n, err)
			}
		})
	}
}

// Metadata that ends soon is read again before its end; what comes of no address is
// never read again.
func TestRefreshTimes(t *testing.T) {
	r := newRefreshed(t)
	ends := time.Now().Add(3 * time.Hour).UTC().Format(time.RFC3339)
	r.documents["https://ends.example.com/"] = samlMetadata("ends", `validUntil="`+ends+`"`)
	r.create(t, "ends", ProviderSAML, map[string]string{"MetadataURL": "https://ends.example.com/"})
	r.create(t, "file", ProviderSAML, map[string]string{"MetadataFile": samlMetadata("file", "")})
	if n, err := r.after(t, 110*time.Minute); n != 0 || err != nil {
		t.Errorf("more than an hour before the end: %d, %v", n, err)
	}
	if n, err := r.after(t, 20*time.Minute); n != 1 || err != nil {
		t.Errorf("an hour before the end: %d, %v", n, err)
	}
	if n, err := r.after(t, 24*time.Hour); n != 2 || err == nil { // ends, which has ended, and corp
		t.Errorf("a day later: %d, %v", n, err)
	}
}

// Endpoints of OpenID Connect that were discovered are discovered again.
func TestRefreshOIDC(t *testing.T) {
	r := newRefreshed(t)
	const discovery = "https://op.example.com/.well-known/openid-configuration"
	document := func(version string) string {
		return strings.ReplaceAll(`{"issuer":"https://op.example.com","authorization_endpoint":"https://op.example.com/V/a","token_endpoint":"https://op.example.com/V/t",`+
			`"userinfo_endpoint":"https://op.example.com/V/u","jwks_uri":"https://op.example.com/V/k"}`, "V", version)
	}
	r.documents[discovery] = document("1")
	r.create(t, "okta", ProviderOIDC, map[string]string{"client_id": "c", "client_secret": "hush", "authorize_scopes": "openid",
		"oidc_issuer": "https://op.example.com", "attributes_request_method": "GET"})
	r.documents[discovery] = document("2")
	if n, err := r.after(t, 6*time.Hour); n != 2 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	now := r.provider(t, "okta")
	if now.Endpoint("jwks_uri") != "https://op.example.com/2/k" || now.Details["client_secret"] != "hush" {
		t.Errorf("now %+v, %v", now.OIDC, now.Details)
	}
}

// A provider that changes while it is read again stays as it was changed.
func TestRefreshLosesRace(t *testing.T) {
	r := newRefreshed(t)
	r.pools.fetch = func(ctx context.Context, address string) (int, []byte, error) {
		r.pools.fetch = r.fetch
		_, err := r.pools.UpdateProvider(ctx, r.pool.ID, "corp", ProviderSettings{Details: map[string]string{"MetadataFile": samlMetadata("file", "")}})
		return 200, []byte(samlMetadata("2", "")), err
	}
	if n, err := r.after(t, 6*time.Hour); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if now := r.provider(t, "corp"); now.SAML.EntityID != "urn:file" || now.Details["MetadataURL"] != "" {
		t.Errorf("now %+v of %v", now.SAML, now.Details)
	}
	if n, err := r.after(t, 24*time.Hour); n != 0 || err != nil {
		t.Errorf("a file is read again: %d, %v", n, err)
	}
}
