package threat

import (
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// Happening is an event to keep a record of.
type Happening struct {
	Pool   *userpool.Pool
	Client *userpool.Client // nil if none took part
	Sub    string           // of the user
	Flow   string           // AuthFlow, for a sign-in

	ID         string // of an event that goes on; "" makes a new one
	Type       string
	Response   string
	Risk       userpool.Risk
	Challenges []userpool.EventChallenge
	IPAddress  string
	UserAgent  string

	Notify string // the action that the user is told of: Block, MFAIfConfigured, MFARequired or "NO_ACTION"; "" for none
}

// record is a Happening on its way, or a request to say when those before are
// written.
type record struct {
	poolID, sub string
	event       *userpool.AuthEvent
	notice      *notice
	reached     chan struct{}

	exportedBy *userpool.Pool // nil: nobody wants a report
	username   string         // for the report
}

const (
	// queueSize is how many events wait to be written before requests wait for them.
	queueSize = 4096

	// groupSize is how many one transaction writes.
	groupSize = 256

	// kept is how many events of a user are kept, and trimEvery after how many new
	// ones, on the average, that is seen to.
	kept      = 1000
	trimEvery = 50

	// tries is how often a transaction is tried, with pauses that double from
	// firstPause, before its events are given up.
	tries      = 8
	firstPause = 50 * time.Millisecond

	// patience is how long a sign-in waits for the events before it.
	patience = 2 * time.Second
)

// recorder writes events behind the requests.
type recorder struct {
	g     *Guard
	queue chan record
	quit  chan struct{} // closed by close
	ended sync.WaitGroup
	ids   ids

	mu    sync.Mutex
	onWay map[owner]int // events that were noted and are not written
}

// owner is the user of an event.
type owner struct{ poolID, sub string }

func startRecorder(g *Guard) *recorder {
	r := &recorder{g: g, queue: make(chan record, queueSize), quit: make(chan struct{}), onWay: map[owner]int{}}
	r.ended.Go(r.run)
	return r
}

func (r *recorder) close() {
	close(r.quit)
	r.ended.Wait()
}

// Note keeps a record of an event, soon, and returns its id; "" if the pool keeps
// none. It waits only when very many are on their way.
func (g *Guard) Note(ctx context.Context, h Happening) string {
	if g == nil || h.Pool.ThreatMode(h.Flow) == userpool.ThreatOff {
		return ""
	}
	now := g.db.Now()
	if h.ID == "" {
		h.ID = g.recorder.ids.next(now)
	}
	place := g.place(h.IPAddress)
	e := &userpool.AuthEvent{
		ID: h.ID, Type: h.Type, Response: h.Response, CreatedAt: now, Risk: h.Risk, Challenges: h.Challenges,
		IPAddress: h.IPAddress, Device: userpool.UserAgentName(h.UserAgent), City: place.City, Country: place.Country,
	}
	if place.Located {
		e.Position = []float64{place.Latitude, place.Longitude}
	}
	rec := record{poolID: h.Pool.ID, sub: h.Sub, event: e}
	if h.Client != nil {
		e.ClientID = h.Client.ID
	}
	if _, wanted := h.Pool.LogDestination(userpool.LogAuthEvents); wanted && g.o.Export != nil {
		rec.exportedBy = h.Pool
	}
	if h.Notify != "" {
		rec.notice = g.newNotice(h)
	}
	if !g.recorder.send(ctx, rec) {
		g.log.Error("a record of an event is lost: too many are on their way, or the server ends", "pool", rec.poolID, "event", e.ID)
	}
	return h.ID
}

// Flush waits until what was noted on this node is written.
func (g *Guard) Flush(ctx context.Context) error {
	if g == nil {
		return nil
	}
	reached := make(chan struct{})
	if !g.recorder.send(ctx, record{reached: reached}) {
		return ctx.Err()
	}
	select {
	case <-reached:
	case <-g.recorder.quit:
	case <-ctx.Done():
	}
	return ctx.Err()
}

// settle waits until what was noted of a user on this node is written, for as long
// as patience: a sign-in is compared with the ones before it, yet a database that
// is slow to write them does not keep users out. It waits for nothing where nothing
// of the user is on its way.
func (g *Guard) settle(ctx context.Context, poolID, sub string) error {
	if !g.recorder.waitsFor(owner{poolID, sub}) {
		return nil
	}
	short, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if g.Flush(short) != nil && ctx.Err() == nil {
		g.log.Warn("a sign-in is judged without the events before it: they are slow to be written", "pool", poolID)
	}
	return ctx.Err()
}

// send queues a record, and says whether it could.
func (r *recorder) send(ctx context.Context, rec record) bool {
	select {
	case <-r.quit:
		return false
	default:
	}
	r.count(rec, 1)
	select {
	case r.queue <- rec:
		return true
	case <-r.quit:
	case <-ctx.Done():
	}
	r.count(rec, -1)
	return false
}

// count counts a record among those on their way, or no longer.
func (r *recorder) count(rec record, n int) {
	if rec.event == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	o := owner{rec.poolID, rec.sub}
	if r.onWay[o] += n; r.onWay[o] == 0 {
		delete(r.onWay, o)
	}
}

func (r *recorder) waitsFor(o owner) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.onWay[o] > 0
}

