package iam

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Bounds of a policy document. AWS allows 6,144 characters for a managed
// policy and 10,240 for a role's; these leave room.
const (
	MaxPolicySize = 20 << 10 // bytes

	maxStatements = 128
	maxPatterns   = 256 // in one Action or Resource
	maxAction     = 128 // bytes of one pattern
	maxResource   = 1024
	maxSid        = 128
)

const policyVersion = "2012-10-17"

// ParsePolicy reads a policy document:
//
//	{"Version": "2012-10-17", "Statement": [
//	  {"Sid": "Read", "Effect": "Allow", "Action": "cognito-idp:AdminGet*",
//	   "Resource": ["arn:aws:cognito-idp:us-east-1:123456789012:userpool/*"]}]}
//
// Statement may be one object instead of a list; Action and Resource may be one
// string or a list. The error of a document that says anything else, names the
// place. Members are case-sensitive and may stand only once.
func ParsePolicy(document []byte) (*Policy, error) {
	statements, err := readDocument(document, keyGrammar)
	if err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	return &Policy{document: string(document), statements: statements}, nil
}

// A grammar is in what the kinds of policy documents differ.
type grammar struct {
	members   []string                   // of a statement
	resource  func(pattern string) error // nil: a statement has no Resource
	condition func(key string) bool      // the keys of Condition; nil: there is none
}

var (
	keyGrammar   = grammar{[]string{"Sid", "Effect", "Action", "Resource"}, checkResource, nil}
	roleGrammar  = grammar{[]string{"Sid", "Effect", "Action", "Resource", "Condition"}, checkRoleResource, isSessionKey}
	trustGrammar = grammar{[]string{"Sid", "Effect", "Principal", "Action", "Condition"}, nil, isTrustKey}
)

func readDocument(document []byte, g grammar) ([]statement, error) {
	if len(document) > MaxPolicySize {
		return nil, fmt.Errorf("document has %d bytes, at most %d are allowed", len(document), MaxPolicySize)
	}
	if !utf8.Valid(document) {
		return nil, errors.New("document is not UTF-8")
	}
	members, err := readObject(document, "Version", "Statement")
	if err != nil {
		return nil, err
	}
	version, err := readString(members["Version"])
	if err != nil {
		return nil, fmt.Errorf("Version: %w", err)
	}
	if version != policyVersion {
		return nil, fmt.Errorf("Version: %q is not supported, only %q", version, policyVersion)
	}
	list := []json.RawMessage{members["Statement"]}
	if isList(members["Statement"]) {
		if err := json.Unmarshal(members["Statement"], &list); err != nil {
			return nil, fmt.Errorf("Statement: %w", err)
		}
	}
	if len(list) == 0 || len(list) > maxStatements {
		return nil, fmt.Errorf("Statement: %d statements, from 1 to %d are allowed", len(list), maxStatements)
	}
	var statements []statement
	for i, raw := range list {
		s, err := readStatement(raw, g)
		if err != nil {
			return nil, fmt.Errorf("statement %d: %w", i+1, err)
		}
		statements = append(statements, s)
	}
	return statements, nil
}

func readStatement(raw json.RawMessage, g grammar) (statement, error) {
	var s statement
	members, err := readObject(raw, g.members...)
	if err != nil {
		return s, err
	}
	if raw, ok := members["Sid"]; ok {
		sid, err := readString(raw)
		if err != nil {
			return s, fmt.Errorf("Sid: %w", err)
		}
		if len(sid) > maxSid || strings.ContainsFunc(sid, func(c rune) bool { return !isAlphanumeric(c) }) {
			return s, errors.New("Sid: only up to 128 of A-Z, a-z and 0-9 are allowed")
		}
	}
	switch effect, err := readString(members["Effect"]); {
	case err != nil:
		return s, fmt.Errorf("Effect: %w", err)
	case effect == "Deny":
		s.deny = true
	case effect != "Allow":
		return s, fmt.Errorf("Effect: %q is neither Allow nor Deny", effect)
	}
	if s.actions, err = readPatterns(members["Action"], checkAction); err != nil {
		return s, fmt.Errorf("Action: %w", err)
	}
	for i, action := range s.actions {
		s.actions[i] = strings.ToLower(action)
	}
	if g.resource == nil {
		if err := checkPrincipal(members["Principal"]); err != nil {
			return s, fmt.Errorf("Principal: %w", err)
		}
	} else if s.resources, err = readPatterns(members["Resource"], g.resource); err != nil {
		return s, fmt.Errorf("Resource: %w", err)
	}
	if raw, ok := members["Condition"]; ok {
		if s.conditions, err = readConditions(raw, g.condition, g.resource != nil); err != nil {
			return s, fmt.Errorf("Condition: %w", err)
		}
	}
	return s, nil
}

