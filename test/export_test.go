package test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/srp"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/store/storetest"
)

const passphrase = "seven wet otters recite"

// exportedUsers is how many users the pool of TestExport has, and signers how
// many of them sign in, spread over all.
const (
	exportedUsers = 100_000
	signers       = 10
)

// TestExport moves a pool of many users from SQLite to fresh deployments: its users sign in there, and the tokens of before go on working.
func TestExport(t *testing.T) {
	source := install(t, storetest.SQLiteURL(t))
	s := source.startServe()
	c := s.newPool(source)
	ctx := t.Context()
	secretive := must[*cognito.CreateUserPoolClientOutput](t)(c.CreateUserPoolClient(ctx, &cognito.CreateUserPoolClientInput{
		UserPoolId: &c.pool, ClientName: aws.String("secretive"), GenerateSecret: true,
	})).UserPoolClient
	must[*cognito.CreateGroupOutput](t)(c.CreateGroup(ctx, &cognito.CreateGroupInput{UserPoolId: &c.pool, GroupName: aws.String("staff"), Precedence: aws.Int32(3)}))
	for _, name := range []string{"ada", "bob", "eve"} {
		c.createUser(name, password)
	}
	must[*cognito.AdminAddUserToGroupOutput](t)(c.AdminAddUserToGroup(ctx, &cognito.AdminAddUserToGroupInput{
		UserPoolId: &c.pool, Username: aws.String("ada"), GroupName: aws.String("staff"),
	}))
	kept, signedOut, revoked := c.signIn("ada", password), c.signIn("bob", password), c.signIn("ada", password)
	must[*cognito.AdminUserGlobalSignOutOutput](t)(c.AdminUserGlobalSignOut(ctx, &cognito.AdminUserGlobalSignOutInput{UserPoolId: &c.pool, Username: aws.String("bob")}))
	must[*cognito.RevokeTokenOutput](t)(c.RevokeToken(ctx, &cognito.RevokeTokenInput{ClientId: &c.id, Token: revoked.RefreshToken}))
	source.fillPool(c.pool, exportedUsers)

	dir := t.TempDir()
	file, words := filepath.Join(dir, "pool.age"), filepath.Join(dir, "passphrase")
	writeFile(t, words, passphrase+"\n")
	exporting := time.Now()
	command(t, append([]string{"export", "--pool", c.pool, "--passphrase-file", words, "--signing-keys", "-o", file}, source.flags()...)...)
	t.Logf("exported in %v beside the server", time.Since(exporting).Round(time.Millisecond))
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v, %v", info.Mode(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("files stay behind: %v", left)
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}

	target := install(t, storetest.PostgresURL(t))
	restoring := target.startServe() // a server may run, and sees the pool when it is there
	importing := time.Now()
	out := command(t, append([]string{"import", file, "--passphrase-file", words}, target.flags()...)...)
	t.Logf("imported into PostgreSQL in %v", time.Since(importing).Round(time.Millisecond))
	if !strings.Contains(out, fmt.Sprint(exportedUsers+3)) {
		t.Errorf("import says %q", out)
	}
	there := c.at(restoring, target)

	for i := range signers {
		name := filledName(i * exportedUsers / signers)
		answer := there.startSRP(name, password)
		out, err := answer.sendTo(there)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		restoring.verifyToken(c.pool, *tokens(t, out.AuthenticationResult).AccessToken)
	}
	if _, err := there.tryPassword(filledName(1), newPassword); err == nil {
		t.Error("a wrong password signs in")
	}
	restoring.verifyToken(c.pool, *kept.AccessToken)
	restoring.verifyToken(c.pool, *kept.IdToken)
	if name := must[string](t)(there.whoAmI(kept.AccessToken)); name != "ada" {
		t.Errorf("the token is of %s", name)
	}
	renewed := must[*cognito.InitiateAuthOutput](t)(there.refresh(kept.RefreshToken))
	claims := restoring.verifyToken(c.pool, *renewed.AuthenticationResult.AccessToken)
	if fmt.Sprint(claims["cognito:groups"]) != "[staff]" {
		t.Error("the user is in the group no more")
	}
	for what, result := range map[string]*types.AuthenticationResultType{"signed out": signedOut, "revoked": revoked} {
		if _, err := there.refresh(result.RefreshToken); err == nil {
			t.Errorf("a refresh token that was %s works again", what)
		}
		if _, err := there.whoAmI(result.AccessToken); err == nil {
			t.Errorf("an access token that was %s works again", what)
		}
	}
	described := must[*cognito.DescribeUserPoolClientOutput](t)(there.DescribeUserPoolClient(ctx, &cognito.DescribeUserPoolClientInput{
		UserPoolId: &c.pool, ClientId: secretive.ClientId,
	})).UserPoolClient
	if aws.ToString(described.ClientSecret) != *secretive.ClientSecret {
		t.Error("the client's secret is another")
	}
	there.createUser("new", password)
	there.signIn("new", password)
	if _, err := there.refresh(there.signIn("eve", password).RefreshToken); err != nil {
		t.Errorf("a refresh token of now: %v", err)
	}
	embedded := install(t, storetest.SQLiteURL(t))
	importing = time.Now()
	command(t, append([]string{"import", file, "--passphrase-file", words}, embedded.flags()...)...)
	t.Logf("imported into SQLite in %v", time.Since(importing).Round(time.Millisecond))
	if _, err := c.at(embedded.startServe(), embedded).refresh(kept.RefreshToken); err != nil {
		t.Errorf("a refresh token of before, on SQLite: %v", err)
	}

	if _, err := tryCommand(t, append([]string{"import", file, "--passphrase-file", words}, target.flags()...)...); err == nil || !strings.Contains(err.Error(), "--replace") {
		t.Errorf("a second import: %v", err)
	}
}

