package iam

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// CognitoIdentity is whom a trust policy trusts with the identities of pools.
const CognitoIdentity = "cognito-identity.amazonaws.com"

// The actions that trust policies are about.
const (
	ActionAssumeRole = "sts:AssumeRoleWithWebIdentity"
	ActionTagSession = "sts:TagSession"
)

const maxTagKey = 128 // characters, as STS has it

// A RolePolicy is the permission policy of a role: the language of access keys'
// policies, with variables in Resource and with Condition, both about the
// session. It does not change.
type RolePolicy struct {
	document   string
	statements []statement
}

// ParseRolePolicy reads a permission policy. Besides what [ParsePolicy] takes it
// may have, in Resource and in the values of conditions,
// ${cognito-identity.amazonaws.com:sub}, ${cognito-identity.amazonaws.com:aud}
// and ${aws:PrincipalTag/<key>}, and it may have Condition over these keys and
// cognito-identity.amazonaws.com:amr, with the string operators.
func ParseRolePolicy(document []byte) (*RolePolicy, error) {
	statements, err := readDocument(document, roleGrammar)
	if err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	return &RolePolicy{document: string(document), statements: statements}, nil
}

// String is the document as it was parsed.
func (p *RolePolicy) String() string { return p.document }

// For is what the policy says of one session: conditions decided and variables
// replaced, so that nothing is left but actions and resources. A statement whose
// condition is not met is left out, as is a resource with a variable that the
// session has no value for.
func (p *RolePolicy) For(context Context) *Policy {
	resolved := &Policy{}
	type jsonStatement struct {
		Effect           string
		Action, Resource []string
	}
	text := struct {
		Version   string
		Statement []jsonStatement
	}{policyVersion, []jsonStatement{}}
	for _, s := range p.statements {
		if slices.ContainsFunc(s.conditions, func(c condition) bool { return !c.holds(context) }) {
			continue
		}
		resources, _ := expandAll(s.resources, context)
		if len(resources) == 0 {
			continue
		}
		resolved.statements = append(resolved.statements, statement{deny: s.deny, actions: s.actions, resources: resources})
		effect := "Allow"
		if s.deny {
			effect = "Deny"
		}
		text.Statement = append(text.Statement, jsonStatement{effect, s.actions, resources})
	}
	document, err := json.Marshal(text)
	if err != nil {
		panic("iam: " + err.Error()) // strings always encode
	}
	resolved.document = string(document)
	return resolved
}

// A TrustPolicy says who may become a role. It does not change.
type TrustPolicy struct {
	document   string
	statements []statement
}

// ParseTrustPolicy reads a role's trust policy:
//
//	{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
//	  "Principal": {"Federated": "cognito-identity.amazonaws.com"},
//	  "Action": ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"],
//	  "Condition": {
//	    "StringEquals": {"cognito-identity.amazonaws.com:aud": "us-east-1:..."},
//	    "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "authenticated"}}}]}
//
// As in AWS since August 2025, a statement that trusts identity pools must name
// the pools it trusts, by a condition on the key aud.
func ParseTrustPolicy(document []byte) (*TrustPolicy, error) {
	statements, err := readDocument(document, trustGrammar)
	if err != nil {
		return nil, fmt.Errorf("trust policy: %w", err)
	}
	for i, s := range statements {
		if !s.deny && !slices.ContainsFunc(s.conditions, namesPools) {
			return nil, fmt.Errorf("trust policy: statement %d: a condition on %s must say which identity pools are trusted", i+1, KeyAudience)
		}
	}
	return &TrustPolicy{document: string(document), statements: statements}, nil
}

// namesPools reports whether a condition is met by some identity pools only: none
// of its values is a pattern that the form of a pool's id meets whatever the pool.
func namesPools(c condition) bool {
	return strings.EqualFold(c.key, KeyAudience) && !c.negated && !c.ifExists && !c.every &&
		!slices.ContainsFunc(c.values, func(value string) bool { return strings.Trim(value, "*?:-") == "" })
}

// String is the document as it was parsed.
func (p *TrustPolicy) String() string { return p.document }

// Allows reports whether an identity may become the role: context is what its
// token and its request say. With tags, it must be allowed to have them, too.
func (p *TrustPolicy) Allows(context Context) bool {
	if p == nil || !p.allows(ActionAssumeRole, context) {
		return false
	}
	return len(context.values(KeyTagKeys)) == 0 || p.allows(ActionTagSession, context)
}

func (p *TrustPolicy) allows(action string, context Context) bool {
	action = strings.ToLower(action)
	allowed := false
	for _, s := range p.statements {
		fits := slices.ContainsFunc(s.actions, func(pattern string) bool { return match(pattern, action) }) &&
			!slices.ContainsFunc(s.conditions, func(c condition) bool { return !c.holds(context) })
		if fits && s.deny {
			return false
		}
		allowed = allowed || fits
	}
	return allowed
}

// checkPrincipal wants {"Federated": "cognito-identity.amazonaws.com"}: there is
// nobody else whom a role could trust.
func checkPrincipal(raw json.RawMessage) error {
	if len(raw) == 0 {
		return errors.New("is missing")
	}
	members, err := readObject(raw, "Federated")
	if err != nil {
		return err
	}
	names, err := readPatterns(members["Federated"], func(name string) error {
		if name != CognitoIdentity {
			return fmt.Errorf("Federated: %q is not %s", name, CognitoIdentity)
		}
		return nil
	})
	if err == nil && len(names) != 1 {
		err = errors.New("Federated: stands twice")
	}
	return err
}

// checkRoleResource is checkResource with the variables of sessions.
func checkRoleResource(pattern string) error {
	if err := checkVariables(pattern); err != nil {
		return err
	}
	return checkResource(strings.ReplaceAll(pattern, "${", ""))
}

// Bounds and form of a session tag, as STS has them.
const (
	MaxTags        = 50
	maxTagValueLen = 256
)

// CheckTags wants tags as STS takes them: up to 50, keys of 1 to 128 and values
// of up to 256 characters, letters, digits, spaces and _.:/=+-@. Two keys may not
// be the same but for the case of letters, since policies would find either.
func CheckTags(tags map[string]string) error {
	if len(tags) > MaxTags {
		return fmt.Errorf("%d session tags, at most %d are allowed", len(tags), MaxTags)
	}
	for key, value := range tags {
		if key == "" || utf8.RuneCountInString(key) > maxTagKey || !isTagText(key) || strings.HasPrefix(strings.ToLower(key), "aws:") {
			return errors.New("a session tag has a key that is not allowed")
		}
		if utf8.RuneCountInString(value) > maxTagValueLen || !isTagText(value) {
			return fmt.Errorf("the session tag %s has a value that is not allowed", key)
		}
		for other := range tags {
			if other != key && strings.EqualFold(other, key) {
				return errors.New("two session tags have keys that differ in the case of letters only")
			}
		}
	}
	return nil
}
