package userpool

import (
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/store"
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

// TestPasswordsEndClientSessions tells clients of what an administrator does to a
// password, if the user cannot go on with what there was.
func TestPasswordsEndClientSessions(t *testing.T) {
	d := newDirectory(t, NoLimits())
	pool := testPool(t)
	ann := d.annWith(pool, "email", "a@example.com", "email_verified", "true")
	for _, tt := range []struct {
		name string
		do   func() error
		told int
	}{
		{"a password for good", func() error { return d.users.SetPassword(t.Context(), pool, "ann", "N3w-Passw0rd", true) }, 0},
		{"to be set anew", func() error { return d.users.ResetPassword(t.Context(), pool, "ann") }, 1},
		{"a password for once", func() error { return d.users.SetPassword(t.Context(), pool, "ann", "N3w-Passw0rd", false) }, 1},
	} {
		told := 0
		err := d.db.Update(t.Context(), func(tx *store.Tx) error {
			_, err := tx.JoinClientSession(store.ClientSession{PoolID: pool.ID, SID: tt.name, ClientID: "client", Sub: ann.Sub,
				SessionID: "browser", OriginJTI: "origin", ExpiresAt: tx.Now().Add(time.Hour)})
			return err
		})
		if err == nil {
			err = tt.do()
		}
		if err == nil {
			err = d.db.Update(t.Context(), func(tx *store.Tx) error {
				list, err := tx.TakeLogoutNotices("test", tx.Now().Add(time.Hour), nil, 10)
				told = len(list)
				return err
			})
		}
		if err != nil || told != tt.told {
			t.Errorf("%s: %d told, want %d; %v", tt.name, told, tt.told, err)
		}
	}
}
