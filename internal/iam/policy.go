package iam

import (
	"slices"
	"strings"
)

// A Decision is what a policy says about one action on one resource.
type Decision int

// The decisions. An explicit denial wins over everything, as in AWS.
const (
	ImplicitDeny Decision = iota // no statement fits
	Allow
	ExplicitDeny // a Deny statement fits, whatever else does
)

func (d Decision) String() string {
	switch d {
	case Allow:
		return "Allow"
	case ExplicitDeny:
		return "ExplicitDeny"
	}
	return "ImplicitDeny"
}

// A Policy is a parsed policy document. It does not change and may be used by
// many goroutines. The zero value and nil allow nothing.
type Policy struct {
	document   string
	statements []statement
}

type statement struct {
	deny      bool
	actions   []string // patterns, lower case
	resources []string // patterns; none in a trust policy

	conditions []condition // all must hold; none in the policy of an access key
}

const administratorDocument = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`

// AdministratorPolicy allows every action on every resource.
func AdministratorPolicy() *Policy {
	return &Policy{
		document:   administratorDocument,
		statements: []statement{{actions: []string{"*"}, resources: []string{"*"}}},
	}
}

// String is the document as it was parsed; ParsePolicy reads it back.
func (p *Policy) String() string {
	if p == nil {
		return ""
	}
	return p.document
}

// Decide says what the policy holds of an action such as
// "cognito-idp:AdminGetUser", in any letter case, on a resource: a pool's ARN,
// or "*" for an operation that is about no single pool, which only the pattern
// "*" fits.
func (p *Policy) Decide(action, resource string) Decision {
	if p == nil {
		return ImplicitDeny
	}
	action = strings.ToLower(action)
	decision := ImplicitDeny
	for _, s := range p.statements {
		if !s.fits(action, resource) {
			continue
		}
		if s.deny {
			return ExplicitDeny
		}
		decision = Allow
	}
	return decision
}

// Allows reports whether Decide says Allow.
func (p *Policy) Allows(action, resource string) bool {
	return p.Decide(action, resource) == Allow
}

func (s statement) fits(action, resource string) bool {
	return slices.ContainsFunc(s.actions, func(pattern string) bool { return match(pattern, action) }) &&
		slices.ContainsFunc(s.resources, func(pattern string) bool { return match(pattern, resource) })
}
