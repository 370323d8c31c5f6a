package signin_test

import (
	"context"
	"encoding/base64"
	"errors"
	"maps"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/signin"
	"github.com/poolhouse/poolhouse/internal/srp"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/store/storetest"
	"github.com/poolhouse/poolhouse/internal/token"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

const password = "Passw0rd!23"

// world is a pool with a client and a clock that stands still.
type world struct {
	t       testing.TB
	db      *store.DB
	ring    *keys.Ring
	pools   *userpool.Pools
	users   *userpool.Users
	tokens  *token.Issuer
	machine *signin.Machine
	pool    *userpool.Pool
	client  *userpool.Client
	now     atomic.Int64 // unix milliseconds
}

type setting struct {
	pool   userpool.PoolSettings
	client userpool.ClientSettings
	secret string
}

func newWorld(t testing.TB, s setting) *world {
	t.Helper()
	w := &world{t: t}
	w.now.Store(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC).UnixMilli())
	var err error
	if w.db, err = store.Open(t.Context(), store.Options{
		URL: storetest.SQLiteURL(t), Migrate: true, Now: func() time.Time { return time.UnixMilli(w.now.Load()) },
	}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.db.Close() })
	if _, _, err := w.db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if w.ring, err = keys.Open(t.Context(), w.db, keys.GenerateMasterKey(), nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.ring.Close)
	w.pools = userpool.NewPools(w.db, w.ring, userpool.PoolsOptions{})
	w.users = userpool.NewUsers(w.db, w.ring, message.NewOutbox(w.ring, true), userpool.NoLimits())
	w.tokens = token.NewIssuer(w.db, w.ring, w.pools, func(id string) string { return "https://id.example.com/" + id })
	w.machine = signin.New(w.db, w.ring, w.users, w.tokens)

	pool, err := w.pools.Create(t.Context(), userpool.NewPool{Region: "us-east-1", Name: "test", Settings: s.pool})
	if err != nil {
		t.Fatal(err)
	}
	if s.client.ExplicitAuthFlows == nil {
		s.client.ExplicitAuthFlows = []string{"ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH",
			"ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}
	}
	client, err := w.pools.CreateClient(t.Context(), userpool.NewClient{PoolID: pool.ID, Name: "web", Secret: s.secret, Settings: s.client})
	if err != nil {
		t.Fatal(err)
	}
	if w.pool, w.client, err = w.pools.PoolClient(t.Context(), pool.ID, client.ID); err != nil {
		t.Fatal(err)
	}
	return w
}

