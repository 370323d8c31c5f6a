package credentials

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/iam"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
)

const (
	account  = "123456789012"
	testPool = "us-east-1:11111111-1111-1111-1111-111111111111"
	testSub  = "us-east-1:22222222-2222-2222-2222-222222222222"
	readers  = "arn:aws:iam::123456789012:role/app/Readers"
)

const readersTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
	"Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":["sts:AssumeRoleWithWebIdentity","sts:TagSession"],
	"Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":"` + testPool + `"},
		"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"authenticated"}}}]}`

const readersPolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"notes:Read",
	"Resource":["arn:aws:notes:::${cognito-identity.amazonaws.com:sub}/*","arn:aws:notes:::team/${aws:PrincipalTag/team}"]}]}`

// A world is a BuiltIn on a database in memory, with a clock.
type world struct {
	*BuiltIn
	db    *store.DB
	ring  *keys.Ring
	roles *Roles
	gone  bool // the access key of ForAccessKey

	mu  sync.Mutex // the ring reads the clock in the background
	now time.Time
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{now: time.Date(2026, 3, 4, 5, 6, 7, 890e6, time.UTC)}
	var err error
	if w.db, err = store.Open(t.Context(), store.Options{URL: "sqlite::memory:", Migrate: true, Now: w.clock}); err != nil {
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
	w.roles = NewRoles(w.db, account)
	w.BuiltIn = NewBuiltIn(Options{Ring: w.ring, Roles: w.roles, AccountID: account, Now: w.clock,
		AccessKey: func(_ context.Context, id string) (string, *iam.Principal, error) {
			if w.gone {
				return "", nil, fault.New(fault.UnrecognizedClient, "The security token included in the request is invalid.")
			}
			return "secret", &iam.Principal{AccessKeyID: id, ARN: "arn:aws:iam::123456789012:user/ci", Account: account, Policy: iam.AdministratorPolicy()}, nil
		}})
	w.put(t, Definition{Name: "Readers", Path: "/app/", Trust: readersTrust, Policy: readersPolicy})
	return w
}

func (w *world) put(t *testing.T, d Definition) {
	t.Helper()
	if _, err := w.roles.Put(t.Context(), d); err != nil {
		t.Fatal(err)
	}
}

func request() Request {
	return Request{
		RoleARN: readers, SessionName: "CognitoIdentityCredentials", IdentityID: testSub, IdentityPoolID: testPool,
		Amr: []string{"authenticated", "id.example.com"}, Tags: map[string]string{"team": "red"},
	}
}

func (w *world) issue(t *testing.T) Set {
	t.Helper()
	set, err := w.Issue(t.Context(), request())
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func wantFault(t *testing.T, err, want error) {
	t.Helper()
	if want == nil && err != nil || want != nil && !errors.Is(err, want) {
		t.Errorf("error %v, want %v", err, want)
	}
}

// Whoever asks for roles that do not exist keeps none that does out of the cache.
func TestRolesThatAreNot(t *testing.T) {
	w := newWorld(t)
	for i := range maxKnownRoles {
		if role, err := w.roles.find(t.Context(), fmt.Sprintf("arn:aws:iam::%s:role/none%d", account, i)); role != nil || err != nil {
			t.Fatal(role, err)
		}
	}
	w.issue(t)
	if n := len(w.roles.known); w.roles.known["Readers"] == nil || n > maxKnownRoles {
		t.Errorf("the role is not among the %d that are known", n)
	}
}

func TestIssueAndOpen(t *testing.T) {
	w := newWorld(t)
	set := w.issue(t)
	if !regexp.MustCompile(`^ASIA[A-Z2-7]{16}$`).MatchString(set.AccessKeyID) || len(set.SecretKey) != 40 {
		t.Errorf("id %s, secret of %d", set.AccessKeyID, len(set.SecretKey))
	}
	if want := time.Date(2026, 3, 4, 6, 6, 7, 0, time.UTC); !set.Expiration.Equal(want) {
		t.Errorf("expires %s, want %s", set.Expiration, want)
	}
	o, err := w.Open(t.Context(), set.AccessKeyID, set.SessionToken)
	if err != nil {
		t.Fatal(err)
	}
	if o.Secret != set.SecretKey || o.IdentityID != testSub || o.IdentityPoolID != testPool || o.RoleARN != readers ||
		len(o.Amr) != 2 || !maps.Equal(o.Tags, map[string]string{"team": "red"}) {
		t.Errorf("opened %+v", o)
	}
	if o.ARN != "arn:aws:sts::123456789012:assumed-role/Readers/CognitoIdentityCredentials" ||
		!regexp.MustCompile(`^AROA[A-Z2-7]{17}:CognitoIdentityCredentials$`).MatchString(o.UserID) {
		t.Errorf("caller %+v", o.Caller)
	}
	for resource, want := range map[string]bool{
		"arn:aws:notes:::" + testSub + "/1": true, "arn:aws:notes:::team/red": true,
		"arn:aws:notes:::team/blue": false, "arn:aws:notes:::us-east-1:3/1": false,
	} {
		if err := o.Principal.Authorize("notes:Read", resource); (err == nil) != want {
			t.Errorf("%s: %v", resource, err)
		}
	}
}

// Whoever prints credentials must not print their secret.
func TestSetHidesItsSecret(t *testing.T) {
	set := newWorld(t).issue(t)
	text, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{string(text), fmt.Sprint(set), fmt.Sprintf("%+v %#v", set, set), set.LogValue().String()} {
		if strings.Contains(shown, set.SecretKey) || strings.Contains(shown, set.SessionToken) {
			t.Errorf("shown: %s", shown)
		}
	}
}

func TestIssueRefuses(t *testing.T) {
	w := newWorld(t)
	w.put(t, Definition{Name: "Untagged", Trust: strings.Replace(readersTrust, `,"sts:TagSession"`, "", 1)})
	many := make(map[string]string)
	for i := range 50 {
		many[fmt.Sprint("tag", i)] = strings.Repeat("v", 256)
	}
	for _, c := range []struct {
		name   string
		change func(*Request)
		want   error
	}{
		{"nothing", func(*Request) {}, nil},
		{"no such role", func(r *Request) { r.RoleARN = "arn:aws:iam::123456789012:role/Nobody" }, ErrConfiguration},
		{"role of another account", func(r *Request) { r.RoleARN = "arn:aws:iam::210987654321:role/app/Readers" }, ErrConfiguration},
		{"role without its path", func(r *Request) { r.RoleARN = "arn:aws:iam::123456789012:role/Readers" }, ErrConfiguration},
		{"no ARN", func(r *Request) { r.RoleARN = "Readers" }, ErrConfiguration},
		{"endless ARN", func(r *Request) { r.RoleARN = "arn:aws:iam::123456789012:role/" + strings.Repeat("a/", 2000) + "R" }, ErrConfiguration},
		{"another pool", func(r *Request) { r.IdentityPoolID = "us-east-1:3" }, ErrConfiguration},
		{"guest", func(r *Request) { r.Amr = []string{"unauthenticated"} }, ErrConfiguration},
		{"tags where the role takes none", func(r *Request) { r.RoleARN = "arn:aws:iam::123456789012:role/Untagged" }, ErrConfiguration},
		{"no tags where the role takes none", func(r *Request) { r.RoleARN, r.Tags = "arn:aws:iam::123456789012:role/Untagged", nil }, nil},
		{"tag that is a pattern", func(r *Request) { r.Tags = map[string]string{"team": "*"} }, fault.New(fault.InvalidParameter, "")},
		{"tags that do not fit", func(r *Request) { r.Tags = many }, ErrTooLarge},
		{"session name", func(r *Request) { r.SessionName = "a/b" }, fault.New(fault.InvalidParameter, "")},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := request()
			c.change(&r)
			set, err := w.Issue(t.Context(), r)
			wantFault(t, err, c.want)
			if err != nil && set != (Set{}) {
				t.Error("credentials come with the error")
			}
			if c.want == ErrConfiguration {
				_, _, err = w.AssumeRole(t.Context(), r)
				wantFault(t, err, ErrNotTrusted)
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*testing.T, *world, *Set)
		want   error
	}{
		{"nothing", func(*testing.T, *world, *Set) {}, nil},
		{"near the end", func(_ *testing.T, w *world, _ *Set) { w.advance(time.Hour - time.Second) }, nil},
		{"at the end", func(_ *testing.T, w *world, _ *Set) { w.advance(time.Hour) }, ErrExpiredToken},
		{"key of other credentials", func(t *testing.T, w *world, s *Set) { s.AccessKeyID = w.issue(t).AccessKeyID }, ErrInvalidToken},
		{"token changed", func(_ *testing.T, _ *world, s *Set) {
			s.SessionToken = s.SessionToken[:len(s.SessionToken)-8] + "AAAAAAAA"
		}, ErrInvalidToken},
		{"no token of ours", func(_ *testing.T, _ *world, s *Set) { s.SessionToken = "IQoJb3JpZ2luX2VjE" }, ErrInvalidToken},
		{"credentials of another deployment", func(t *testing.T, _ *world, s *Set) { *s = newWorld(t).issue(t) }, ErrInvalidToken},
		{"token of another deployment", func(t *testing.T, _ *world, s *Set) { s.SessionToken = newWorld(t).issue(t).SessionToken }, ErrInvalidToken},
		{"value sealed for something else", func(t *testing.T, w *world, s *Set) {
			var err error
			if s.SessionToken, err = w.ring.Seal("session", []byte(`{"e":9999999999}`), s.AccessKeyID); err != nil {
				t.Fatal(err)
			}
		}, ErrInvalidToken},
		{"role deleted", func(t *testing.T, w *world, _ *Set) {
			if err := w.roles.Delete(t.Context(), "Readers"); err != nil {
				t.Fatal(err)
			}
		}, ErrInvalidToken},
		{"role moved", func(t *testing.T, w *world, _ *Set) { w.put(t, Definition{Name: "Readers", Trust: readersTrust}) }, ErrInvalidToken},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			set := w.issue(t)
			c.change(t, w, &set)
			_, err := w.Open(t.Context(), set.AccessKeyID, set.SessionToken)
			wantFault(t, err, c.want)
		})
	}
}

// A policy that became stricter holds for credentials that are out.
func TestPolicyIsThatOfNow(t *testing.T) {
	w := newWorld(t)
	set := w.issue(t)
	w.put(t, Definition{Name: "Readers", Path: "/app/", Trust: readersTrust})
	o, err := w.Open(t.Context(), set.AccessKeyID, set.SessionToken)
	if err != nil {
		t.Fatal(err)
	}
	wantFault(t, o.Principal.Authorize("notes:Read", "arn:aws:notes:::team/red"), fault.New(fault.AccessDenied, ""))
}

func TestAnyRole(t *testing.T) {
	w := newWorld(t)
	w.options.AnyRole = true
	r := request()
	r.RoleARN = "arn:aws:iam::123456789012:role/NotMade"
	set, err := w.Issue(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	o, err := w.Open(t.Context(), set.AccessKeyID, set.SessionToken)
	if err != nil {
		t.Fatal(err)
	}
	wantFault(t, o.Principal.Authorize("notes:Read", "*"), fault.New(fault.AccessDenied, ""))
	r.RoleARN = readers
	r.Amr = []string{"unauthenticated"}
	_, err = w.Issue(t.Context(), r)
	wantFault(t, err, ErrConfiguration) // a role that was made is as strict as ever
}

func TestForAccessKey(t *testing.T) {
	w := newWorld(t)
	set, err := w.ForAccessKey("AKIAEXAMPLE", 12*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if got := set.Expiration.Sub(w.clock().Truncate(time.Second)); got != time.Hour {
		t.Errorf("lives %s, want an hour", got)
	}
	o, err := w.Open(t.Context(), set.AccessKeyID, set.SessionToken)
	if err != nil {
		t.Fatal(err)
	}
	if o.ARN != "arn:aws:iam::123456789012:user/ci" || o.Principal.AccessKeyID != set.AccessKeyID || !o.Principal.Policy.Allows("a:b", "*") {
		t.Errorf("opened %+v", o)
	}
	w.gone = true
	_, err = w.Open(t.Context(), set.AccessKeyID, set.SessionToken)
	wantFault(t, err, ErrInvalidToken)
}

func TestEnsureLeavesARoleAsItIs(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"Readers", "Writers"} {
		if err := w.roles.Ensure(t.Context(), Definition{Name: name, Trust: readersTrust}); err != nil {
			t.Fatal(err)
		}
	}
	rows, arns, err := w.roles.List(t.Context())
	if err != nil || len(rows) != 2 || rows[0].Policy != readersPolicy || arns[0] != readers || arns[1] != "arn:aws:iam::123456789012:role/Writers" {
		t.Errorf("roles %+v %v, %v", rows, arns, err)
	}
}

func TestPutRefuses(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		d    Definition
		want string
	}{
		"name":   {Definition{Name: "a b", Trust: readersTrust}, "no name"},
		"path":   {Definition{Name: "a", Path: "app", Trust: readersTrust}, "no path"},
		"trust":  {Definition{Name: "a"}, "trust policy"},
		"policy": {Definition{Name: "a", Trust: readersTrust, Policy: "{}"}, "policy"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := w.roles.Put(t.Context(), c.d); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v", err)
			}
		})
	}
	if err := w.roles.Delete(t.Context(), "a"); err == nil {
		t.Error("a role that is not there is deleted")
	}
}
