package userpool

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
)

// add adds a user as it is given.
func (d *directory) add(pool *Pool, user store.User) *store.User {
	d.t.Helper()
	user.PoolID = pool.ID
	if user.Sub == "" {
		user.Sub = newSub()
	}
	if user.Username == "" {
		user.Username = user.Sub
	}
	if user.Attributes == nil {
		user.Attributes = make(map[string]string)
	}
	if err := d.db.Update(d.t.Context(), func(tx *store.Tx) error { return pool.insert(tx, &user) }); err != nil {
		d.t.Fatalf("add %s: %v", user.Username, err)
	}
	return &user
}

// list reads all pages and returns the usernames of each.
func (d *directory) list(pool *Pool, filter string, limit int, between func()) [][]string {
	d.t.Helper()
	var pages [][]string
	for token := ""; ; {
		users, next, err := d.users.List(d.t.Context(), pool, UserPage{Filter: filter, Limit: limit, Token: token})
		if err != nil {
			d.t.Fatalf("list %q: %v", filter, err)
		}
		page := []string{}
		for _, u := range users {
			page = append(page, u.Username)
		}
		pages = append(pages, page)
		if next == "" {
			return pages
		}
		if len(pages) > 1000 {
			d.t.Fatal("the pages do not end")
		}
		token = next
		if between != nil {
			between()
		}
	}
}

func TestListByEachAttribute(t *testing.T) { onBoth(t, NoLimits(), testListByEachAttribute) }

func testListByEachAttribute(t *testing.T, d *directory) {
	long := strings.Repeat("x", 300)
	pool := testPool(t, custom(SchemaAttribute{Name: "custom:team", AttributeDataType: "String", Mutable: true}))
	for _, u := range []store.User{
		{Username: "ann", Sub: "aaaaaaaa-0000-4000-8000-000000000000", Status: StatusConfirmed, Enabled: true, Attributes: map[string]string{
			"email": "ann@example.com", "email_verified": "true", "phone_number": "+15550001111", "name": "Ann \"A\" Archer",
			"given_name": "Ann", "family_name": "Archer", "preferred_username": "queen", "custom:team": "red",
		}},
		{Username: "bob", Sub: "bbbbbbbb-0000-4000-8000-000000000000", Status: StatusUnconfirmed, Enabled: true, Attributes: map[string]string{
			"email": "bob@example.com", "given_name": "Anton", "locale": "de", "nickname": long,
		}},
		{Username: "Cid", Sub: "cccccccc-0000-4000-8000-000000000000", Status: StatusForceChangePassword, Attributes: map[string]string{
			"email": "Cid@example.com", "custom:team": "reddish",
		}},
	} {
		d.add(pool, u)
	}
	other := testPool(t, func(p *Pool) { p.ID = "us-east-1_Other0001" })
	d.add(other, store.User{Username: "ann", Status: StatusConfirmed, Enabled: true, Attributes: map[string]string{"email": "ann@example.com"}})

	for _, tt := range []struct {
		filter string
		want   []string
	}{
		{"", []string{"ann", "bob", "Cid"}},
		{`username = "ann"`, []string{"ann"}},
		{`username = "ANN"`, nil},
		{`username ^= ""`, []string{"Cid", "ann", "bob"}},
		{`email = "ann@example.com"`, []string{"ann"}},
		{`email = "cid@example.com"`, nil},
		{`email ^= "bob@"`, []string{"bob"}},
		{`email = "bob@"`, nil},
		{`phone_number ^= "+1555"`, []string{"ann"}},
		{`name = "Ann \"A\" Archer"`, []string{"ann"}},
		{`given_name ^= "An"`, []string{"ann", "bob"}},
		{`given_name = "Ann"`, []string{"ann"}},
		{`family_name = "Archer"`, []string{"ann"}},
		{`preferred_username = "queen"`, []string{"ann"}},
		{`sub = "bbbbbbbb-0000-4000-8000-000000000000"`, []string{"bob"}},
		{`sub ^= "c"`, []string{"Cid"}},
		{`cognito:user_status = "CONFIRMED"`, []string{"ann"}},
		{`cognito:user_status = "force_change_password"`, []string{"Cid"}},
		{`cognito:user_status ^= "un"`, []string{"bob"}},
		{`cognito:user_status ^= ""`, []string{"ann", "Cid", "bob"}},
		{`cognito:user_status = "GONE"`, nil},
		{`status = "Enabled"`, []string{"ann", "bob"}},
		{`status = "Disabled"`, []string{"Cid"}},
		{`status = "enabled"`, nil},
		{`status ^= "Dis"`, []string{"Cid"}},
		{`custom:team = "red"`, []string{"ann"}},
		{`custom:team ^= "red"`, []string{"ann", "Cid"}},
		{`locale = "de"`, []string{"bob"}},
		{`nickname ^= "` + long[:240] + `"`, []string{"bob"}},
		{`nickname = "` + long[:240] + `"`, nil},
	} {
		t.Run(tt.filter, func(t *testing.T) {
			for _, limit := range []int{0, 1, 2} {
				if got := slices.Concat(d.list(pool, tt.filter, limit, nil)...); !slices.Equal(got, tt.want) {
					t.Errorf("limit %d: got %q, want %q", limit, got, tt.want)
				}
			}
		})
	}
}

