package message

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"html"
	"log/slog"
	mathrand "math/rand/v2"
	"net/url"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/poolhouse/poolhouse/internal/store"
)

const (
	// sendTimeout is how long a carrier may take for one message.
	sendTimeout = 15 * time.Second

	// lease is for how long a node has a message. It begins to send it in the first
	// half of that time or not at all.
	lease = time.Minute

	// The first pause after a message was put here, and the longest, in which only
	// other nodes put any.
	shortestPoll = 5 * time.Millisecond
	longestPoll  = time.Second

	// See Backoff.
	firstBackoff   = 5 * time.Second
	longestBackoff = time.Hour

	// mostAttempts are some 15 hours.
	mostAttempts = 20

	// DefaultWorkers is how many messages a node sends at once.
	DefaultWorkers = 8

	// longestError is how many bytes of an error are kept.
	longestError = 300

	// DeadFor is for how long dead messages are kept, from when they were made.
	DeadFor = 7 * 24 * time.Hour
)

// The outcomes of attempts, as metrics name them.
const (
	Sent     = "sent"
	Deferred = "deferred" // to be tried again
	Dead     = "dead"     // refused for good, or tried too often
	Expired  = "expired"  // what it says is worth nothing any more
)

var (
	errNoCarrier = errors.New("nothing is configured that carries such messages")
	errExpired   = errors.New("expired before it could be delivered")
)

// ErrPoolGone is what DeliveryOptions.Settings returns for a pool that was
// deleted: its messages are dropped.
var ErrPoolGone = errors.New("the pool was deleted")

// DeliveryOptions say how messages are delivered.
type DeliveryOptions struct {
	// Carriers are by medium.
	Carriers map[string]Carrier

	// Settings returns what a pool says now, or ErrPoolGone.
	Settings func(ctx context.Context, poolID string) (Settings, error)

	// Function hands a message to the function of its pool that sends in place of
	// the carriers, if the pool has one for that medium, and says whether it has.
	// Its errors are those of Carrier.Send. It may be nil.
	Function func(ctx context.Context, id string, m Message) (handled bool, err error)

	// Workers is how many messages are sent at once; 0 means DefaultWorkers.
	Workers int

	// Observe is told the outcome of each attempt, and after what time since the
	// message was made; nil for nobody.
	Observe func(medium, outcome string, age time.Duration)

	// Failed is told of each attempt of a pool's that failed, in a sentence; nil for
	// nobody.
	Failed func(ctx context.Context, poolID, details string)

	Logger *slog.Logger
}

// Deliverer carries messages out of the outbox, beside others that do so on other
// nodes.
type Deliverer struct {
	db     *store.DB
	outbox *Outbox
	o      DeliveryOptions
	node   string // by which rows name this process
	held   held
	slow   slow
}