// user makes a user with the password and a status.
func (w *world) user(name, status string) *store.User {
	w.t.Helper()
	signed, err := w.users.SignUp(w.t.Context(), userpool.SignUp{Pool: w.pool, Client: w.client, Username: name, Password: password,
		Attributes: map[string]string{"email": name + "@example.com"}})
	if err != nil {
		w.t.Fatal(err)
	}
	u, err := w.users.Modify(w.t.Context(), w.pool, signed.User.Sub, func(_ *store.Tx, u *store.User) error {
		u.Status = status
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return u
}

func (w *world) advance(d time.Duration) { w.now.Add(d.Milliseconds()) }

func (w *world) start(flow string, parameters map[string]string) (*signin.Outcome, error) {
	return w.machine.Start(context.Background(), signin.Start{Pool: w.pool, Client: w.client, Flow: flow, Parameters: parameters,
		Admin: flow == "ADMIN_USER_PASSWORD_AUTH" || flow == "ADMIN_NO_SRP_AUTH"})
}

func (w *world) respond(challenge, session string, responses map[string]string) (*signin.Outcome, error) {
	return w.machine.Respond(context.Background(), signin.Response{Pool: w.pool, Client: w.client, Challenge: challenge,
		Session: session, Responses: responses})
}

func (w *world) passwordAuth(name, password string) (*signin.Outcome, error) {
	return w.start("USER_PASSWORD_AUTH", map[string]string{"USERNAME": name, "PASSWORD": password})
}

// claim answers a PASSWORD_VERIFIER challenge as a client does.
func (w *world) claim(c *srp.Client, o *signin.Outcome, password string) map[string]string {
	w.t.Helper()
	p := o.Parameters
	block, err := base64.StdEncoding.DecodeString(p["SECRET_BLOCK"])
	if err != nil {
		w.t.Fatalf("SECRET_BLOCK is not base64: %v", err)
	}
	at := srp.FormatTimestamp(w.db.Now())
	claim, err := c.Claim(p["USER_ID_FOR_SRP"], password, p["SALT"], p["SRP_B"], block, at)
	if err != nil {
		w.t.Fatal(err)
	}
	return map[string]string{
		"USERNAME": p["USERNAME"], "PASSWORD_CLAIM_SECRET_BLOCK": p["SECRET_BLOCK"],
		"PASSWORD_CLAIM_SIGNATURE": base64.StdEncoding.EncodeToString(claim.Signature), "TIMESTAMP": at,
	}
}

func (w *world) srpAuth(name, password string) (*signin.Outcome, error) {
	w.t.Helper()
	c := srp.NewClient(w.pool.SRPName())
	o, err := w.start("USER_SRP_AUTH", map[string]string{"USERNAME": name, "SRP_A": c.A()})
	if err != nil {
		return nil, err
	}
	if o.Challenge != "PASSWORD_VERIFIER" {
		w.t.Fatalf("challenge %q, want PASSWORD_VERIFIER", o.Challenge)
	}
	return w.respond("PASSWORD_VERIFIER", o.Session, w.claim(c, o, password))
}

func wantFault(t testing.TB, err error, code fault.Code, message string) {
	t.Helper()
	if !errors.Is(err, fault.New(code, message)) {
		t.Fatalf("error %v, want %s: %s", err, code, message)
	}
}

func wantTokens(t testing.TB, o *signin.Outcome, err error) *token.Set {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if o.Tokens == nil || o.Tokens.AccessToken == "" || o.Tokens.IDToken == "" {
		t.Fatalf("no tokens but %+v", o)
	}
	return o.Tokens
}

func TestSignIn(t *testing.T) {
	w := newWorld(t, setting{})
	w.user("ada", userpool.StatusConfirmed)
	for name, signIn := range map[string]func() (*signin.Outcome, error){
		"password": func() (*signin.Outcome, error) { return w.passwordAuth("ada", password) },
		"SRP":      func() (*signin.Outcome, error) { return w.srpAuth("ada", password) },
		"administrator": func() (*signin.Outcome, error) {
			return w.start("ADMIN_USER_PASSWORD_AUTH", map[string]string{"USERNAME": "ada", "PASSWORD": password})
		},
		"administrator, old name": func() (*signin.Outcome, error) {
			return w.start("ADMIN_NO_SRP_AUTH", map[string]string{"USERNAME": "ada", "PASSWORD": password})
		},
	} {
		t.Run(name, func(t *testing.T) {
			o, err := signIn()
			set := wantTokens(t, o, err)
			access, err := w.tokens.Authenticate(t.Context(), set.AccessToken)
			if err != nil {
				t.Fatal(err)
			}
			if access.User.Username != "ada" {
				t.Errorf("the access token is %s's", access.User.Username)
			}
			o, err = w.start("REFRESH_TOKEN_AUTH", map[string]string{"REFRESH_TOKEN": set.RefreshToken})
			renewed := wantTokens(t, o, err)
			if renewed.RefreshToken != "" {
				t.Error("a refresh without rotation gave a refresh token")
			}
		})
	}
}

func TestStartRefuses(t *testing.T) {
	w := newWorld(t, setting{client: userpool.ClientSettings{ClientConfig: userpool.ClientConfig{
		ExplicitAuthFlows: []string{"ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH"}}}})
	w.user("ada", userpool.StatusConfirmed)
	w.user("una", userpool.StatusUnconfirmed)
	w.user("rex", userpool.StatusResetRequired)
	w.user("dot", userpool.StatusConfirmed)
	if _, err := w.users.Modify(t.Context(), w.pool, "dot", func(_ *store.Tx, u *store.User) error { u.Enabled = false; return nil }); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, flow string
		parameters map[string]string
		code       fault.Code
		message    string
	}{
		{"unknown flow", "FOO", nil, fault.InvalidParameter, "Initiate Auth method not supported."},
		{"administrator's flow", "ADMIN_USER_PASSWORD_AUTH_", nil, fault.InvalidParameter, "Initiate Auth method not supported."},
		{"flow not allowed", "REFRESH_TOKEN_AUTH", nil, fault.InvalidParameter, "REFRESH_TOKEN_AUTH flow not enabled for this client"},
		{"no username", "USER_PASSWORD_AUTH", map[string]string{"PASSWORD": password}, fault.InvalidParameter, "Missing required parameter USERNAME"},
		{"no password", "USER_PASSWORD_AUTH", map[string]string{"USERNAME": "ada"}, fault.InvalidParameter, "Missing required parameter PASSWORD"},
		{"no SRP_A", "USER_SRP_AUTH", map[string]string{"USERNAME": "ada"}, fault.InvalidParameter, "Missing required parameter SRP_A"},
		{"SRP_A is 0", "USER_SRP_AUTH", map[string]string{"USERNAME": "ada", "SRP_A": "00"}, fault.InvalidParameter, "Invalid SRP_A value"},
		{"SRP_A is no number", "USER_SRP_AUTH", map[string]string{"USERNAME": "ada", "SRP_A": "xyz"}, fault.InvalidParameter, "Invalid SRP_A value"},
		{"unknown user", "USER_PASSWORD_AUTH", map[string]string{"USERNAME": "nobody", "PASSWORD": password}, fault.UserNotFound, "User does not exist."},
		{"unknown user, SRP", "USER_SRP_AUTH", map[string]string{"USERNAME": "nobody", "SRP_A": "02"}, fault.UserNotFound, "User does not exist."},
		{"wrong password", "USER_PASSWORD_AUTH", map[string]string{"USERNAME": "ada", "PASSWORD": "wrong"}, fault.NotAuthorized, "Incorrect username or password."},
		{"unconfirmed", "USER_PASSWORD_AUTH", map[string]string{"USERNAME": "una", "PASSWORD": password}, fault.UserNotConfirmed, "User is not confirmed."},
		{"unconfirmed, wrong password", "USER_PASSWORD_AUTH", map[string]string{"USERNAME": "una", "PASSWORD": "wrong"}, fault.NotAuthorized, "Incorrect username or password."},
		{"reset required", "USER_PASSWORD_AUTH", map[string]string{"USERNAME": "rex", "PASSWORD": password}, fault.PasswordResetRequired, "Password reset required for the user"},
		{"disabled", "USER_PASSWORD_AUTH", map[string]string{"USERNAME": "dot", "PASSWORD": password}, fault.NotAuthorized, "User is disabled."},
		{"secret hash without secret", "USER_PASSWORD_AUTH", map[string]string{"USERNAME": "ada", "PASSWORD": password, "SECRET_HASH": "x"},
			fault.NotAuthorized, "Client " + w.client.ID + " is not configured for secret but secret was received"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := w.start(c.flow, c.parameters)
			wantFault(t, err, c.code, c.message)
		})
	}
	t.Run("administrator, flow not allowed", func(t *testing.T) {
		_, err := w.start("ADMIN_USER_PASSWORD_AUTH", map[string]string{"USERNAME": "ada", "PASSWORD": password})
		wantFault(t, err, fault.InvalidParameter, "Auth flow not enabled for this client")
	})
}

