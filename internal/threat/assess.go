package threat

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/threat/geo"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// SignIn is a sign-in whose first factor is proven.
type SignIn struct {
	Pool   *userpool.Pool
	Client *userpool.Client
	User   *store.User
	Flow   string // AuthFlow of InitiateAuth

	IPAddress string // "" if unknown
	UserAgent string // likewise
	Device    bool   // a device that the user confirmed takes part
	Leaked    bool   // the password is known to attackers
}

// Verdict is what was thought of a sign-in, and what follows. It travels in the
// session of the sign-in.
type Verdict struct {
	Risk   userpool.Risk `json:"r,omitzero"`
	Action string        `json:"a,omitzero"` // as the API names them; "" lets pass
	Notify bool          `json:"n,omitzero"` // the user is told
}

// The actions, as the Cognito API names them.
const (
	Block           = "BLOCK"
	MFAIfConfigured = "MFA_IF_CONFIGURED"
	MFARequired     = "MFA_REQUIRED"
	noAction        = "NO_ACTION"
)

// The decisions and levels, as the Cognito API names them.
const (
	accountTakeover = "AccountTakeover"
	blocked         = "Block"
	low             = "Low"
	medium          = "Medium"
	high            = "High"
)

var levels = []string{"", low, medium, high}

// remembered is how many of a user's sign-ins a new one is compared with.
const remembered = 20

// Assess decides how risky a sign-in is and what follows. The zero Verdict lets it
// pass.
func (g *Guard) Assess(ctx context.Context, s SignIn) (Verdict, error) {
	if g == nil {
		return Verdict{}, nil
	}
	mode := s.Pool.ThreatMode(s.Flow)
	if mode == userpool.ThreatOff {
		return Verdict{}, nil
	}
	config := s.Pool.RiskFor(s.Client)
	var v Verdict
	if v.Risk.Compromised = s.Leaked; s.Leaked && config.BlocksLeaked(userpool.LeakSignIn) {
		v.Risk.Decision, v.Action = blocked, Block
	}
	switch {
	case v.Action == Block:
	case blockedAddress(config, s.IPAddress):
		v.Risk.Decision, v.Risk.Level, v.Action = blocked, high, Block
	case skippedAddress(config, s.IPAddress):
	default:
		past, err := g.history(ctx, s)
		if err != nil {
			return Verdict{}, err
		}
		v.judge(config, g.level(s, past))
	}
	if mode != userpool.ThreatEnforced {
		v.Action, v.Notify = "", false
		if v.Risk.Decision == blocked { // it is not
			v.Risk.Decision = accountTakeover
		}
	}
	return v, nil
}

// judge applies what is set for a level.
func (v *Verdict) judge(config *userpool.RiskConfig, level string) {
	if level == "" {
		return
	}
	v.Risk.Decision, v.Risk.Level = accountTakeover, level
	if config.AccountTakeover == nil {
		return
	}
	actions := config.AccountTakeover.Actions
	action := map[string]*userpool.AccountTakeoverAction{low: actions.LowAction, medium: actions.MediumAction, high: actions.HighAction}[level]
	if action == nil {
		return
	}
	v.Notify = action.Notify
	if action.EventAction != noAction {
		v.Action = action.EventAction
	}
	if v.Action == Block {
		v.Risk.Decision = blocked
	}
}

// history are the user's last sign-ins that passed and were not disowned, newest
// first. Those of other nodes may lag behind by the time of a commit.
func (g *Guard) history(ctx context.Context, s SignIn) ([]*userpool.AuthEvent, error) {
	if err := g.settle(ctx, s.Pool.ID, s.User.Sub); err != nil {
		return nil, err
	}
	var past []*userpool.AuthEvent
	err := g.db.View(ctx, func(tx *store.Tx) error {
		rows, err := tx.PassedSignIns(s.Pool.ID, s.User.Sub, remembered)
		if err != nil {
			return err
		}
		past = nil
		for _, row := range rows {
			e, err := userpool.ReadAuthEvent(row)
			if err != nil {
				return err
			}
			if e.Feedback == nil || e.Feedback.Value != "Invalid" {
				past = append(past, e)
			}
		}
		return nil
	})
	return past, err
}

const (
	// Faster than an airliner from door to door is not one person. Databases of
	// places are wrong by a region now and then, so near ones do not count.
	possibleSpeed = 900 // km/h
	nearby        = 500 // km

	// manyFailures is how many wrong passwords in a row make the right one behind
	// them suspicious.
	manyFailures = 3
)

// level is how risky a sign-in is beside a user's last ones:
//
//	new device                          Low
//	new country                         Medium
//	new device and new network          Medium
//	new device and new country          High
//	too far from the last to have gone  High
//
// and one level more where wrong passwords came before it. A user's first sign-in
// is no risk: there is nothing that it differs from. Nor is one with a device that
// the user has confirmed, unless it is too far away.
func (g *Guard) level(s SignIn, past []*userpool.AuthEvent) string {
	if len(past) == 0 {
		return ""
	}
	place := g.place(s.IPAddress)
	if impossible(past[0], place, g.db.Now()) {
		return high
	}
	if s.Device {
		return ""
	}
	is := func(same func(*userpool.AuthEvent) bool) bool { return slices.ContainsFunc(past, same) }
	device := userpool.UserAgentName(s.UserAgent)
	newDevice := !is(func(e *userpool.AuthEvent) bool { return e.Device == device })
	newNetwork := s.IPAddress != "" && !is(func(e *userpool.AuthEvent) bool { return sameNetwork(e.IPAddress, s.IPAddress) })
	newCountry := newNetwork && place.Country != "" &&
		is(func(e *userpool.AuthEvent) bool { return e.Country != "" }) && !is(func(e *userpool.AuthEvent) bool { return e.Country == place.Country })
	n := 0
	switch {
	case newDevice && newCountry:
		n = 3
	case newCountry, newDevice && newNetwork:
		n = 2
	case newDevice:
		n = 1
	}
	if n > 0 && s.User.FailedSignIns >= manyFailures {
		n = min(n+1, 3)
	}
	return levels[n]
}

// impossible says whether nobody can have been at the place of an event and be at
// another one now.
func impossible(last *userpool.AuthEvent, place geo.Place, now time.Time) bool {
	if !place.Located || len(last.Position) != 2 {
		return false
	}
	distance := geo.Distance(geo.Place{Latitude: last.Position[0], Longitude: last.Position[1]}, place)
	return distance > nearby && distance > possibleSpeed*max(0, now.Sub(last.CreatedAt)).Hours()
}

// sameNetwork is for addresses that one provider gives one house: of the same 24
// bits, or of the same 48.
func sameNetwork(a, b string) bool {
	x, errX := netip.ParseAddr(a)
	y, errY := netip.ParseAddr(b)
	if errX != nil || errY != nil {
		return a == b
	}
	x, y = x.Unmap(), y.Unmap()
	bits := 48
	if x.Is4() {
		bits = 24
	}
	prefix, err := x.Prefix(bits)
	return err == nil && prefix.Contains(y)
}
