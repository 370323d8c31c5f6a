package testenv

import "testing"

func TestRequired(t *testing.T) {
	for _, c := range []struct {
		list, name string
		want       bool
	}{
		{"", "postgres", false},
		{"postgres", "postgres", true},
		{"chromium, postgres", "postgres", true},
		{"postgres15", "postgres", false},
		{"chromium,node", "postgres", false},
	} {
		if got := required(c.list, c.name); got != c.want {
			t.Errorf("required(%q, %q) = %v", c.list, c.name, got)
		}
	}
}
