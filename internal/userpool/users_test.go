package userpool

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/store/storetest"
)

// directory is a database of users with a clock that tests move.
type directory struct {
	t      testing.TB
	db     *store.DB
	ring   *keys.Ring
	outbox *message.Outbox
	users  *Users
	offset *atomic.Int64
}

func newDirectory(t testing.TB, limits Limits) *directory {
	return openDirectory(t, "sqlite::memory:", limits)
}

func openDirectory(t testing.TB, url string, limits Limits) *directory {
	t.Helper()
	var offset atomic.Int64
	db, err := store.Open(t.Context(), store.Options{URL: url, Migrate: true, Now: func() time.Time {
		return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).Add(time.Duration(offset.Load()))
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if _, _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	ring, err := keys.Open(t.Context(), db, keys.GenerateMasterKey(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ring.Close)
	outbox := message.NewOutbox(ring, true)
	users := NewUsers(db, ring, outbox, limits)
	return &directory{t: t, db: db, ring: ring, outbox: outbox, users: users, offset: &offset}
}

func (d *directory) advance(by time.Duration) { d.offset.Add(int64(by)) }

// testPool is a pool with the default policy; each change is made to it.
func testPool(t testing.TB, changes ...func(*Pool)) *Pool {
	t.Helper()
	p := &Pool{ID: "us-east-1_Test00001", Name: "test"}
	p.SchemaAttributes = standardSchema()
	p.Policies.PasswordPolicy = PasswordPolicy{
		MinimumLength: 8, RequireUppercase: true, RequireLowercase: true, RequireNumbers: true, RequireSymbols: true,
		TemporaryPasswordValidityDays: 7,
	}
	for _, change := range changes {
		change(p)
	}
	return p
}

func autoVerified(attributes ...string) func(*Pool) {
	return func(p *Pool) { p.AutoVerifiedAttributes = attributes }
}

func aliases(attributes ...string) func(*Pool) {
	return func(p *Pool) { p.AliasAttributes = attributes }
}

func usernameAttributes(attributes ...string) func(*Pool) {
	return func(p *Pool) { p.UsernameAttributes = attributes }
}

func ignoringCase(p *Pool) { p.UsernameConfiguration = &UsernameConfiguration{} }

func historyOf(n int) func(*Pool) {
	return func(p *Pool) { p.Policies.PasswordPolicy.PasswordHistorySize = &n }
}

func required(name string) func(*Pool) {
	return func(p *Pool) { p.SchemaAttribute(name).Required = true }
}

func custom(attributes ...SchemaAttribute) func(*Pool) {
	return func(p *Pool) { p.SchemaAttributes = append(p.SchemaAttributes, attributes...) }
}

// revealing and concealing are clients with and without
// PreventUserExistenceErrors.
var (
	revealing  = &Client{ID: "1example23456789"}
	concealing = &Client{ID: "1example23456789", ClientConfig: ClientConfig{PreventUserExistenceErrors: "ENABLED"}}
)

const goodPassword = "Passw0rd!"

func (d *directory) signUp(pool *Pool, name string, attrs map[string]string) *SignedUp {
	d.t.Helper()
	done, err := d.users.SignUp(d.t.Context(), SignUp{
		Pool: pool, Client: revealing, Username: name, Password: goodPassword, Attributes: attrs})
	if err != nil {
		d.t.Fatalf("sign up %s: %v", name, err)
	}
	return done
}

// confirmed signs up a user and confirms it with the code that was sent.
func (d *directory) confirmed(pool *Pool, name string, attrs map[string]string) *store.User {
	d.t.Helper()
	done := d.signUp(pool, name, attrs)
	if _, err := d.users.ConfirmSignUp(d.t.Context(), pool, revealing, done.User.Sub, d.lastCode(), false); err != nil {
		d.t.Fatalf("confirm %s: %v", name, err)
	}
	return d.find(pool, done.User.Sub)
}

func (d *directory) find(pool *Pool, name string) *store.User {
	d.t.Helper()
	user, err := d.users.Find(d.t.Context(), pool, name)
	if err != nil {
		d.t.Fatalf("find %s: %v", name, err)
	}
	return user
}

// set changes a user behind the operations' back.
func (d *directory) set(pool *Pool, name string, change func(*store.User)) *store.User {
	d.t.Helper()
	user, err := d.users.Modify(d.t.Context(), pool, name, func(_ *store.Tx, u *store.User) error {
		change(u)
		return nil
	})
	if err != nil {
		d.t.Fatalf("modify %s: %v", name, err)
	}
	return user
}

func (d *directory) messages() []message.Message {
	d.t.Helper()
	var list []message.Message
	if err := d.db.View(d.t.Context(), func(tx *store.Tx) error {
		var err error
		list, err = d.outbox.List(tx, store.MessageFilter{}, 100)
		return err
	}); err != nil {
		d.t.Fatal(err)
	}
	return list
}

func (d *directory) lastCode() string {
	d.t.Helper()
	list := d.messages()
	if len(list) == 0 {
		d.t.Fatal("no message was sent")
	}
	return list[0].Code
}

// wrong is a code of six digits that is not the given one.
func wrong(code string) string {
	if code == "123456" {
		return "654321"
	}
	return "123456"
}

func checkFault(t testing.TB, err error, code fault.Code, text string) {
	t.Helper()
	var f *fault.Error
	switch {
	case code == "" && err == nil:
	case !errors.As(err, &f):
		t.Errorf("got error %v, want %s", err, code)
	case f.Code != code || f.Message != text:
		t.Errorf("got %s %q\nwant %s %q", f.Code, f.Message, code, text)
	}
}

func verified(attribute string) func(*store.User) {
	return func(u *store.User) { u.Attributes[attribute+"_verified"] = "true" }
}

func TestUsersAreFoundByTheNamesOfTheirPool(t *testing.T) {
	attrs := map[string]string{"email": "Ann@Example.com", "phone_number": "+15550001111"}
	for _, tt := range []struct {
		name     string
		pool     *Pool
		username string
		found    []string
		unknown  []string
	}{
		{"username", testPool(t), "Ann", []string{"Ann"}, []string{"ann", "Ann@Example.com", "+15550001111"}},
		{"username, case ignored", testPool(t, ignoringCase), "Ann", []string{"Ann", "ANN"}, []string{"Ann@Example.com"}},
		{"alias", testPool(t, aliases("email")), "Ann", []string{"Ann", "Ann@Example.com"},
			[]string{"ann@example.com", "+15550001111"}},
		{"alias, case ignored", testPool(t, aliases("email"), ignoringCase), "Ann", []string{"aNN", "ann@EXAMPLE.com"}, nil},
		{"email", testPool(t, usernameAttributes("email")), "Ann@Example.com", []string{"Ann@Example.com"},
			[]string{"ann@example.com", "+15550001111"}},
		{"email or phone", testPool(t, usernameAttributes("email", "phone_number")), "+15550001111",
			[]string{"+15550001111", "Ann@Example.com"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDirectory(t, NoLimits())
			user := d.signUp(tt.pool, tt.username, attrs).User
			if _, err := d.users.Find(t.Context(), tt.pool, "Ann@Example.com"); len(tt.pool.AliasAttributes) > 0 && err == nil {
				t.Error("an unverified alias finds the user")
			}
			d.set(tt.pool, user.Sub, verified("email"))
			for _, name := range append(tt.found, user.Sub) {
				if got := d.find(tt.pool, name); got.Sub != user.Sub {
					t.Errorf("%s finds %s, want %s", name, got.Sub, user.Sub)
				}
			}
			for _, name := range tt.unknown {
				_, err := d.users.Find(t.Context(), tt.pool, name)
				checkFault(t, err, fault.UserNotFound, "User does not exist.")
			}
		})
	}
}

func TestNamesCannotHideAnotherUser(t *testing.T) {
	d := newDirectory(t, NoLimits())
	pool := testPool(t, aliases("preferred_username"), ignoringCase)
	ann := d.signUp(pool, "ann", nil).User
	d.signUp(pool, "bob", nil)
	d.set(pool, "ann", func(u *store.User) { u.Attributes["preferred_username"] = "queen" })

	for _, name := range []string{"ANN", ann.Sub, strings.ToUpper(ann.Sub), "Queen"} {
		_, err := d.users.SignUp(t.Context(), SignUp{Pool: pool, Client: revealing, Username: name, Password: goodPassword})
		checkFault(t, err, fault.UsernameExists, "User already exists")
	}
	for _, name := range []string{"ann", ann.Sub, "queen"} {
		_, err := d.users.Modify(t.Context(), pool, "bob", func(_ *store.Tx, u *store.User) error {
			u.Attributes["preferred_username"] = name
			return nil
		})
		checkFault(t, err, fault.AliasExists, "An account with the given preferred_username already exists.")
	}
	d.set(pool, "ann", func(u *store.User) { u.Attributes["preferred_username"] = "ann" }) // her own
}

func TestPreferredUsernameThatIsNoName(t *testing.T) {
	d := newDirectory(t, NoLimits())
	pool := testPool(t, aliases("email", "phone_number", "preferred_username"))
	ann := d.signUp(pool, "ann", map[string]string{"email": "ann@example.com"}).User // not verified yet
	for _, name := range []string{"ann@example.com", "+15550100", strings.Repeat("\u7530", 513)} {
		d.signUp(pool, "eve"+name[:3], nil)
		d.set(pool, "eve"+name[:3], func(u *store.User) { u.Attributes["preferred_username"] = name })
		_, err := d.users.Find(t.Context(), pool, name)
		checkFault(t, err, fault.UserNotFound, "User does not exist.")
	}
	d.set(pool, "ann", func(u *store.User) { u.Attributes["email_verified"] = "true" })
	if got := d.find(pool, "ann@example.com"); got.Sub != ann.Sub {
		t.Errorf("the address finds %s", got.Username)
	}
}

func TestModify(t *testing.T) {
	d := newDirectory(t, NoLimits())
	pool := testPool(t)
	before := d.signUp(pool, "ann", map[string]string{"name": "Ann"}).User
	d.advance(time.Minute)
	after := d.set(pool, "ann", func(u *store.User) {
		pool.SetAttributes(u, map[string]string{"name": "", "email": "a@b.c", "email_verified": "True"})
	})
	if want := map[string]string{"email": "a@b.c", "email_verified": "true"}; !maps.Equal(after.Attributes, want) {
		t.Errorf("attributes %v, want %v", after.Attributes, want)
	}
	if !after.ModifiedAt.Equal(before.ModifiedAt.Add(time.Minute)) || !after.CreatedAt.Equal(before.CreatedAt) {
		t.Errorf("created %v, modified %v", after.CreatedAt, after.ModifiedAt)
	}

	refusal := fault.New(fault.InvalidParameter, "no")
	_, err := d.users.Modify(t.Context(), pool, "ann", func(_ *store.Tx, u *store.User) error {
		u.Attributes["name"] = "Eve"
		return refusal
	})
	checkFault(t, err, fault.InvalidParameter, "no")
	if got := d.find(pool, "ann").Attributes["name"]; got != "" {
		t.Errorf("a refused change was stored: name %q", got)
	}
	_, err = d.users.Modify(t.Context(), pool, "nobody", func(*store.Tx, *store.User) error { return nil })
	checkFault(t, err, fault.UserNotFound, "User does not exist.")
}

// onBoth runs a test on a database of either kind.
func onBoth(t *testing.T, limits Limits, test func(t *testing.T, d *directory)) {
	t.Run("sqlite", func(t *testing.T) { test(t, openDirectory(t, storetest.SQLiteURL(t), limits)) })
	t.Run("postgres", func(t *testing.T) { test(t, openDirectory(t, storetest.PostgresURL(t), limits)) })
}

// together runs fn n times at once and returns the errors.
func together(n int, fn func(i int) error) []error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = fn(i) })
	}
	wg.Wait()
	return errs
}

