package iam

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// checkVariables wants every ${...} of a text to name a key that sessions have.
func checkVariables(text string) error {
	for {
		_, after, ok := strings.Cut(text, "${")
		if !ok {
			return nil
		}
		name, rest, ok := strings.Cut(after, "}")
		if !ok || !isSessionKey(name) {
			return fmt.Errorf("%q is no policy variable that is supported", "${"+name+"}")
		}
		text = rest
	}
}

// isSessionKey reports whether a permission policy may ask for the key: what it
// says is the same for the whole life of a session.
func isSessionKey(key string) bool {
	lower := strings.ToLower(key)
	return lower == KeyAudience || lower == KeySubject || lower == KeyMethods ||
		isTagKey(lower, strings.ToLower(PrefixPrincipalTag))
}

// isTrustKey reports whether a trust policy may ask for the key.
func isTrustKey(key string) bool {
	lower := strings.ToLower(key)
	return lower == KeyAudience || lower == KeySubject || lower == KeyMethods ||
		lower == strings.ToLower(KeySessionName) || lower == strings.ToLower(KeyTagKeys) ||
		isTagKey(lower, strings.ToLower(PrefixRequestTag))
}

func isTagKey(key, prefix string) bool {
	tag, ok := strings.CutPrefix(key, prefix)
	return ok && tag != "" && len(tag) <= maxTagKey && !strings.ContainsAny(tag, "${},'*?")
}

// expand puts the values of a session in the place of a text's variables. It
// reports false if one is absent, has several values or one that would be read
// as a pattern: then the text says nothing.
func expand(text string, context Context) (string, bool) {
	if !strings.Contains(text, "${") {
		return text, true
	}
	var b strings.Builder
	for {
		before, after, ok := strings.Cut(text, "${")
		b.WriteString(before)
		if !ok {
			return b.String(), true
		}
		name, rest, ok := strings.Cut(after, "}")
		values := context.values(name)
		if !ok || len(values) != 1 || values[0] == "" || strings.ContainsAny(values[0], "*?$") {
			return "", false
		}
		b.WriteString(values[0])
		text = rest
	}
}

// expandAll expands what can be, and reports whether all could.
func expandAll(texts []string, context Context) (expanded []string, all bool) {
	all = true
	for _, text := range texts {
		if text, ok := expand(text, context); ok {
			expanded = append(expanded, text)
		} else {
			all = false
		}
	}
	return expanded, all
}

// isTagText allows the characters of STS's [\p{L}\p{Z}\p{N}_.:/=+\-@].
func isTagText(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(c rune) bool {
		return !unicode.In(c, unicode.L, unicode.Z, unicode.N) && !strings.ContainsRune("_.:/=+-@", c)
	})
}
