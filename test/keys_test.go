package test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// TestRotateMasterKey gives a database a new master key while a server runs on
// it: that one goes on, the next start wants the new key.
func TestRotateMasterKey(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, database string) {
		in := install(t, database)
		running := in.startServe()
		c := running.newPool(in)
		c.createUser("ada", password)
		signedIn := c.signIn("ada", password)

		newKey := filepath.Join(t.TempDir(), "new.key")
		if err := os.WriteFile(newKey, []byte(command(t, "key", "make")), 0o600); err != nil {
			t.Fatal(err)
		}
		command(t, append([]string{"key", "rotate-master", "--new-master-key-file", newKey}, in.flags()...)...)
		c.signIn("ada", password)

		old := append([]string{"serve", "--public-url", publicURL, "--addr", "127.0.0.1:0"}, in.flags()...)
		if _, err := tryCommand(t, old...); err == nil || !strings.Contains(err.Error(), "master key") {
			t.Errorf("a start with the old key: %v", err)
		}
		in.keyFile = newKey
		next := c.at(in.startServe(), in)
		must[string](t)(next.whoAmI(signedIn.AccessToken))
		next.signIn("ada", password)
	})
}

// TestRotatePoolKeys gives a pool new signing keys: new tokens are signed with
// them, on a running server, and the tokens of before still hold.
func TestRotatePoolKeys(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, database string) {
		in := install(t, database)
		s := in.startServe()
		c := s.newPool(in)
		c.createUser("ada", password)
		before := c.signIn("ada", password)
		oldHeader, _, _ := strings.Cut(*before.AccessToken, ".")

		command(t, append([]string{"key", "rotate-pool", c.pool, "--activate-after", "0s"}, in.flags()...)...)
		var header, latest string
		eventually(t, soon, "tokens are signed with the new key", func() bool {
			latest = *c.signIn("ada", password).AccessToken
			header, _, _ = strings.Cut(latest, ".")
			return header != oldHeader
		})
		s.verifyToken(c.pool, latest)
		s.verifyToken(c.pool, *before.AccessToken)
		must[string](t)(c.whoAmI(before.AccessToken))
	})
}

// TestRotateIdentityKeys does the same for the keys that identity pools share.
func TestRotateIdentityKeys(t *testing.T) {
	w := newIdentityWorld(t)
	rotate := append([]string{"key", "rotate-identity", "--activate-after", "0s"}, w.in.flags()...)
	if _, err := tryCommand(t, rotate...); err == nil || !strings.Contains(err.Error(), "identity pools: there are no signing keys yet") {
		t.Errorf("before the first token: %v", err)
	}
	logins := w.signIn("ada")
	id, _ := w.credentials(logins)
	token := func() string {
		t.Helper()
		return *must[*cognitoidentity.GetOpenIdTokenOutput](t)(w.identity.GetOpenIdToken(t.Context(),
			&cognitoidentity.GetOpenIdTokenInput{IdentityId: &id, Logins: logins})).Token
	}
	before := token()
	oldHeader, _, _ := strings.Cut(before, ".")
	command(t, rotate...)
	var latest string
	eventually(t, soon, "tokens are signed with the new key", func() bool {
		latest = token()
		header, _, _ := strings.Cut(latest, ".")
		return header != oldHeader
	})
	anybody := sts.New(sts.Options{BaseEndpoint: &w.server.URL, Region: region, RetryMaxAttempts: 1, HTTPClient: wholeBodies{}})
	for _, proof := range []string{before, latest} {
		out := must[*sts.AssumeRoleWithWebIdentityOutput](t)(anybody.AssumeRoleWithWebIdentity(t.Context(), &sts.AssumeRoleWithWebIdentityInput{
			RoleArn: aws.String("arn:aws:iam::123456789012:role/Member"), RoleSessionName: aws.String("ada"), WebIdentityToken: &proof,
		}))
		if *out.SubjectFromWebIdentityToken != id {
			t.Errorf("the token is of %s, want %s", *out.SubjectFromWebIdentityToken, id)
		}
	}
}

// TestDataDirectoryHoldsAll sets a server up as the README tells: the database
// and the master key are in one directory, and nothing else is asked for.
func TestDataDirectoryHoldsAll(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "master.key"), []byte(command(t, "key", "make")), 0o600); err != nil {
		t.Fatal(err)
	}
	out := command(t, "access-key", "create", "admin", "--data", dir)
	found := accessKeyPattern.FindStringSubmatch(out)
	if found == nil {
		t.Fatalf("access-key create printed %q", out)
	}
	s := start(t, "serve", "--data", dir, "--public-url", publicURL)
	c := s.newPool(&installation{keyID: found[1], secret: found[2]})
	c.createUser("ada", password)
	c.signIn("ada", password)
	info, err := os.Stat(filepath.Join(dir, "poolhouse.db"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		t.Errorf("others may read the database: %v", info.Mode())
	}
}

// TestSeed starts a server with pools, clients and users from a file, and again
// with what they have become.
func TestSeed(t *testing.T) {
	seed := filepath.Join(t.TempDir(), "seed.json")
	if err := os.WriteFile(seed, []byte(`{"UserPools": [{
		"Id": "us-east-1_Example01", "PoolName": "example", "MfaConfiguration": "OFF",
		"Clients": [{"ClientId": "exampleclient0000000000000", "ClientName": "web",
			"ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]}],
		"Users": [{"Username": "ada", "Password": "`+password+`", "Attributes": {"email": "ada@example.com"}}]
	}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for range 2 {
		s := startDev(t, "--data", dir, "--seed", seed)
		c := s.demo()
		c.pool, c.id = "us-east-1_Example01", "exampleclient0000000000000"
		tokens(t, must[*cognito.RespondToAuthChallengeOutput](t)(c.startSRP("ada", password).sendTo(c)).AuthenticationResult)
		if claims := s.verifyToken(c.pool, *c.signIn("ada", password).IdToken); claims["email"] != "ada@example.com" {
			t.Errorf("claims %v", claims)
		}
		if err := s.stop(); err != nil {
			t.Fatal(err)
		}
	}
}
