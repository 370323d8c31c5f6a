package main

import (
	"fmt"
	"regexp"
	"strings"
)

// equivalents are patterns that RE2 cannot express as they are, each with an
// expression for the same strings.
var equivalents = map[string]string{
	// A lookbehind: letters, digits, dots, hyphens and underscores, not ending
	// in a dot.
	`^[0-9A-Za-z\.\-_]*(?<!\.)$`: `(?:[0-9A-Za-z._-]*[0-9A-Za-z_-])?`,
}

// served are patterns of shapes for which the service uses, and quotes, another
// than the published one; an empty one stands for none.
var served = map[string]string{
	// The published one fits prefixes only, but custom domains are host names. The
	// service tells of both in words of its own.
	"DomainType": "",
	// Spaces may stand inside a password. Seen in the service's own messages.
	"PasswordType": `^[\S]+.*[\S]+$`,
}

// Where Java and RE2 read the same text differently. In Java, \s includes the
// vertical tab and a dot stops at every Unicode line terminator.
const (
	javaSpace    = `\t-\r `
	javaNonSpace = `\x00-\x08\x0e-\x1f!-\x{10ffff}`
	javaDot      = `[^\n\r\x{85}\x{2028}\x{2029}]`
)

// translate returns the RE2 expression that, as a whole match, accepts the
// strings that Java's matches accepts for pattern.
func translate(pattern string) (string, error) {
	expr, ok := equivalents[pattern]
	if !ok {
		var err error
		if expr, err = rewrite(pattern); err != nil {
			return "", fmt.Errorf("pattern %s: %w", pattern, err)
		}
	}
	if _, err := regexp.Compile(`\A(?:` + expr + `)\z`); err != nil {
		return "", fmt.Errorf("pattern %s: %w", pattern, err)
	}
	return expr, nil
}

// sameEscapes mean the same in both syntaxes; any other letter or digit after a
// backslash needs a decision here first.
const sameEscapes = `wWdDpPxtnrf`

func rewrite(pattern string) (string, error) {
	var b strings.Builder
	inClass, dotAll := false, false
	for i := 0; i < len(pattern); i++ {
		c := pattern[i]
		switch {
		case c == '\\':
			i++
			if i == len(pattern) {
				return "", fmt.Errorf("ends in a backslash")
			}
			escape, err := rewriteEscape(pattern[i], inClass)
			if err != nil {
				return "", err
			}
			b.WriteString(escape)
			continue
		case inClass && c == '[', inClass && c == '&' && strings.HasPrefix(pattern[i:], "&&"):
			return "", fmt.Errorf("has a class within a class, which RE2 does not know")
		case c == '[':
			inClass = true
		case c == ']':
			inClass = false
		case !inClass && strings.HasPrefix(pattern[i:], "(?s)"):
			dotAll = true
		case !inClass && c == '.' && !dotAll:
			b.WriteString(javaDot)
			continue
		}
		b.WriteByte(c)
	}
	return b.String(), nil
}

func rewriteEscape(c byte, inClass bool) (string, error) {
	set := ""
	switch {
	case c == 's':
		set = javaSpace
	case c == 'S':
		set = javaNonSpace
	case strings.IndexByte(sameEscapes, c) >= 0, !isAlphanumeric(c):
		return `\` + string(c), nil
	default:
		return "", fmt.Errorf(`has the escape \%c, which is not known to mean the same in RE2`, c)
	}
	if inClass {
		return set, nil
	}
	return "[" + set + "]", nil
}

func isAlphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
