package userpool

import "testing"

// TestRelyingParty: the page that asks decides among the domains of a pool.
func TestRelyingParty(t *testing.T) {
	p := memoryPools(t, PoolsOptions{DomainSuffix: "id.example.net"})
	id := createPool(t, p, NewPool{}).ID
	check := func(origin, want string) {
		t.Helper()
		pool, err := p.Pool(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := p.RelyingParty(t.Context(), pool, origin); err != nil || got != want {
			t.Errorf("for %q: got %q, %v, want %q", origin, got, err, want)
		}
	}
	check("", "")
	check("https://app.example.com", "")
	createDomain(t, p, id, "shop", DomainSettings{})
	check("", "shop.auth.id.example.net")
	check("https://app.example.com", "shop.auth.id.example.net")
	createDomain(t, p, id, "login.example.org", ownHost)
	check("", "login.example.org")
	check("https://shop.auth.id.example.net", "shop.auth.id.example.net")
	if _, err := p.SetMFA(t.Context(), id, MFAConfig{WebAuthnConfiguration: &WebAuthnConfiguration{RelyingPartyId: "example.com"}}); err != nil {
		t.Fatal(err)
	}
	check("", "example.com")
	check("https://app.example.com", "example.com")
	check("https://shop.auth.id.example.net", "shop.auth.id.example.net")
	check("https://login.example.org", "login.example.org")
	check("https://else.example.edu", "example.com")
}
