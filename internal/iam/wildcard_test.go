package iam

import (
	"strings"
	"testing"
	"time"
)

func TestMatch(t *testing.T) {
	tests := []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true},
		{"", "a", false},
		{"*", "", true},
		{"*", "anything", true},
		{"**", "", true},
		{"?", "", false},
		{"?", "a", true},
		{"?", "ab", false},
		{"a", "a", true},
		{"a", "A", false},
		{"a", "ab", false},
		{"ab", "a", false},
		{"a*", "a", true},
		{"a*", "ba", false},
		{"*a", "ba", true},
		{"*a", "ab", false},
		{"*?", "", false},
		{"?*", "a", true},
		{"a*a", "a", false},
		{"a*a", "aa", true},
		{"a*ab", "aab", true},
		{"a*ab*b", "aabb", true},
		{"a*ab*b", "aab", false},
		{"*ab*ab", "ab", false},
		{"*ab*ab", "abab", true},
		{"*a?c*", "xxabxabc", true},
		{"*a?c", "abcabd", false},
		{"x*?y", "xy", false},
		{"x*?y", "xay", true},
		{"userpool/us-east-1_?bc", "userpool/us-east-1_abc", true},
		{"a", "*", false},
		{"?", "*", true},
	}
	for _, tt := range tests {
		t.Run(tt.pattern+" "+tt.text, func(t *testing.T) {
			if got := match(tt.pattern, tt.text); got != tt.want {
				t.Errorf("match(%q, %q) = %t, want %t", tt.pattern, tt.text, got, tt.want)
			}
		})
	}
}

// The pattern on which a matcher that gives found parts up runs for ever.
func TestMatchDoesNotBacktrack(t *testing.T) {
	pattern, text := strings.Repeat("a*", 512)+"b", strings.Repeat("a", 100_000)
	done := make(chan bool, 1)
	go func() { done <- match(pattern, text) }()
	select {
	case got := <-done:
		if got {
			t.Error("matched a text without b")
		}
	case <-time.After(30 * time.Second):
		t.Fatal("still matching after 30 s")
	}
}

// reference matches by the definition, one row of the table per pattern byte.
func reference(pattern, text string) bool {
	row := make([]bool, len(text)+1)
	row[0] = true
	for i := range len(pattern) {
		next := make([]bool, len(text)+1)
		for j := range next {
			if pattern[i] == '*' {
				next[j] = row[j] || j > 0 && next[j-1]
			} else {
				next[j] = j > 0 && row[j-1] && (pattern[i] == '?' || pattern[i] == text[j-1])
			}
		}
		row = next
	}
	return row[len(text)]
}

func FuzzMatch(f *testing.F) {
	f.Add("a*ab*?b", "aababb")
	f.Add("*", "")
	f.Add("arn:aws:cognito-idp:*:*:userpool/*", "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_abc")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if len(pattern)*len(text) > 1<<20 {
			return // the reference would take too long
		}
		if got, want := match(pattern, text), reference(pattern, text); got != want {
			t.Errorf("match(%q, %q) = %t, want %t", pattern, text, got, want)
		}
	})
}
