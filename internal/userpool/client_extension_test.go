package userpool

import (
	"strings"
	"testing"
)

func TestCheckLogoutURI(t *testing.T) {
	const (
		scheme   = "InvalidParameterException: backChannelLogoutUri must use the HTTPS protocol."
		broken   = "InvalidParameterException: backChannelLogoutUri is not a valid URL."
		fragment = "InvalidParameterException: backChannelLogoutUri cannot contain a fragment."
	)
	long := "https://example.com/" + strings.Repeat("a", maxLogoutURI)
	for _, tt := range []struct{ uri, want, local string }{
		{"", "", ""},
		{"https://app.example.com/logout?a=b", "", ""},
		{"https://10.0.0.1:8443", "", ""}, // what may be reached is decided on the way
		{"http://app.example.com/", scheme, scheme},
		{"http://127.0.0.1:3000/logout", scheme, ""},
		{"http://[::1]/", scheme, ""},
		{"http://localhost.example.com/", scheme, scheme},
		{"ftp://localhost/", scheme, scheme},
		{"//example.com/", scheme, scheme},
		{"https://user:secret@example.com/", broken, broken},
		{"https:///logout", broken, broken},
		{"https://exa mple.com/", broken, broken},
		{"/logout", broken, broken},
		{"https://example.com/#", fragment, fragment},
		{long[:maxLogoutURI], "", ""},
		{long[:maxLogoutURI+1], "InvalidParameterException: backChannelLogoutUri cannot be longer than 1024 bytes.",
			"InvalidParameterException: backChannelLogoutUri cannot be longer than 1024 bytes."},
	} {
		for local, want := range map[bool]string{false: tt.want, true: tt.local} {
			got := ""
			if err := (&Pools{localLogout: local}).checkLogoutURI(tt.uri); err != nil {
				got = err.Error()
			}
			if got != want {
				t.Errorf("%.60s (local %v): %q, want %q", tt.uri, local, got, want)
			}
		}
	}
}

// FuzzCheckLogoutURI lets nothing through that is not https, in a place of its own.
func FuzzCheckLogoutURI(f *testing.F) {
	for _, seed := range []string{"https://example.com/", "HTTPS://example.com", "https://a@b/", "http://localhost", "https://[::1]:1/#", "https:\\\\x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if err := new(Pools).checkLogoutURI(text); err == nil && text != "" &&
			(len(text) > maxLogoutURI || !strings.EqualFold(text[:min(len(text), 8)], "https://") || strings.ContainsAny(text, "#\x00\r\n")) {
			t.Errorf("%q is taken", text)
		}
	})
}
