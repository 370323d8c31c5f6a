package userpool

import (
	"reflect"
	"testing"

	"github.com/poolhouse/poolhouse/internal/store"
)

func TestClaimsOf(t *testing.T) {
	at := func(precedence int32, name, role string) store.UserGroup {
		return store.UserGroup{Name: name, Precedence: &precedence, RoleARN: role}
	}
	none := func(name, role string) store.UserGroup { return store.UserGroup{Name: name, RoleARN: role} }
	for _, tc := range []struct {
		name   string
		groups []store.UserGroup
		want   GroupClaims
	}{
		{"no groups", nil, GroupClaims{}},
		{"no roles", []store.UserGroup{none("b", ""), at(1, "a", "")}, GroupClaims{Names: []string{"a", "b"}}},
		{"the lowest number first, then the name, none last",
			[]store.UserGroup{none("a", ""), at(10, "c", ""), at(2, "d", ""), at(10, "b", ""), at(0, "e", ""), at(2147483647, "f", "")},
			GroupClaims{Names: []string{"e", "d", "b", "c", "f", "a"}}},
		{"the strongest group's role", []store.UserGroup{none("x", "r3"), at(2, "b", "r2"), at(1, "a", "r1")},
			GroupClaims{Names: []string{"a", "b", "x"}, Roles: []string{"r1", "r2", "r3"}, PreferredRole: "r1"}},
		{"zero is the strongest", []store.UserGroup{at(1, "a", "r1"), at(0, "b", "r0")},
			GroupClaims{Names: []string{"b", "a"}, Roles: []string{"r0", "r1"}, PreferredRole: "r0"}},
		{"the strongest has no role", []store.UserGroup{at(1, "a", ""), at(2, "b", "r2"), at(3, "c", "r3")},
			GroupClaims{Names: []string{"a", "b", "c"}, Roles: []string{"r2", "r3"}, PreferredRole: "r2"}},
		{"one role among all", []store.UserGroup{at(1, "a", ""), none("b", "r")},
			GroupClaims{Names: []string{"a", "b"}, Roles: []string{"r"}, PreferredRole: "r"}},
		{"equals agree", []store.UserGroup{at(1, "a", "r"), at(1, "b", "r"), at(2, "c", "s")},
			GroupClaims{Names: []string{"a", "b", "c"}, Roles: []string{"r", "s"}, PreferredRole: "r"}},
		{"equals disagree", []store.UserGroup{at(1, "a", "r"), at(1, "b", "s"), at(1, "c", "r"), at(2, "d", "t")},
			GroupClaims{Names: []string{"a", "b", "c", "d"}, Roles: []string{"r", "s", "t"}}},
		{"weaker ones disagree", []store.UserGroup{at(1, "a", "r"), at(2, "b", "s"), at(2, "c", "t")},
			GroupClaims{Names: []string{"a", "b", "c"}, Roles: []string{"r", "s", "t"}, PreferredRole: "r"}},
		{"those without precedence disagree", []store.UserGroup{none("a", "r"), none("b", "s")},
			GroupClaims{Names: []string{"a", "b"}, Roles: []string{"r", "s"}}},
		{"those without precedence agree", []store.UserGroup{none("a", "r"), none("b", "r")},
			GroupClaims{Names: []string{"a", "b"}, Roles: []string{"r"}, PreferredRole: "r"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := ClaimsOf(tc.groups); !reflect.DeepEqual(got, tc.want) {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
		})
	}
}
