package userpool

import (
	"cmp"
	"math"
	"slices"

	"github.com/poolhouse/poolhouse/internal/store"
)

// GroupClaims are what tokens say of a user's groups.
type GroupClaims struct {
	Names         []string // cognito:groups; the strongest first, equals by name
	Roles         []string // cognito:roles; the groups' roles in that order, each once
	PreferredRole string   // cognito:preferred_role; "" where no role is preferred
}

// ClaimsOf makes the claims of the groups that a user is in.
//
// The preferred role is that of the strongest group that has one. Groups of
// the same precedence that disagree leave nobody preferred, and none is the
// weakest precedence (developer guide, "Assigning precedence values to groups").
func ClaimsOf(groups []store.UserGroup) GroupClaims {
	var c GroupClaims
	groups = slices.SortedFunc(slices.Values(groups), func(a, b store.UserGroup) int {
		return cmp.Or(cmp.Compare(strength(a), strength(b)), cmp.Compare(a.Name, b.Name))
	})
	best := int64(-1)
	for _, g := range groups {
		c.Names = append(c.Names, g.Name)
		if g.RoleARN == "" {
			continue
		}
		switch {
		case best < 0:
			best, c.PreferredRole = strength(g), g.RoleARN
		case best == strength(g) && c.PreferredRole != g.RoleARN:
			c.PreferredRole = ""
		}
		if !slices.Contains(c.Roles, g.RoleARN) {
			c.Roles = append(c.Roles, g.RoleARN)
		}
	}
	return c
}

// strength is what groups are ordered by; it is at least 0.
func strength(g store.UserGroup) int64 {
	if g.Precedence == nil {
		return math.MaxInt64
	}
	return int64(*g.Precedence)
}