// checkAction wants "*" or "service:operation", with wildcards in either part.
func checkAction(pattern string) error {
	if len(pattern) > maxAction {
		return fmt.Errorf("a pattern has %d bytes, at most %d are allowed", len(pattern), maxAction)
	}
	service, operation, ok := strings.Cut(pattern, ":")
	if pattern == "*" || ok && isActionPart(service) && isActionPart(operation) {
		return nil
	}
	return fmt.Errorf("%q is neither * nor of the form service:operation", pattern)
}

func isActionPart(part string) bool {
	return part != "" && !strings.ContainsFunc(part, func(c rune) bool {
		return !isAlphanumeric(c) && c != '-' && c != '*' && c != '?'
	})
}

// checkResource wants "*" or an ARN with wildcards. Policy variables are
// refused: taken literally, a Deny with one would deny nothing.
func checkResource(pattern string) error {
	switch {
	case len(pattern) > maxResource:
		return fmt.Errorf("a pattern has %d bytes, at most %d are allowed", len(pattern), maxResource)
	case strings.Contains(pattern, "${"):
		return fmt.Errorf("%q: policy variables are not supported", pattern)
	case strings.ContainsFunc(pattern, func(c rune) bool { return c <= ' ' || c > '~' }):
		return fmt.Errorf("%q has a character that no ARN has", pattern)
	case pattern != "*" && !strings.HasPrefix(pattern, "arn:"):
		return fmt.Errorf("%q is neither * nor an ARN", pattern)
	}
	return nil
}

func isAlphanumeric(c rune) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

// readPatterns reads one string or a list of them.
func readPatterns(raw json.RawMessage, check func(string) error) ([]string, error) {
	list := []json.RawMessage{raw}
	if isList(raw) {
		if err := json.Unmarshal(raw, &list); err != nil {
			return nil, err
		}
	}
	if len(list) == 0 || len(list) > maxPatterns {
		return nil, fmt.Errorf("%d patterns, from 1 to %d are allowed", len(list), maxPatterns)
	}
	patterns := make([]string, 0, len(list))
	for _, raw := range list {
		pattern, err := readString(raw)
		if err != nil {
			return nil, err
		}
		if err := check(pattern); err != nil {
			return nil, err
		}
		patterns = append(patterns, pattern)
	}
	return patterns, nil
}

// readString reads a JSON string; null, which encoding/json would let pass, is
// none.
func readString(raw json.RawMessage) (string, error) {
	if len(raw) == 0 {
		return "", errors.New("is missing")
	}
	if raw[0] != '"' {
		return "", errors.New("is not a string")
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return "", err
	}
	return text, nil
}

func isList(raw json.RawMessage) bool { return len(raw) > 0 && raw[0] == '[' }

// readObject reads the members of one JSON object. Unlike encoding/json's
// struct decoding it tells case apart and refuses a repeated member, of which
// the two readers of a document could otherwise see different ones. Without
// known names any name will do.
func readObject(raw []byte, known ...string) (map[string]json.RawMessage, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if token, err := d.Token(); err != nil || token != json.Delim('{') {
		return nil, errors.New("not a JSON object")
	}
	members := make(map[string]json.RawMessage, len(known))
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		name, ok := token.(string)
		if !ok {
			return nil, errors.New("not a JSON object")
		}
		if len(known) > 0 {
			if err := checkMember(name, known); err != nil {
				return nil, err
			}
		}
		if _, twice := members[name]; twice {
			return nil, fmt.Errorf("member %s stands twice", name)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		members[name] = value
	}
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	if d.InputOffset() != int64(len(bytes.TrimRight(raw, " \t\r\n"))) {
		return nil, errors.New("text follows the JSON object")
	}
	return members, nil
}

func checkMember(name string, known []string) error {
	for _, k := range known {
		if name == k {
			return nil
		}
	}
	switch name {
	case "NotAction", "NotResource", "Condition", "Principal", "NotPrincipal":
		return fmt.Errorf("member %s is not supported", name)
	}
	return fmt.Errorf("unknown member %q", name)
}
