package idp

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/identity"
	"github.com/poolhouse/poolhouse/internal/idpapi"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

var update = flag.Bool("update", false, "write the files that tests compare with")

// Every operation of the API model is listed once.
func TestOperationsAreComplete(t *testing.T) {
	count := map[string]int{}
	for _, op := range new(Service).Operations() {
		count[op.Name()]++
	}
	for _, op := range idpapi.AllOperations() {
		if count[op.Name] != 1 {
			t.Errorf("%s is listed %d times, want once", op.Name, count[op.Name])
		}
		delete(count, op.Name)
	}
	for name := range count {
		t.Errorf("%s is no operation of the API", name)
	}
}

// A call that names only a client counts against the client's pool, once the
// node knows the client.
func TestPoolOf(t *testing.T) {
	a := newTestAPI(t, userpool.PoolsOptions{})
	pool := a.do(t, "CreateUserPool", `{"PoolName":"p"}`).text("UserPool.Id")
	client := a.do(t, "CreateUserPoolClient", fill(`{"UserPoolId":"POOL","ClientName":"c"}`, pool, "")).text("UserPoolClient.ClientId")
	if got := a.service.PoolOf(t.Context(), &idpapi.SignUpInput{ClientId: client}); got != "" {
		t.Errorf("a client that was never looked up has the pool %q", got)
	}
	a.do(t, "DescribeUserPoolClient", fill(`{"UserPoolId":"POOL","ClientId":"CLIENT"}`, pool, client))
	for _, tc := range []struct {
		name  string
		input any
		want  string
	}{
		{"known client", &idpapi.SignUpInput{ClientId: client}, pool},
		{"unknown client", &idpapi.SignUpInput{ClientId: "none"}, ""},
		{"no client", &idpapi.GetUserInput{AccessToken: "token"}, ""},
		{"nothing", nil, ""},
	} {
		if got := a.service.PoolOf(t.Context(), tc.input); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}

const compatibilityFile = "../../docs/compatibility.md"

// The compatibility table tells what the list tells.
func TestCompatibilityTable(t *testing.T) {
	want := compatibility()
	if *update {
		if err := os.WriteFile(compatibilityFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(compatibilityFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("docs/compatibility.md is not current: go test ./internal/idp -run TestCompatibilityTable -update")
	}
}

func compatibility() []byte {
	var b bytes.Buffer
	b.WriteString("# Compatibility\n\nWhich operations of the two Cognito APIs this version serves. An operation that is not\n" +
		"served answers `UnknownOperationException` (HTTP 400).\n")
	section := func(title string, names []string, built map[string]bool) {
		served := 0
		for _, name := range names {
			if built[name] {
				served++
			}
		}
		fmt.Fprintf(&b, "\n## %s\n\n%d of %d operations are served.\n\n| operation | served |\n|---|---|\n", title, served, len(names))
		slices.SortFunc(names, strings.Compare)
		for _, name := range names {
			mark := "no"
			if built[name] {
				mark = "yes"
			}
			fmt.Fprintf(&b, "| %s | %s |\n", name, mark)
		}
	}
	built := map[string]bool{}
	var names []string
	for _, op := range new(Service).Operations() {
		names = append(names, op.Name())
		built[op.Name()] = op.Built()
	}
	section("User pools (cognito-idp)", names, built)
	names = nil
	built = map[string]bool{}
	for _, op := range new(identity.Service).Operations() {
		names = append(names, op.Name())
		built[op.Name()] = op.Built()
	}
	section("Identity pools (cognito-identity)", names, built)
	return b.Bytes()
}