func TestPasswordVerifierRefuses(t *testing.T) {
	w := newWorld(t, setting{})
	w.user("ada", userpool.StatusConfirmed)
	w.user("eve", userpool.StatusConfirmed)
	badSession := "Invalid session for the user."
	for _, c := range []struct {
		name    string
		tamper  func(map[string]string)
		code    fault.Code
		message string
	}{
		{"no username", func(r map[string]string) { delete(r, "USERNAME") }, fault.InvalidParameter, "Missing required parameter USERNAME"},
		{"another's name", func(r map[string]string) { r["USERNAME"] = "eve" }, fault.NotAuthorized, badSession},
		{"no block", func(r map[string]string) { delete(r, "PASSWORD_CLAIM_SECRET_BLOCK") }, fault.InvalidParameter,
			"Missing required parameter PASSWORD_CLAIM_SECRET_BLOCK"},
		{"made-up block", func(r map[string]string) { r["PASSWORD_CLAIM_SECRET_BLOCK"] = "AAAA" }, fault.NotAuthorized, badSession},
		{"no signature", func(r map[string]string) { delete(r, "PASSWORD_CLAIM_SIGNATURE") }, fault.InvalidParameter,
			"Missing required parameter PASSWORD_CLAIM_SIGNATURE"},
		{"no timestamp", func(r map[string]string) { delete(r, "TIMESTAMP") }, fault.InvalidParameter, "Missing required parameter TIMESTAMP"},
		{"malformed timestamp", func(r map[string]string) { r["TIMESTAMP"] = "yesterday" }, fault.InvalidParameter,
			"TIMESTAMP format should be EEE MMM d HH:mm:ss z yyyy in english."},
		{"other timestamp", func(r map[string]string) { r["TIMESTAMP"] = "Tue Sep 25 00:09:40 UTC 2018" }, fault.NotAuthorized,
			"Incorrect username or password."},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := srp.NewClient(w.pool.SRPName())
			o, err := w.start("USER_SRP_AUTH", map[string]string{"USERNAME": "ada", "SRP_A": client.A()})
			if err != nil {
				t.Fatal(err)
			}
			responses := w.claim(client, o, password)
			c.tamper(responses)
			_, err = w.respond("PASSWORD_VERIFIER", o.Session, responses)
			wantFault(t, err, c.code, c.message)
		})
	}
	t.Run("another client", func(t *testing.T) {
		other, err := w.pools.CreateClient(t.Context(), userpool.NewClient{PoolID: w.pool.ID, Name: "other"})
		if err != nil {
			t.Fatal(err)
		}
		client := srp.NewClient(w.pool.SRPName())
		o, err := w.start("USER_SRP_AUTH", map[string]string{"USERNAME": "ada", "SRP_A": client.A()})
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.machine.Respond(t.Context(), signin.Response{Pool: w.pool, Client: other, Challenge: "PASSWORD_VERIFIER",
			Session: o.Session, Responses: w.claim(client, o, password)})
		wantFault(t, err, fault.NotAuthorized, badSession)
	})
	t.Run("administrator's response", func(t *testing.T) {
		client := srp.NewClient(w.pool.SRPName())
		o, err := w.start("USER_SRP_AUTH", map[string]string{"USERNAME": "ada", "SRP_A": client.A()})
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.machine.Respond(t.Context(), signin.Response{Pool: w.pool, Client: w.client, Admin: true,
			Challenge: "PASSWORD_VERIFIER", Session: o.Session, Responses: w.claim(client, o, password)})
		wantFault(t, err, fault.NotAuthorized, badSession)
	})
	t.Run("too late", func(t *testing.T) {
		client := srp.NewClient(w.pool.SRPName())
		o, err := w.start("USER_SRP_AUTH", map[string]string{"USERNAME": "ada", "SRP_A": client.A()})
		if err != nil {
			t.Fatal(err)
		}
		responses := w.claim(client, o, password)
		w.advance(3 * time.Minute)
		_, err = w.respond("PASSWORD_VERIFIER", o.Session, responses)
		wantFault(t, err, fault.NotAuthorized, "Invalid session for the user, session is expired.")
	})
}

