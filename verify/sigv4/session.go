package sigv4

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"
)

// A Session is who signed a request. It must not be changed: requests share it.
type Session struct {
	AccessKeyID string
	ARN         string // arn:aws:sts::<account>:assumed-role/<role>/<session>
	UserID      string
	Account     string

	RoleARN        string
	SessionName    string
	IdentityID     string
	IdentityPoolID string
	// Amr says how the identity was proven: "unauthenticated", or "authenticated"
	// with the provider.
	Amr  []string
	Tags map[string]string // the session tags

	ExpiresAt time.Time

	policy []statement
}

// Authenticated reports whether the identity is of somebody who signed in, and
// not of a guest.
func (s *Session) Authenticated() bool { return slices.Contains(s.Amr, "authenticated") }

// Allows reports whether the permission policy of the session's role allows an
// action, such as "notes:Read" in any letter case, on a resource, such as an ARN.
// A Deny statement wins over everything. Variables and conditions of the policy
// were decided for this session.
func (s *Session) Allows(action, resource string) bool {
	if s == nil {
		return false
	}
	action = strings.ToLower(action)
	allowed := false
	for _, p := range s.policy {
		if !matchAny(p.Action, action) || !matchAny(p.Resource, resource) {
			continue
		}
		if p.Effect != "Allow" {
			return false
		}
		allowed = true
	}
	return allowed
}

// A statement of a policy as the server sends it: actions in lower case, nothing
// but lists of patterns.
type statement struct {
	Effect   string
	Action   patterns
	Resource patterns
}

// patterns are one string or a list of them.
type patterns []string

// UnmarshalJSON reads either form.
func (p *patterns) UnmarshalJSON(text []byte) error {
	var one string
	if err := json.Unmarshal(text, &one); err == nil {
		*p = patterns{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(p))
}

// parsePolicy reads a policy. One that is not understood to the last member is an
// error: to pass over a condition would be to widen it.
func parsePolicy(text []byte) ([]statement, error) {
	if len(text) == 0 || string(text) == "null" {
		return nil, nil
	}
	var document struct {
		Version   string
		Statement json.RawMessage
	}
	if err := strict(text, &document); err != nil {
		return nil, err
	}
	if len(document.Statement) > 0 && document.Statement[0] == '{' {
		document.Statement = append(append([]byte("["), document.Statement...), ']')
	}
	var list []struct {
		Sid string
		statement
	}
	if err := strict(document.Statement, &list); err != nil {
		return nil, err
	}
	statements := make([]statement, 0, len(list))
	for _, s := range list {
		if s.Effect != "Allow" && s.Effect != "Deny" {
			return nil, errors.New("a statement has an unknown effect")
		}
		for i, action := range s.Action {
			s.Action[i] = strings.ToLower(action)
		}
		statements = append(statements, s.statement)
	}
	return statements, nil
}

func strict(text []byte, into any) error {
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

func matchAny(all patterns, text string) bool {
	return slices.ContainsFunc(all, func(pattern string) bool { return match(pattern, text) })
}

// match reports whether the whole text fits the pattern, in which * stands for any
// run of bytes, also none, and ? for exactly one. It goes back to the last star
// only, for if any placement of the earlier ones fits, the leftmost does.
func match(pattern, text string) bool {
	star, mark := -1, 0
	p, t := 0, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			mark++
			p, t = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

type contextKey struct{}

// FromContext returns the session of a request that passed the middleware.
func FromContext(ctx context.Context) (*Session, bool) {
	s, ok := ctx.Value(contextKey{}).(*Session)
	return s, ok
}

// NewContext is what the middleware does; handlers' tests can do it, too.
func NewContext(ctx context.Context, s *Session) context.Context {
	return context.WithValue(ctx, contextKey{}, s)
}
