package signin

import (
	"testing"

	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/threat"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// TestDeviceIsNoFactorAgainstRisk: a remembered device spares its user the second
// factor, but not where the risk of the sign-in demands one.
func TestDeviceIsNoFactorAgainstRisk(t *testing.T) {
	pool := new(userpool.Pool)
	pool.MfaConfiguration = "OPTIONAL"
	pool.MFAFactors.SoftwareToken = &userpool.SoftwareTokenMFA{Enabled: true}
	pool.DeviceConfiguration = &userpool.DeviceConfiguration{ChallengeRequiredOnNewDevice: true}
	user := &store.User{MFA: store.UserMFA{SoftwareToken: true, Enabled: []string{userpool.FactorToken}}}
	for _, c := range []struct {
		name    string
		verdict *threat.Verdict
		asked   string
	}{
		{"no threat protection", nil, ""},
		{"no risk", &threat.Verdict{}, ""},
		{"risk demands a factor", &threat.Verdict{Action: threat.MFARequired}, userpool.FactorToken},
		{"risk demands a factor of those who have one", &threat.Verdict{Action: threat.MFAIfConfigured}, userpool.FactorToken},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := &attempt{pool: pool, client: new(userpool.Client), user: user,
				session: session{Trust: deviceTrusted, Verdict: c.verdict, Flow: "USER_PASSWORD_AUTH", Proved: []string{"pwd"}}}
			if err := new(Machine).demandSecondFactor(t.Context(), a); err != nil || a.ask != c.asked {
				t.Errorf("asked for %q, %v, want %q", a.ask, err, c.asked)
			}
		})
	}
}