// NewDeliverer returns a Deliverer. Nothing is delivered but by Run.
func NewDeliverer(db *store.DB, outbox *Outbox, o DeliveryOptions) *Deliverer {
	if o.Workers == 0 {
		o.Workers = DefaultWorkers
	}
	if o.Observe == nil {
		o.Observe = func(string, string, time.Duration) {}
	}
	if o.Failed == nil {
		o.Failed = func(context.Context, string, string) {}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Deliverer{db: db, outbox: outbox, o: o, node: rand.Text()}
}

// leased is a message that this node has since a time.
type leased struct {
	row *store.Outgoing
	at  time.Time
}

// Run delivers messages until ctx ends; those that are on their way then are
// finished, and what waits for its turn is given back.
func (d *Deliverer) Run(ctx context.Context) {
	// Twice as many as are sent at once, so that nobody waits for the database.
	turns := make(chan leased, 2*d.o.Workers)
	finished := make(chan struct{}, 1)
	var sending sync.WaitGroup
	defer sending.Wait()
	defer close(turns)
	for range d.o.Workers {
		sending.Go(func() {
			for m := range turns {
				if ctx.Err() != nil {
					d.giveBack(context.WithoutCancel(ctx), m.row)
				} else {
					d.deliver(context.WithoutCancel(ctx), m.row, m.at)
				}
				if d.held.drop(m.row) {
					d.giveBack(context.WithoutCancel(ctx), m.row)
				}
				select {
				case finished <- struct{}{}:
				default:
				}
			}
		})
	}
	pause := shortestPoll
	for ctx.Err() == nil {
		room := cap(turns) - len(turns)
		if room < d.o.Workers {
			select {
			case <-finished:
			case <-ctx.Done():
			}
			continue
		}
		began := time.Now()
		taken, err := d.take(ctx, room)
		if err != nil && ctx.Err() == nil {
			d.o.Logger.ErrorContext(ctx, "take messages out of the outbox", "err", err)
			pause = longestPoll
		}
		for _, row := range taken {
			if d.held.add(row) {
				turns <- leased{row, began} // there is room: nobody else sends
			}
		}
		if len(taken) == room {
			pause = shortestPoll
			continue
		}
		select {
		case <-ctx.Done():
		case <-d.outbox.wake:
			pause = shortestPoll
		case <-time.After(pause):
			pause = min(2*pause, longestPoll)
		}
	}
}

// giveBack lets another node have a message at once.
func (d *Deliverer) giveBack(ctx context.Context, row *store.Outgoing) {
	row.DueAt = d.db.Now()
	if err := d.settle(ctx, row, (*store.Tx).ReleaseOutgoing); err != nil {
		d.o.Logger.WarnContext(ctx, "a message waits until its lease is over", "message", row.ID, "err", err)
	}
}

// take leases up to n messages that are due. Most of the time there is none, which
// is found out without the writer.
func (d *Deliverer) take(ctx context.Context, n int) ([]*store.Outgoing, error) {
	var due bool
	if err := d.db.View(ctx, func(tx *store.Tx) (err error) {
		due, err = tx.OutgoingDue()
		return err
	}); err != nil || !due {
		return nil, err
	}
	var taken []*store.Outgoing
	err := d.db.Update(ctx, func(tx *store.Tx) (err error) {
		taken, err = tx.TakeOutgoing(d.node, tx.Now().Add(lease), n)
		return err
	})
	if err != nil {
		return nil, err
	}
	return taken, nil
}

// deliver tries to send a message that was leased at a time, and writes down what
// came of it.
func (d *Deliverer) deliver(ctx context.Context, row *store.Outgoing, since time.Time) {
	if time.Since(since) > lease-2*sendTimeout { // another may have it soon
		d.giveBack(ctx, row)
		return
	}
	m, err := d.outbox.read(row)
	switch {
	case err != nil:
		err = Refuse(fmt.Errorf("cannot be opened: %w", err))
	case !row.ExpiresAt.After(d.db.Now()):
		err = errExpired
	default:
		err = d.send(ctx, row, m)
	}
	log := d.o.Logger.With("message", row.ID, "pool", row.PoolID, "medium", row.Medium, "attempt", row.Attempts)
	if err == nil || errors.Is(err, ErrPoolGone) {
		if err := d.settle(ctx, row, (*store.Tx).DeleteOutgoing); err != nil {
			log.ErrorContext(ctx, "a message was sent and may be sent again", "err", err)
		}
		if err == nil {
			d.o.Observe(row.Medium, Sent, d.db.Now().Sub(row.CreatedAt))
		}
		return
	}
	outcome := Deferred
	text := clean(err.Error(), m.Code)
	switch {
	case errors.Is(err, errExpired):
		outcome = Expired
		if row.LastError != "" {
			text = text + "; last: " + row.LastError
		}
	case Refused(err) || row.Attempts >= mostAttempts:
		outcome = Dead
	}
	row.LastError, row.DueAt = shorten(text), time.Time{}
	if outcome == Deferred {
		row.DueAt = d.db.Now().Add(Backoff(row.Attempts))
		log.WarnContext(ctx, "a message could not be delivered yet", "err", row.LastError, "next", row.DueAt)
	} else {
		log.ErrorContext(ctx, "a message cannot be delivered", "outcome", outcome, "err", row.LastError)
	}
	if err := d.settle(ctx, row, (*store.Tx).ReleaseOutgoing); err != nil {
		log.ErrorContext(ctx, "give a message back to the outbox", "err", err)
	}
	d.o.Observe(row.Medium, outcome, d.db.Now().Sub(row.CreatedAt))
	d.o.Failed(ctx, row.PoolID, fmt.Sprintf("%s %s could not be delivered (attempt %d, %s): %s", row.Medium, row.ID, row.Attempts, outcome, row.LastError))
}

// send hands a message to the function of its pool or to a carrier. One that makes
// them panic is refused for good: it must not end the node, and the next one too.
func (d *Deliverer) send(ctx context.Context, row *store.Outgoing, m Message) (err error) {
	defer func() {
		if p := recover(); p != nil {
			d.o.Logger.ErrorContext(ctx, "panic at a message", "message", row.ID, "stack", string(debug.Stack()))
			err = Refuse(fmt.Errorf("panic: %v", p))
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	settings, err := d.o.Settings(ctx, row.PoolID)
	if err != nil {
		return err
	}
	if d.o.Function != nil {
		if handled, err := d.byFunction(ctx, row, m); handled || err != nil {
			return err
		}
	}
	carrier := d.o.Carriers[m.Medium]
	if carrier == nil {
		return Refuse(errNoCarrier)
	}
	p := &Parcel{
		ID: row.ID, UserPoolID: m.UserPoolID, Username: m.Username, Source: m.Source, Medium: m.Medium, To: m.To,
		Subject: oneLine(m.Subject), Text: m.Body, CreatedAt: row.CreatedAt, Attempt: row.Attempts, Settings: m.settings(settings),
	}
	if m.Medium == Email {
		p.HTML, p.Text = m.Body, plainText(m.Body)
	}
	return carrier.Send(ctx, p)
}

// byFunction hands a message to the function of its pool, if it has one, unless that
// is slow.
func (d *Deliverer) byFunction(ctx context.Context, row *store.Outgoing, m Message) (handled bool, err error) {
	if err := d.slow.enter(row.PoolID, m.Medium); err != nil {
		return true, err
	}
	began := time.Now()
	defer func() { d.slow.leave(row.PoolID, m.Medium, time.Since(began), err) }()
	return d.o.Function(ctx, row.ID, m)
}

// settle writes down what came of a message. It tries for a while, for otherwise
// the message is sent again.
func (d *Deliverer) settle(ctx context.Context, row *store.Outgoing, write func(*store.Tx, *store.Outgoing) error) error {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	for pause := 50 * time.Millisecond; ; pause *= 2 {
		d.held.refresh(row)
		err := d.db.Update(ctx, func(tx *store.Tx) error { return write(tx, row) })
		if errors.Is(err, store.ErrNotFound) && d.held.refresh(row) {
			continue
		}
		if err == nil || errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrClosed) || ctx.Err() != nil {
			return err // not found: the user, the pool or the lease is gone
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return err
		}
	}
}

// Backoff is how long to wait after a failed attempt to deliver something, the first
// of which is 1: 5 seconds, then three times as long each time, up to an hour, all of
// them up to a fifth more or less.
func Backoff(attempt int) time.Duration {
	pause := firstBackoff
	for i := 1; i < attempt && pause < longestBackoff; i++ {
		pause *= 3
	}
	pause = min(pause, longestBackoff)
	return pause + time.Duration((mathrand.Float64()-0.5)*0.4*float64(pause)) //nolint:gosec // not a secret
}

// clean takes a code, or a temporary password, out of a text, as it is and as
// services may quote it.
func clean(text, code string) string {
	if code != "" {
		quoted := strconv.Quote(code)
		for _, form := range []string{code, html.EscapeString(code), url.QueryEscape(code), url.PathEscape(code), quoted[1 : len(quoted)-1]} {
			text = strings.ReplaceAll(text, form, "******")
		}
	}
	return oneLine(strings.ToValidUTF8(text, "?"))
}

// shorten cuts a text at longestError bytes.
func shorten(text string) string {
	if len(text) <= longestError {
		return text
	}
	end := longestError
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

// oneLine puts spaces in place of line breaks and other control characters.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0x2028 || r == 0x2029 {
			return ' '
		}
		return r
	}, text)
}