func TestListWhereCaseIsIgnored(t *testing.T) {
	d := newDirectory(t, NoLimits())
	pool := testPool(t, ignoringCase)
	d.add(pool, store.User{Username: "Ann", Attributes: map[string]string{"email": "Ann@Example.com", "name": "Ann"}})
	for filter, found := range map[string]bool{
		`username = "aNN"`: true, `email = "ann@EXAMPLE.com"`: true, `email ^= "ANN"`: true, `name = "ann"`: false,
	} {
		if got := d.list(pool, filter, 0, nil)[0]; (len(got) == 1) != found {
			t.Errorf("%s finds %q", filter, got)
		}
	}
}

// A username that stands for the sub is found as such, beside those that
// federated users have, and nobody is listed twice.
func TestListByUsernameThatIsTheSub(t *testing.T) {
	d := newDirectory(t, NoLimits())
	pool := testPool(t, usernameAttributes("email"))
	native := d.add(pool, store.User{Sub: "aa000000-0000-4000-8000-000000000000", Attributes: map[string]string{"email": "a@b.c"}})
	federated := d.add(pool, store.User{Sub: "aa000000-0000-4000-8000-000000000001", Username: "aa_Google"})
	for filter, want := range map[string][]string{
		`username ^= "aa"`:                        {federated.Username, native.Username},
		`username = "` + native.Sub + `"`:         {native.Username},
		`username = "` + federated.Sub + `"`:      nil,
		`username = "a@b.c"`:                      nil,
		`email = "a@b.c"`:                         {native.Username},
		`username = "` + federated.Username + `"`: {federated.Username},
	} {
		for _, limit := range []int{0, 1} {
			if got := slices.Concat(d.list(pool, filter, limit, nil)...); !slices.Equal(got, want) {
				t.Errorf("%s, limit %d: got %q, want %q", filter, limit, got, want)
			}
		}
	}
}