func TestSessionIsSpentOnce(t *testing.T) {
	w := newWorld(t, setting{})
	w.user("ada", userpool.StatusConfirmed)
	client := srp.NewClient(w.pool.SRPName())
	o, err := w.start("USER_SRP_AUTH", map[string]string{"USERNAME": "ada", "SRP_A": client.A()})
	if err != nil {
		t.Fatal(err)
	}
	right := w.claim(client, o, password)
	wrong := maps.Clone(right)
	wrong["PASSWORD_CLAIM_SIGNATURE"] = base64.StdEncoding.EncodeToString(make([]byte, 32))
	_, err = w.respond("PASSWORD_VERIFIER", o.Session, wrong)
	wantFault(t, err, fault.NotAuthorized, "Incorrect username or password.")

	// The same answer many times at once, on two nodes.
	other := signin.New(w.db, w.ring, w.users, w.tokens)
	var given atomic.Int32
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			m := w.machine
			if i%2 == 1 {
				m = other
			}
			_, err := m.Respond(t.Context(), signin.Response{Pool: w.pool, Client: w.client, Challenge: "PASSWORD_VERIFIER",
				Session: o.Session, Responses: right})
			switch {
			case err == nil:
				given.Add(1)
			case !errors.Is(err, fault.New(fault.NotAuthorized, "Invalid session for the user, session can only be used once.")):
				t.Errorf("error %v", err)
			}
		})
	}
	wait.Wait()
	if n := given.Load(); n != 1 {
		t.Errorf("one proof gave tokens %d times", n)
	}
}