// tally counts answers by their text.
func tally(errs []error) map[string]int {
	counts := make(map[string]int)
	for _, err := range errs {
		counts[fmt.Sprint(err)]++
	}
	return counts
}

func TestOneNameIsSignedUpOnce(t *testing.T) {
	onBoth(t, NoLimits(), func(t *testing.T, d *directory) {
		for _, tt := range []struct {
			username, want string
			pool           *Pool
		}{
			{"ann", "UsernameExistsException: User already exists", testPool(t, autoVerified("email"))},
			{"ann@example.com", "UsernameExistsException: An account with the given email already exists.",
				testPool(t, autoVerified("email"), usernameAttributes("email"), func(p *Pool) { p.ID = "us-east-1_Test00002" })},
		} {
			before := len(d.messages())
			got := tally(together(8, func(int) error {
				_, err := d.users.SignUp(context.Background(), SignUp{Pool: tt.pool, Client: revealing,
					Username: tt.username, Password: goodPassword, Attributes: map[string]string{"email": "ann@example.com"}})
				return err
			}))
			if want := (map[string]int{"<nil>": 1, tt.want: 7}); !maps.Equal(got, want) {
				t.Errorf("%s: got %v, want %v", tt.username, got, want)
			}
			if sent := len(d.messages()) - before; sent != 1 {
				t.Errorf("%s: %d messages were sent, want 1", tt.username, sent)
			}
		}
	})
}
