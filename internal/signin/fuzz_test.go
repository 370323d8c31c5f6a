package signin_test

import (
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/signin"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// FuzzSession: only a session string as it was handed out, in either alphabet of
// base64 and padded or not, is one. Nothing else panics or is an internal error.
func FuzzSession(f *testing.F) {
	w := mfaWorld(f, appOnly("ON"), setting{})
	w.user("ada", userpool.StatusConfirmed)
	o, err := w.passwordAuth("ada", password)
	if err != nil {
		f.Fatal(err)
	}
	spelling := strings.NewReplacer("+", "-", "/", "_")
	for _, s := range []string{o.Session, o.Session[1:], o.Session + "=", "", "=", "AAAA", "\x00", strings.Repeat("A", 3000)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, session string) {
		_, _, err := w.machine.SessionOwner(session)
		_, respondErr := w.respond("MFA_SETUP", session, map[string]string{"USERNAME": "ada"})
		_, _, setUpErr := w.machine.AssociateToken(t.Context(), signin.SetUp{Pool: w.pool, Client: w.client, Session: session})
		if same := strings.TrimRight(spelling.Replace(session), "=") == o.Session; same {
			if setUpErr != nil {
				t.Errorf("the session in another spelling: %v", setUpErr)
			}
			return
		}
		for _, err := range []error{err, respondErr, setUpErr} {
			if code := fault.CodeOf(err); code != fault.NotAuthorized && code != fault.InvalidParameter {
				t.Errorf("session %q: %v", session, err)
			}
		}
	})
}
