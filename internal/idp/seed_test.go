package idp

import (
	"testing"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/idpapi"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

func TestSeedUser(t *testing.T) {
	a := newTestAPI(t, userpool.PoolsOptions{})
	pool := a.do(t, "CreateUserPool", `{"PoolName": "p"}`).text("UserPool.Id")
	seed := func(password string) error {
		return a.service.SeedUser(t.Context(), &idpapi.AdminCreateUserInput{UserPoolId: pool, Username: "ada"}, password)
	}
	get := `{"UserPoolId": "` + pool + `", "Username": "ada"}`

	if err := seed("short"); fault.CodeOf(err) != fault.InvalidPassword {
		t.Fatalf("a password against the policy: %v, want InvalidPasswordException", err)
	}
	a.refuse(t, "AdminGetUser", get, "UserNotFoundException: User does not exist.")

	for range 2 { // the second start finds the user
		if err := seed("Passw0rd!"); err != nil {
			t.Fatal(err)
		}
	}
	if got := a.do(t, "AdminGetUser", get).text("UserStatus"); got != "CONFIRMED" {
		t.Errorf("a seeded user is %s, want CONFIRMED", got)
	}
}

func TestSeedUserPoolDomain(t *testing.T) {
	a := newTestAPI(t, userpool.PoolsOptions{})
	pool := a.do(t, "CreateUserPool", `{"PoolName": "p"}`).text("UserPool.Id")
	other := a.do(t, "CreateUserPool", `{"PoolName": "q"}`).text("UserPool.Id")
	for range 2 { // the second start finds it
		if err := a.service.SeedUserPoolDomain(t.Context(), pool, "seeded"); err != nil {
			t.Fatal(err)
		}
	}
	if got := a.do(t, "DescribeUserPool", `{"UserPoolId": "`+pool+`"}`).text("UserPool.Domain"); got != "seeded" {
		t.Errorf("the domain is %q", got)
	}
	if err := a.service.SeedUserPoolDomain(t.Context(), other, "seeded"); fault.CodeOf(err) != fault.InvalidParameter {
		t.Errorf("the domain of another pool: %v, want InvalidParameterException", err)
	}
}