// TestImportCommandRefuses is what an operator sees of files that do not fit.
func TestImportCommandRefuses(t *testing.T) {
	source, target := install(t, storetest.PostgresURL(t)), install(t, storetest.SQLiteURL(t))
	s := source.startServe()
	c := s.newPool(source)
	c.createUser("ada", password)
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	writeFile(t, path("passphrase"), passphrase)
	writeFile(t, path("another"), "another passphrase")
	writeFile(t, path("short"), "short")
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, path("identity"), "# as age-keygen writes it\n"+identity.String()+"\n")
	recipient := identity.Recipient().String()
	export := func(args ...string) (string, error) {
		return tryCommand(t, append(append([]string{"export", "--pool", c.pool}, args...), source.flags()...)...)
	}
	restore := func(args ...string) (string, error) {
		return tryCommand(t, append(append([]string{"import"}, args...), target.flags()...)...)
	}
	must[string](t)(export("--passphrase-file", path("passphrase"), "-o", path("whole")))
	whole, err := os.ReadFile(path("whole"))
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, path("truncated"), string(whole[:len(whole)-500]))
	writeFile(t, path("altered"), string(whole[:len(whole)-1])+"x")

	for name, try := range map[string]struct {
		do   func(...string) (string, error)
		args []string
		want string
	}{
		"export for nobody":            {export, []string{"-o", path("x")}, "--recipient or --passphrase-file"},
		"export for both":              {export, []string{"-o", path("x"), "--recipient", recipient, "--passphrase-file", path("passphrase")}, "not both"},
		"export for no key":            {export, []string{"-o", path("x"), "--recipient", "age1x"}, "--recipient"},
		"export with a short one":      {export, []string{"-o", path("x"), "--passphrase-file", path("short")}, "12 characters"},
		"export over a file":           {export, []string{"-o", path("whole"), "--recipient", recipient}, "exists"},
		"export of no pool":            {export, []string{"--pool", "us-east-1_Nobody", "-o", path("x"), "--recipient", recipient}, "not found"},
		"import without a key":         {restore, []string{path("whole")}, "--identity or --passphrase-file"},
		"import with the wrong one":    {restore, []string{path("whole"), "--passphrase-file", path("another")}, "another key or passphrase"},
		"import with a key":            {restore, []string{path("whole"), "--identity", path("identity")}, "another key or passphrase"},
		"import of a truncated file":   {restore, []string{path("truncated"), "--passphrase-file", path("passphrase")}, "truncated or was altered"},
		"import of an altered file":    {restore, []string{path("altered"), "--passphrase-file", path("passphrase")}, "truncated or was altered"},
		"import of another file":       {restore, []string{path("identity"), "--passphrase-file", path("passphrase")}, "not an export"},
		"replacement from a pipe":      {restore, []string{"-", "--replace", "--passphrase-file", path("passphrase")}, ""},
		"replacement by a broken file": {restore, []string{path("truncated"), "--replace", "--passphrase-file", path("passphrase")}, "truncated or was altered"},
	} {
		if _, err := try.do(try.args...); err == nil || !strings.Contains(err.Error(), try.want) {
			t.Errorf("%s: %v, want %q", name, err, try.want)
		}
	}
	if _, err := os.Stat(path("x")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a refused export leaves a file: %v", err)
	}

	must[string](t)(restore(path("whole"), "--passphrase-file", path("passphrase")))
	there := c.at(target.startServe(), target)
	there.signIn("ada", password)
	// A key in place of the passphrase, standard output and input, and a replacement.
	c.createUser("bob", password)
	piped := must[string](t)(export("--recipient", recipient, "-o", "-"))
	writeFile(t, path("piped"), piped)
	must[string](t)(restore(path("piped"), "--replace", "--identity", path("identity")))
	eventually(t, soon, "the replaced pool is there", func() bool {
		_, err := there.tryPassword("bob", password)
		return err == nil
	})
}