func TestListRefusals(t *testing.T) {
	d := newDirectory(t, NoLimits())
	pool := testPool(t)
	for i := range 3 {
		d.add(pool, store.User{Username: fmt.Sprint("u", i), Attributes: map[string]string{"name": "x"}})
	}
	_, token, err := d.users.List(t.Context(), pool, UserPage{Filter: `name = "x"`, Limit: 1})
	if err != nil || token == "" {
		t.Fatal(token, err)
	}
	other := testPool(t, func(p *Pool) { p.ID = "us-east-1_Other0001" })
	for _, tt := range []struct {
		name    string
		pool    *Pool
		page    UserPage
		advance time.Duration
		text    string
	}{
		{"filter", pool, UserPage{Filter: "name"}, 0, "Error while parsing filter"},
		{"attribute", pool, UserPage{Filter: `team = "x"`}, 0, "Invalid search attribute: team"},
		{"verified", pool, UserPage{Filter: `email_verified = "true"`}, 0, "Invalid search attribute: email_verified"},
		{"custom attribute of no schema", pool, UserPage{Filter: `custom:x = "x"`}, 0, "Invalid search attribute: custom:x"},
		{"token of nobody", pool, UserPage{Token: "abc"}, 0, "Invalid pagination token."},
		{"token of another pool", other, UserPage{Filter: `name = "x"`, Token: token}, 0, "Invalid pagination token."},
		{"token of another filter", pool, UserPage{Filter: `name ^= "x"`, Token: token}, 0, "Invalid pagination token."},
		{"token without its filter", pool, UserPage{Token: token}, 0, "Invalid pagination token."},
		{"old token", pool, UserPage{Filter: `name = "x"`, Token: token}, time.Hour, "Invalid pagination token."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d.advance(tt.advance)
			_, _, err := d.users.List(t.Context(), tt.pool, tt.page)
			if err == nil {
				t.Fatal("no error")
			}
			checkFault(t, err, fault.InvalidParameter, tt.text)
			d.advance(-tt.advance)
		})
	}
	d.advance(time.Hour - time.Millisecond)
	if _, _, err := d.users.List(t.Context(), pool, UserPage{Filter: `name="x"`, Token: token}); err != nil {
		t.Errorf("a token of almost an hour, with the filter in another spelling: %v", err)
	}
}

// Users who come and go between two pages neither hide others nor repeat them.
func TestPagesSurviveChanges(t *testing.T) {
	for _, filter := range []string{"", `name ^= "n"`, `username ^= ""`, `status = "Enabled"`, `cognito:user_status ^= ""`} {
		t.Run(filter, func(t *testing.T) {
			d := newDirectory(t, NoLimits())
			pool := testPool(t)
			var stay []string
			for i := range 20 {
				name := fmt.Sprintf("stay%02d", i)
				stay = append(stay, name)
				d.add(pool, store.User{Username: name, Enabled: true, Status: statuses[i%len(statuses)],
					Attributes: map[string]string{"name": fmt.Sprintf("n%02d", i%7)}})
			}
			n := 0
			got := slices.Concat(d.list(pool, filter, 3, func() {
				name := fmt.Sprintf("new%02d", n)
				d.add(pool, store.User{Username: name, Enabled: true, Status: StatusConfirmed,
					Attributes: map[string]string{"name": fmt.Sprintf("n%02d", n%7)}})
				if n++; n > 1 {
					if err := d.users.Delete(t.Context(), pool, fmt.Sprintf("new%02d", n-2)); err != nil {
						t.Fatal(err)
					}
				}
			})...)
			seen := slices.DeleteFunc(slices.Clone(got), func(name string) bool { return strings.HasPrefix(name, "new") })
			slices.Sort(seen)
			if !slices.Equal(seen, stay) {
				t.Errorf("got %q", seen)
			}
			slices.Sort(got)
			if len(slices.Compact(slices.Clone(got))) != len(got) {
				t.Errorf("somebody is listed twice: %q", got)
			}
		})
	}
}

func TestPageSizes(t *testing.T) {
	d := newDirectory(t, NoLimits())
	pool := testPool(t)
	for i := range 120 {
		d.add(pool, store.User{Username: fmt.Sprint(i)})
	}
	for limit, want := range map[int][]int{0: {60, 60}, 50: {50, 50, 20}, 99: {60, 60}} {
		var got []int
		for _, page := range d.list(pool, "", limit, nil) {
			got = append(got, len(page))
		}
		if !slices.Equal(got, want) {
			t.Errorf("limit %d gives pages of %d, want %d", limit, got, want)
		}
	}
}
