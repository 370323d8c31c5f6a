package threat

import (
	"log/slog"
	"net/netip"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/threat/geo"
	"github.com/poolhouse/poolhouse/internal/threat/leaked"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// Guard is the threat protection of a node. It is safe for concurrent use.
type Guard struct {
	db       *store.DB
	users    *userpool.Users
	outbox   *message.Outbox
	o        Options
	log      *slog.Logger
	recorder *recorder
	attempts attempts
}

// Options say what a Guard knows and how much it bears.
type Options struct {
	// Passwords are those that attackers know; nil: only the most common ones are.
	Passwords *leaked.File

	// Places says where addresses are; nil: nobody knows.
	Places *geo.File

	// Retention is how long events are kept; 0 means two years, as on AWS.
	Retention time.Duration

	// PerAddress is how many wrong passwords and codes an address may send in five
	// minutes, to this node; 0 means as many as it likes.
	PerAddress int

	// FeedbackURL is where the links of notifications lead: the pool's id and a
	// query follow. Without it they lead nowhere.
	FeedbackURL string

	// Export is told of each event of a pool that has its events reported, once it
	// was written; nil: nobody is.
	Export func(pool *userpool.Pool, username, sub string, e *userpool.AuthEvent)

	Logger *slog.Logger // nil: nothing is logged
}

const defaultRetention = 2 * 365 * 24 * time.Hour

// New returns a Guard, which works until Close.
func New(db *store.DB, users *userpool.Users, outbox *message.Outbox, o Options) *Guard {
	if o.Retention == 0 {
		o.Retention = defaultRetention
	}
	g := &Guard{db: db, users: users, outbox: outbox, o: o, log: o.Logger}
	if g.log == nil {
		g.log = slog.New(slog.DiscardHandler)
	}
	g.attempts.most = o.PerAddress
	g.recorder = startRecorder(g)
	return g
}

// Close writes what was noted and ends. Nothing may be noted any more.
func (g *Guard) Close() {
	if g != nil {
		g.recorder.close()
	}
}

// ErrSecurity is what a sign-in gets that is blocked.
var ErrSecurity = fault.New(fault.NotAuthorized, "Unable to login because of security reasons.")

// Leaked says whether attackers know a password.
func (g *Guard) Leaked(password string) bool {
	if g == nil || password == "" {
		return false
	}
	if leaked.Common(password) {
		return true
	}
	if g.o.Passwords == nil {
		return false
	}
	known, err := g.o.Passwords.Has(password)
	if err != nil {
		g.log.Error("cannot look for a password among the leaked ones", "err", err)
	}
	return known
}

// Refuses says whether an address is one of those that the pool refuses sign-ins
// from, whoever signs in.
func (g *Guard) Refuses(pool *userpool.Pool, client *userpool.Client, flow, address string) bool {
	return g != nil && pool.ThreatMode(flow) == userpool.ThreatEnforced && blockedAddress(pool.RiskFor(client), address)
}

func blockedAddress(r *userpool.RiskConfig, address string) bool {
	return r.Exceptions != nil && !within(r.Exceptions.SkippedIPRangeList, address) && within(r.Exceptions.BlockedIPRangeList, address)
}

func skippedAddress(r *userpool.RiskConfig, address string) bool {
	return r.Exceptions != nil && within(r.Exceptions.SkippedIPRangeList, address)
}

// within says whether an address is in one of several ranges, which were checked
// when they were set.
func within(ranges []string, address string) bool {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return false
	}
	for _, text := range ranges {
		if prefix, err := netip.ParsePrefix(text); err == nil && prefix.Contains(ip.Unmap()) {
			return true
		}
	}
	return false
}

// place says where an address is.
func (g *Guard) place(address string) geo.Place {
	if g.o.Places == nil || address == "" {
		return geo.Place{}
	}
	p, err := g.o.Places.Place(address)
	if err != nil {
		g.log.Error("cannot tell where an address is", "err", err)
	}
	return p
}