func (r *recorder) run() {
	for quit := r.quit; quit != nil || len(r.queue) > 0; {
		select {
		case first := <-r.queue:
			r.write(r.waiting(first))
		case <-quit:
			quit = nil // on with what waits still
		}
	}
}

// waiting is first with those that wait behind it, as many as one transaction
// takes.
func (r *recorder) waiting(first record) []record {
	group := []record{first}
	for len(group) < groupSize {
		select {
		case next := <-r.queue:
			group = append(group, next)
		default:
			return group
		}
	}
	return group
}

// write writes a group in one transaction.
func (r *recorder) write(group []record) {
	pause := firstPause
	for try := 1; ; try++ {
		err := r.g.db.Update(context.Background(), func(tx *store.Tx) error {
			for i := range group {
				if err := r.put(tx, &group[i]); err != nil {
					return err
				}
			}
			return nil
		})
		if err == nil {
			r.export(group)
			break
		}
		if try == tries {
			r.g.log.Error("records of events are lost", "events", len(group), "err", err)
			break
		}
		time.Sleep(pause)
		pause *= 2
	}
	for _, rec := range group {
		r.count(rec, -1)
		if rec.reached != nil {
			close(rec.reached)
		}
	}
}

// export reports events to those who want to know.
func (r *recorder) export(group []record) {
	for _, rec := range group {
		if rec.exportedBy != nil {
			r.g.o.Export(rec.exportedBy, rec.username, rec.sub, rec.event)
		}
	}
}

func (r *recorder) put(tx *store.Tx, rec *record) error {
	if rec.event == nil {
		return nil
	}
	if rec.exportedBy != nil {
		user, err := tx.User(rec.poolID, rec.sub)
		if err != nil && !errors.Is(err, store.ErrNotFound) { // deleted meanwhile
			return err
		}
		if err == nil {
			rec.username = user.Username
		}
	}
	row, err := rec.event.Row(rec.poolID, rec.sub, rec.event.CreatedAt.Add(r.g.o.Retention))
	if err != nil {
		return err
	}
	if err := tx.PutAuthEvent(row); err != nil {
		return err
	}
	if rand.N(trimEvery) == 0 {
		if err := tx.TrimAuthEvents(rec.poolID, rec.sub, kept); err != nil {
			return err
		}
	}
	return r.g.send(tx, *rec)
}

// ids makes the ids of a node's events.
type ids struct {
	mu   sync.Mutex
	last uint64 // milliseconds since 1970, and 12 bits that count within one
}

// next is a UUID of version 7 (RFC 9562, 5.7 and 6.2, method 1) that sorts behind
// all that were made before, also by a clock that has stood still or gone back.
func (i *ids) next(at time.Time) string {
	i.mu.Lock()
	i.last = max(i.last+1, uint64(at.UnixMilli())<<12) //nolint:gosec // after 1970
	n := i.last
	i.mu.Unlock()
	id := uuid.New() // of which the last 62 bits stay
	binary.BigEndian.PutUint32(id[:], uint32(n>>28))
	binary.BigEndian.PutUint16(id[4:], uint16(n>>12)) //nolint:gosec // the lower half of the milliseconds
	binary.BigEndian.PutUint16(id[6:], uint16(n&0xfff|0x7000))
	return id.String()
}
