package signin_test

import (
	"slices"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/signin"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/threat"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// Whoever signed up on the login pages with a password has proven it, once, on the
// pages, as long as it is the password and the second factor is another matter.
func TestHostedSignedUp(t *testing.T) {
	s := setting{}
	s.client.ExplicitAuthFlows = []string{"ALLOW_USER_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}
	for _, c := range []struct {
		name   string
		api    bool
		change func(w *world, u *store.User)
		code   fault.Code
		text   string
	}{
		{"as it is", false, nil, "", ""},
		{"on the API", true, nil, fault.NotAuthorized, "Invalid session for the user."},
		{"with another password", false, func(w *world, u *store.User) { u.SealedPassword = "another" }, fault.NotAuthorized, "Invalid session for the user."},
		{"disabled", false, func(w *world, u *store.User) { u.Enabled = false }, fault.NotAuthorized, "User is disabled."},
		{"not confirmed", false, func(w *world, u *store.User) { u.Status = userpool.StatusUnconfirmed }, fault.UserNotConfirmed, "User is not confirmed."},
		{"a day later", false, func(w *world, _ *store.User) { w.now.Add(24 * time.Hour.Milliseconds()) }, fault.NotAuthorized,
			"Invalid session for the user, session is expired."},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, s)
			u := w.user("ada", userpool.StatusConfirmed)
			session, err := w.machine.HostedSignedUp(t.Context(), w.pool, w.client, u, password)
			if err != nil || session == "" {
				t.Fatalf("got %q, %v", session, err)
			}
			if c.change != nil {
				if _, err := w.users.Modify(t.Context(), w.pool, u.Sub, func(_ *store.Tx, u *store.User) error { c.change(w, u); return nil }); err != nil {
					t.Fatal(err)
				}
			}
			start := func() (*signin.Outcome, error) {
				return w.machine.Start(t.Context(), signin.Start{Pool: w.pool, Client: w.client, Hosted: !c.api, Flow: "USER_AUTH",
					Parameters: map[string]string{"USERNAME": "ada"}, Session: session})
			}
			o, err := start()
			if c.code != "" {
				wantFault(t, err, c.code, c.text)
				return
			}
			if err != nil || o.Proven == nil || !slices.Equal(o.Proven.AMR, []string{userpool.AMRPassword}) {
				t.Fatalf("got %+v, %v", o, err)
			}
			_, err = start()
			wantFault(t, err, fault.NotAuthorized, "Invalid session for the user, session can only be used once.")
		})
	}
}

// A password that attackers know proves nothing, in pools that look for such.
func TestHostedSignedUpWithLeakedPassword(t *testing.T) {
	for _, c := range []struct {
		name, mode, password string
		proves               bool
	}{
		{"not looked for", "OFF", "Password2024!", true},
		{"leaked", "AUDIT", "Password2024!", false},
		{"not leaked", "AUDIT", "Correct-Horse-Battery-7", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := setting{}
			s.pool.UserPoolTier, s.pool.UserPoolAddOns = "PLUS", &userpool.UserPoolAddOns{AdvancedSecurityMode: c.mode}
			w := newWorld(t, s)
			w.machine.Guard(threat.New(w.db, w.users, nil, threat.Options{}))
			session, err := w.machine.HostedSignedUp(t.Context(), w.pool, w.client, w.user("ada", userpool.StatusConfirmed), c.password)
			if err != nil || (session != "") != c.proves {
				t.Errorf("got %q, %v", session, err)
			}
		})
	}
}
