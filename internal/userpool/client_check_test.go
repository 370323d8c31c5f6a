package userpool

import (
	"net/url"
	"strings"
	"testing"
)

// Whatever is accepted as a redirect has a scheme and no fragment, and sends
// codes over plain http to the own machine only.
func FuzzRedirect(f *testing.F) {
	for _, seed := range []string{"https://example.com/cb", "http://localhost:3000", "http://[::1]/", "myapp://cb", "HTTP://example.com",
		"http://localhost@example.com/", "javascript:alert(1)", "https://example.com/#a", "//example.com", "http:/example.com", "http:example.com"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if checkRedirect(text) != nil {
			return
		}
		u, err := url.Parse(text)
		if err != nil {
			t.Fatalf("%q does not parse", text)
		}
		host := u.Hostname()
		loopback := host == "localhost" || host == "::1" || strings.HasPrefix(host, "127.") || strings.HasPrefix(host, "::ffff:")
		if u.Scheme == "" || strings.Contains(text, "#") || u.Scheme == "http" && !loopback {
			t.Errorf("%q is accepted: scheme %q, host %q", text, u.Scheme, host)
		}
	})
}
