package identitypool

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/iam"
	"github.com/poolhouse/poolhouse/internal/identitypool/login"
)

// The keys of Settings.Roles, and the first value of amr.
const (
	authenticated   = "authenticated"
	unauthenticated = "unauthenticated"
)

// RoleMapping says which role the logins of a provider get. Its JSON is that of
// the Cognito API.
type RoleMapping struct {
	Type                    string `json:"Type"`                             // Token or Rules
	AmbiguousRoleResolution string `json:"AmbiguousRoleResolution,omitzero"` // AuthenticatedRole or Deny
	RulesConfiguration      *Rules `json:"RulesConfiguration,omitzero"`
}

// Rules are the rules of a mapping, of which the first that matches counts.
type Rules struct {
	Rules []Rule `json:"Rules"`
}

// Rule gives a role to tokens with a claim.
type Rule struct {
	Claim     string `json:"Claim"`
	MatchType string `json:"MatchType"` // Equals, Contains, StartsWith or NotEqual
	Value     string `json:"Value"`
	RoleARN   string `json:"RoleARN"`
}

const maxRules = 25

var (
	errNoRole     = fault.New(fault.InvalidIdentityPoolConfig, "Invalid identity pool configuration. Check assigned IAM roles for this pool.")
	errCustomRole = fault.New(fault.NotAuthorized, "The custom role is not allowed for this identity.")
	errAmbiguous  = fault.New(fault.NotAuthorized, "No role could be determined for this identity.")
)

// SetRoles replaces the roles of a pool. Errors: ResourceNotFoundException,
// InvalidParameterException.
func (p *Pools) SetRoles(ctx context.Context, id string, roles map[string]string, mappings map[string]RoleMapping) error {
	for _, role := range slices.Sorted(maps.Values(roles)) {
		if err := checkRole(role); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(mappings)) {
		if err := mappings[name].check(name); err != nil {
			return err
		}
	}
	_, err := p.change(ctx, id, func(pool *Pool) error {
		pool.Roles, pool.RoleMappings = roles, mappings
		return nil
	})
	return err
}

