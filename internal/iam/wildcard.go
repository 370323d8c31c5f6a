package iam

import "strings"

// match reports whether the whole text fits the pattern, in which * stands for
// any run of bytes, also none, and ? for exactly one.
//
// The parts between stars are found leftmost first, and a found part is never
// given up: if any placement fits, the leftmost does. So there is no
// backtracking over stars; a pattern without ? takes linear time, and one with
// ? at most the product of the lengths.
func match(pattern, text string) bool {
	head, rest, star := strings.Cut(pattern, "*")
	if !star {
		return len(text) == len(head) && hasPrefix(text, head)
	}
	if !hasPrefix(text, head) {
		return false
	}
	text = text[len(head):]
	for {
		part, after, more := strings.Cut(rest, "*")
		if !more {
			return len(text) >= len(part) && hasPrefix(text[len(text)-len(part):], part)
		}
		at := index(text, part)
		if at < 0 {
			return false
		}
		text, rest = text[at+len(part):], after
	}
}

// index is strings.Index for a part that may hold ?.
func index(text, part string) int {
	if !strings.Contains(part, "?") {
		return strings.Index(text, part)
	}
	for at := 0; at+len(part) <= len(text); at++ {
		if hasPrefix(text[at:], part) {
			return at
		}
	}
	return -1
}

// hasPrefix is strings.HasPrefix for a part that may hold ?.
func hasPrefix(text, part string) bool {
	if len(text) < len(part) {
		return false
	}
	for i := range len(part) {
		if part[i] != '?' && part[i] != text[i] {
			return false
		}
	}
	return true
}