func TestLockout(t *testing.T) {
	for _, prevent := range []string{"LEGACY", "ENABLED"} {
		names := []string{"ada"}
		if prevent == "ENABLED" {
			names = append(names, "nobody")
		}
		for _, name := range names {
			t.Run(prevent+" "+name, func(t *testing.T) {
				w := newWorld(t, setting{client: userpool.ClientSettings{ClientConfig: userpool.ClientConfig{PreventUserExistenceErrors: prevent}}})
				w.user("ada", userpool.StatusConfirmed)
				other := signin.New(w.db, w.ring, w.users, w.tokens) // a second node
				guess := func() error {
					_, err := other.Start(t.Context(), signin.Start{Pool: w.pool, Client: w.client, Flow: "USER_PASSWORD_AUTH",
						Parameters: map[string]string{"USERNAME": name, "PASSWORD": "wrong"}})
					return err
				}
				for range 5 {
					wantFault(t, guess(), fault.NotAuthorized, "Incorrect username or password.")
				}
				for _, lock := range []time.Duration{1, 2, 4, 8} {
					_, err := w.passwordAuth(name, password)
					wantFault(t, err, fault.NotAuthorized, "Password attempts exceeded")
					_, err = w.srpAuth(name, password)
					wantFault(t, err, fault.NotAuthorized, "Password attempts exceeded")
					w.advance(lock*time.Second - time.Millisecond)
					wantFault(t, guess(), fault.NotAuthorized, "Password attempts exceeded")
					w.advance(time.Millisecond)
					wantFault(t, guess(), fault.NotAuthorized, "Incorrect username or password.")
				}
				w.advance(15 * time.Minute)
				for range 5 {
					wantFault(t, guess(), fault.NotAuthorized, "Incorrect username or password.")
				}
				w.advance(time.Second)
				if name == "nobody" {
					return
				}
				o, err := w.passwordAuth(name, password)
				wantTokens(t, o, err)
				for range 5 {
					wantFault(t, guess(), fault.NotAuthorized, "Incorrect username or password.")
				}
			})
		}
	}
}

func TestBurstOfGuesses(t *testing.T) {
	w := newWorld(t, setting{})
	w.user("ada", userpool.StatusConfirmed)
	var tried atomic.Int32
	var wait sync.WaitGroup
	for range 40 {
		wait.Go(func() {
			_, err := w.passwordAuth("ada", "wrong")
			if errors.Is(err, fault.New(fault.NotAuthorized, "Incorrect username or password.")) {
				tried.Add(1)
			}
		})
	}
	wait.Wait()
	if n := tried.Load(); n != 5 {
		t.Errorf("%d of 40 guesses at once were tried, want 5", n)
	}
}

// A user has several names, which do not wait for each other's turn.
func TestBurstOfGuessesByAllNames(t *testing.T) {
	w := newWorld(t, setting{pool: userpool.PoolSettings{PoolConfig: userpool.PoolConfig{
		AliasAttributes: []string{"email", "phone_number", "preferred_username"}}}})
	u := w.user("ada", userpool.StatusConfirmed)
	if _, err := w.users.UpdateAttributes(t.Context(), w.pool, "ada", map[string]string{
		"email_verified": "true", "phone_number": "+15550100", "phone_number_verified": "true", "preferred_username": "queen",
	}, userpool.Writer{}); err != nil {
		t.Fatal(err)
	}
	for range 4 {
		_, err := w.passwordAuth("ada", "wrong")
		wantFault(t, err, fault.NotAuthorized, "Incorrect username or password.")
	}
	var tried atomic.Int32
	var wait sync.WaitGroup
	for _, name := range []string{"ada", "ada@example.com", "+15550100", "queen", u.Sub} {
		for range 4 {
			wait.Go(func() {
				_, err := w.passwordAuth(name, "wrong")
				if errors.Is(err, fault.New(fault.NotAuthorized, "Incorrect username or password.")) {
					tried.Add(1)
				}
			})
		}
	}
	wait.Wait()
	if n := tried.Load(); n != 1 {
		t.Errorf("%d guesses at once were tried before the lock, want 1", n)
	}
}