// fillPool adds so many users to a pool, past the API: all have the same
// password, whose verifier is made for each signer and for one of the others.
func (in *installation) fillPool(pool string, users int) {
	t := in.t
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{URL: in.database})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	master, err := keys.ParseMasterKey(in.masterKey)
	if err != nil {
		t.Fatal(err)
	}
	ring, err := keys.Open(t.Context(), db, master, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ring.Close()
	_, poolName, _ := strings.Cut(pool, "_")
	var verifier []byte
	const batch = 2000
	var wg sync.WaitGroup
	var failed error
	for first := 0; first < users; first += batch {
		rows := make([]*store.User, 0, batch)
		for i := first; i < min(first+batch, users); i++ {
			name := filledName(i)
			if i%(users/signers) == 0 {
				if verifier, err = srp.NewVerifier(poolName, name, password).MarshalBinary(); err != nil {
					t.Fatal(err)
				}
			}
			sub := filledSub(i, users)
			sealed, err := ring.Seal("password", verifier, pool, sub)
			if err != nil {
				t.Fatal(err)
			}
			rows = append(rows, &store.User{
				PoolID: pool, Sub: sub, Username: name, Status: "CONFIRMED", Enabled: true, SealedPassword: sealed,
				Attributes: map[string]string{"email": name + "@example.com"}, CreatedAt: db.Now(), ModifiedAt: db.Now(),
				Names: []store.UserName{{Name: name}}, Index: []store.AttributeIndex{{Name: "email", Value: name + "@example.com"}},
			})
		}
		wg.Wait() // the rows of the batch before are written while these were made
		wg.Go(func() {
			failed = errors.Join(failed, db.Update(t.Context(), func(tx *store.Tx) error {
				for _, u := range rows {
					if err := tx.InsertUser(u); err != nil {
						return err
					}
				}
				return nil
			}))
		})
	}
	wg.Wait()
	if failed != nil {
		t.Fatal(failed)
	}
}

func filledName(i int) string { return fmt.Sprintf("user-%07d", i) }

// filledSub is a UUID; they ascend with the numbers, which fills indexes fastest.
func filledSub(i, users int) string {
	h := sha256.Sum256([]byte(filledName(i)))
	x := hex.EncodeToString(h[:])
	return fmt.Sprintf("%08x-%s-4%s-8%s-%s", uint64(i)<<32/uint64(users), x[:4], x[4:7], x[7:10], x[10:22])
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
