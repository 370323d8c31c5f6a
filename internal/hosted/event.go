package hosted

import (
	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/threat"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// note keeps a record, for threat protection, of what a user asked for and of how
// that ended. name is what the user is called; of nobody nothing is kept. password
// is the new one, if there is one. The machine keeps those of sign-ins.
func (v *visit) note(kind, name, password string, failed error) {
	guard := v.pages.Guard
	code := fault.CodeOf(failed)
	if guard == nil || v.pool.ThreatMode("") == userpool.ThreatOff || failed != nil && (code == "" || code == fault.InvalidParameter) {
		return
	}
	user, err := v.pages.Users.Find(v.r.Context(), v.pool, name)
	if err != nil {
		return // deleted meanwhile, or nobody
	}
	response := userpool.EventPass
	if failed != nil {
		response = userpool.EventFail
	}
	origin := v.pages.Origin(v.r)
	guard.Note(v.r.Context(), threat.Happening{
		Pool: v.pool, Client: v.client, Sub: user.Sub, Type: kind, Response: response,
		IPAddress: origin.IPAddress, UserAgent: origin.UserAgent, Risk: userpool.Risk{Compromised: guard.Leaked(password)},
	})
}
