package iam

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The condition keys of identity pools' sessions. AWS compares names of keys
// without regard to case.
const (
	KeyAudience    = "cognito-identity.amazonaws.com:aud" // the identity pool's id
	KeySubject     = "cognito-identity.amazonaws.com:sub" // the identity's id
	KeyMethods     = "cognito-identity.amazonaws.com:amr" // several values
	KeySessionName = "sts:RoleSessionName"
	KeyTagKeys     = "aws:TagKeys" // several values

	PrefixRequestTag   = "aws:RequestTag/"   // of the tags that are asked for
	PrefixPrincipalTag = "aws:PrincipalTag/" // of the tags a session has
)

// Bounds of a Condition block.
const (
	maxConditions      = 32 // operators and keys in one statement
	maxConditionValues = 64
	maxConditionValue  = 512 // bytes
)

// A Context is what conditions and variables are answered from: the values of
// each key. A key without values is absent.
type Context map[string][]string

// values finds a key, in any letter case.
func (c Context) values(key string) []string {
	if values, ok := c[key]; ok {
		return values
	}
	for name, values := range c {
		if strings.EqualFold(name, key) {
			return values
		}
	}
	return nil
}

// A condition is one operator on one key of a Condition block.
type condition struct {
	key      string
	values   []string
	every    bool // ForAllValues
	some     bool // ForAnyValue
	ifExists bool
	negated  bool
	fits     func(pattern, value string) bool
}

// operators are those of AWS's string conditions, and whether they are negated.
var operators = map[string]struct {
	negated bool
	fits    func(pattern, value string) bool
}{
	"StringEquals":              {false, func(p, v string) bool { return p == v }},
	"StringNotEquals":           {true, func(p, v string) bool { return p == v }},
	"StringEqualsIgnoreCase":    {false, strings.EqualFold},
	"StringNotEqualsIgnoreCase": {true, strings.EqualFold},
	"StringLike":                {false, match},
	"StringNotLike":             {true, match},
}

// holds says whether the condition is met. The rules for absent keys and for
// several values are those of "Multivalued context keys" and "IfExists" in the
// IAM User Guide: ForAllValues holds of no values, ForAnyValue does not, and
// without either a negated operator holds of an absent key.
func (c *condition) holds(context Context) bool {
	values := context.values(c.key)
	if len(values) == 0 {
		return c.ifExists || c.every || c.negated && !c.some
	}
	wanted, ok := expandAll(c.values, context)
	if !ok && len(wanted) == 0 && !c.negated {
		return false
	}
	met := func(value string) bool {
		fits := slices.ContainsFunc(wanted, func(pattern string) bool { return c.fits(pattern, value) })
		return fits != c.negated
	}
	// A negated operator without a quantifier wants it of every value: of one
	// value it is the same, and of several the stricter reading is the safe one.
	if c.every || c.negated && !c.some {
		return !slices.ContainsFunc(values, func(v string) bool { return !met(v) })
	}
	return slices.ContainsFunc(values, met)
}

// readConditions reads {"Operator": {"key": "value" or ["value", ...]}}.
func readConditions(raw json.RawMessage, known func(key string) bool, variables bool) ([]condition, error) {
	blocks, err := readObject(raw)
	if err != nil {
		return nil, err
	}
	var all []condition
	for name, raw := range blocks {
		c, err := newCondition(name)
		if err != nil {
			return nil, err
		}
		keys, err := readObject(raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for key, raw := range keys {
			if !known(key) {
				return nil, fmt.Errorf("%s: the key %q is not supported", name, key)
			}
			c.key = key
			if c.values, err = readConditionValues(raw, variables); err != nil {
				return nil, fmt.Errorf("%s: %s: %w", name, key, err)
			}
			all = append(all, c)
		}
	}
	if len(all) > maxConditions {
		return nil, fmt.Errorf("%d conditions, at most %d are allowed", len(all), maxConditions)
	}
	return all, nil
}

func newCondition(name string) (condition, error) {
	var c condition
	rest, every := strings.CutPrefix(name, "ForAllValues:")
	rest, some := strings.CutPrefix(rest, "ForAnyValue:")
	rest, ifExists := strings.CutSuffix(rest, "IfExists")
	operator, ok := operators[rest]
	if !ok || every && some {
		return c, fmt.Errorf("the operator %q is not supported", name)
	}
	return condition{every: every, some: some, ifExists: ifExists, negated: operator.negated, fits: operator.fits}, nil
}

func readConditionValues(raw json.RawMessage, variables bool) ([]string, error) {
	list := []json.RawMessage{raw}
	if isList(raw) {
		if err := json.Unmarshal(raw, &list); err != nil {
			return nil, err
		}
	}
	if len(list) == 0 || len(list) > maxConditionValues {
		return nil, fmt.Errorf("%d values, from 1 to %d are allowed", len(list), maxConditionValues)
	}
	values := make([]string, 0, len(list))
	for _, raw := range list {
		value, err := readString(raw)
		switch {
		case err != nil:
			return nil, err
		case len(value) > maxConditionValue:
			return nil, fmt.Errorf("a value has %d bytes, at most %d are allowed", len(value), maxConditionValue)
		case !variables && strings.Contains(value, "${"):
			return nil, errors.New("policy variables are not supported here")
		}
		if err := checkVariables(value); err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	return values, nil
}