func TestUnknownUserLooksLikeAnyOther(t *testing.T) {
	w := newWorld(t, setting{client: userpool.ClientSettings{ClientConfig: userpool.ClientConfig{PreventUserExistenceErrors: "ENABLED"}}})
	w.user("ada", userpool.StatusConfirmed)
	a := srp.NewClient(w.pool.SRPName()).A() // the session has it, as long as it is
	begin := func(name string) *signin.Outcome {
		o, err := w.start("USER_SRP_AUTH", map[string]string{"USERNAME": name, "SRP_A": a})
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	known, unknown, again := begin("ada"), begin("bob"), begin("bob")
	if unknown.Parameters["SALT"] != again.Parameters["SALT"] {
		t.Error("the salt of an unknown user changes from call to call")
	}
	for key, value := range known.Parameters {
		if l := len(unknown.Parameters[key]); l < len(value)-4 || l > len(value)+4 { // leading zeros of numbers
			t.Errorf("%s has %d characters for a known and %d for an unknown user", key, len(value), l)
		}
	}
	if got := unknown.Parameters["USER_ID_FOR_SRP"]; got != "bob" {
		t.Errorf("USER_ID_FOR_SRP is %q, a known user's is the username", got)
	}
	_, err := w.srpAuth("bob", password)
	wantFault(t, err, fault.NotAuthorized, "Incorrect username or password.")
	_, err = w.passwordAuth("bob", password)
	wantFault(t, err, fault.NotAuthorized, "Incorrect username or password.")
}

func TestNewPasswordRequired(t *testing.T) {
	w := newWorld(t, setting{pool: userpool.PoolSettings{Schema: []userpool.SchemaSettings{
		{Name: "given_name", AttributeDataType: "String", Required: new(true), Mutable: new(true)}}}})
	invite := func(name string) string {
		t.Helper()
		signed, err := w.users.SignUp(t.Context(), userpool.SignUp{Pool: w.pool, Client: w.client, Username: name, Password: password,
			Attributes: map[string]string{"email": "a@example.com", "given_name": "x"}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err = w.users.Modify(t.Context(), w.pool, signed.User.Sub, func(tx *store.Tx, u *store.User) error {
			u.Status = userpool.StatusForceChangePassword
			u.PasswordExpiresAt = tx.Now().Add(7 * 24 * time.Hour)
			delete(u.Attributes, "given_name")
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		o, err := w.passwordAuth(name, password)
		if err != nil {
			t.Fatal(err)
		}
		if o.Challenge != "NEW_PASSWORD_REQUIRED" || o.Parameters["requiredAttributes"] != `["userAttributes.given_name"]` {
			t.Fatalf("asked %s %v", o.Challenge, o.Parameters)
		}
		return o.Session
	}
	for _, c := range []struct {
		name      string
		responses map[string]string
		code      fault.Code
		message   string
	}{
		{"no password", map[string]string{}, fault.InvalidParameter, "Missing required parameter NEW_PASSWORD"},
		{"weak password", map[string]string{"NEW_PASSWORD": "a", "userAttributes.given_name": "Ada"}, fault.InvalidPassword,
			"Password did not conform with policy: Password not long enough"},
		{"attribute missing", map[string]string{"NEW_PASSWORD": "N3w-Passw0rd"}, fault.InvalidParameter,
			"Invalid attributes given, given_name is missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			session := invite("user " + c.name[:2])
			c.responses["USERNAME"] = "user " + c.name[:2]
			_, err := w.respond("NEW_PASSWORD_REQUIRED", session, c.responses)
			wantFault(t, err, c.code, c.message)
			c.responses["NEW_PASSWORD"], c.responses["userAttributes.given_name"] = "N3w-Passw0rd", "Ada"
			o, err := w.respond("NEW_PASSWORD_REQUIRED", session, c.responses) // the session is not lost
			wantTokens(t, o, err)
			_, err = w.respond("NEW_PASSWORD_REQUIRED", session, c.responses)
			wantFault(t, err, fault.NotAuthorized, "Invalid session for the user, session can only be used once.")
			o, err = w.passwordAuth(c.responses["USERNAME"], "N3w-Passw0rd")
			wantTokens(t, o, err)
		})
	}
	t.Run("no session", func(t *testing.T) {
		_, err := w.respond("NEW_PASSWORD_REQUIRED", "", map[string]string{"USERNAME": "x", "NEW_PASSWORD": "N3w-Passw0rd"})
		wantFault(t, err, fault.InvalidParameter, "Missing required parameter Session")
	})
	t.Run("temporary password expired", func(t *testing.T) {
		invite("late")
		w.advance(7 * 24 * time.Hour)
		_, err := w.passwordAuth("late", password)
		wantFault(t, err, fault.NotAuthorized, "Temporary password has expired and must be reset by an administrator.")
	})
}

// A pool that requires a second factor must not let anybody in with one.