func checkRole(role string) error {
	parts := strings.SplitN(role, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "iam" || !strings.HasPrefix(parts[5], "role/") {
		return invalid("Invalid role ARN: %s", role)
	}
	return nil
}

func (m RoleMapping) check(name string) error {
	switch {
	case m.AmbiguousRoleResolution == "":
		return invalid("AmbiguousRoleResolution is required for the role mapping of %s.", name)
	case m.Type == "Token" && m.RulesConfiguration != nil:
		return invalid("The role mapping of %s has rules, which one of type Token cannot have.", name)
	case m.Type == "Rules" && m.RulesConfiguration == nil:
		return invalid("The role mapping of %s has no rules.", name)
	case m.RulesConfiguration == nil:
		return nil
	case len(m.RulesConfiguration.Rules) > maxRules:
		return invalid("The role mapping of %s has more than %d rules.", name, maxRules)
	}
	for _, rule := range m.RulesConfiguration.Rules {
		if err := checkRole(rule.RoleARN); err != nil {
			return err
		}
	}
	return nil
}

// role is the role of who acts as an identity. custom is the one that was asked
// for, or "". Errors: NotAuthorizedException,
// InvalidIdentityPoolConfigurationException.
func (p *Pools) role(s *Session, guest bool, custom string) (string, error) {
	if guest {
		return chosen(s.Pool.Roles[unauthenticated], custom)
	}
	standard := s.Pool.Roles[authenticated]
	for _, l := range s.Logins {
		mapping, ok := p.mapping(s.Pool, l)
		if !ok && l.Roles == nil {
			continue
		}
		if !ok {
			mapping = byAssertion
		}
		role, err := mapping.role(l, custom)
		if err != nil || role != "" {
			return role, err
		}
		if mapping.AmbiguousRoleResolution == "Deny" {
			return "", errAmbiguous
		}
		return chosen(standard, custom)
	}
	return chosen(standard, custom)
}

// chosen is the role of those who cannot choose.
func chosen(role, custom string) (string, error) {
	switch {
	case role == "":
		return "", errNoRole
	case custom != "" && custom != role:
		return "", errCustomRole
	}
	return role, nil
}

// mapping is the role mapping for a login, under whatever name of its provider.
func (p *Pools) mapping(pool *Pool, l *login.Login) (RoleMapping, bool) {
	for _, name := range slices.Sorted(maps.Keys(pool.RoleMappings)) {
		if p.names(name, l) {
			return pool.RoleMappings[name], true
		}
	}
	return RoleMapping{}, false
}

// names says whether a name in the settings of a pool means the provider of a
// login: for user pools with the client behind a colon, for providers with an ARN
// that too.
func (p *Pools) names(name string, l *login.Login) bool {
	if l.Resource != "" && name == l.Resource {
		return true
	}
	if name = p.logins.Canonical(name); name == l.Provider {
		return true
	}
	rest, ok := strings.CutPrefix(name, l.Provider+":")
	if colon := strings.LastIndexByte(name, ':'); !ok && colon >= 0 {
		// The name of this deployment may have a port, and the client hides the pool's
		// id from Canonical.
		rest, ok = name[colon+1:], p.logins.Canonical(name[:colon]) == l.Provider
	}
	return ok && rest == l.Audience
}

// byAssertion is the mapping of SAML providers that have none: the roles in their
// assertions count without one.
var byAssertion = RoleMapping{Type: "Token", AmbiguousRoleResolution: "Deny"}

// role is the role that a login gives, "" if it does not say.
func (m RoleMapping) role(l *login.Login, custom string) (string, error) {
	if m.Type == "Token" {
		roles, preferred := l.Roles, ""
		if !login.IsSAML(l.Provider) {
			_ = json.Unmarshal(l.Claims["cognito:roles"], &roles) // absent: none
			preferred = l.Claims.Text("cognito:preferred_role")
		}
		if custom != "" {
			if !slices.Contains(roles, custom) {
				return "", errCustomRole
			}
			return custom, nil
		}
		if preferred != "" {
			return preferred, nil
		}
		if len(roles) == 1 {
			return roles[0], nil
		}
		return "", nil
	}
	for _, rule := range m.RulesConfiguration.Rules {
		if rule.matches(l.Claims) && (custom == "" || custom == rule.RoleARN) {
			return rule.RoleARN, nil
		}
	}
	if custom != "" {
		return "", errCustomRole
	}
	return "", nil
}

// matches says whether a token has what a rule asks for. A claim that is absent
// has no value, other than none too.
func (r Rule) matches(claims login.Claims) bool {
	raw, ok := claims[r.Claim]
	if !ok {
		return false
	}
	value := claimText(raw)
	switch r.MatchType {
	case "Equals":
		return value == r.Value
	case "Contains":
		return strings.Contains(value, r.Value)
	case "StartsWith":
		return strings.HasPrefix(value, r.Value)
	case "NotEqual":
		return value != r.Value
	}
	return false
}

// claimText is a claim as rules and tags see it: a string as it is, anything else
// as JSON.
func claimText(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return string(raw)
}

// SetPrincipalTags sets which claims of a provider's tokens become principal tags.
// Errors: ResourceNotFoundException.
func (p *Pools) SetPrincipalTags(ctx context.Context, id, provider string, m PrincipalMap) error {
	_, err := p.change(ctx, id, func(pool *Pool) error {
		all := maps.Clone(pool.PrincipalTags)
		if all == nil {
			all = map[string]PrincipalMap{}
		}
		if all[provider] = m; len(all) > maxUserPools {
			return invalid("Too many identity providers have principal tags, at most %d may.", maxUserPools)
		}
		pool.PrincipalTags = all
		return nil
	})
	return err
}

// defaultTags are the tags of PrincipalMap.UseDefaults.
func defaultTags(l *login.Login) map[string]string {
	if l.Provider == login.Amazon {
		return map[string]string{"client": "aud", "username": "user_id"}
	}
	if login.IsSAML(l.Provider) {
		return map[string]string{"client": login.SAMLName, "username": login.SAMLDisplayName}
	}
	return map[string]string{"client": "aud", "username": "sub"}
}

// tags are the principal tags of a session.
func (p *Pools) tags(s *Session) map[string]string {
	var tags map[string]string
	for _, l := range s.Logins {
		for _, name := range slices.Sorted(maps.Keys(s.Pool.PrincipalTags)) {
			if !p.names(name, l) {
				continue
			}
			m := s.Pool.PrincipalTags[name]
			claims := m.PrincipalTags
			if m.UseDefaults {
				claims = defaultTags(l)
			}
			for tag, claim := range claims {
				var value string
				switch raw, ok := l.Claims[claim]; {
				case claim == "aud":
					value = l.Audience
				case l.Claims == nil && (claim == "sub" || claim == "user_id"):
					value = l.Subject
				case ok:
					value = claimText(raw)
				}
				if value == "" || iam.CheckTags(map[string]string{tag: value}) != nil {
					continue // a session cannot have it
				}
				if tags == nil {
					tags = map[string]string{}
				}
				tags[tag] = value
			}
		}
	}
	return tags
}
