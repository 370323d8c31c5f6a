package backchannel

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/token"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

const (
	// postTimeout is how long a client may take.
	postTimeout = 5 * time.Second

	// settleTimeout is how long a node tries to write down what came of a notice.
	settleTimeout = 15 * time.Second

	// lease is for how long a node has a notice: longer than both.
	lease = time.Minute

	// workers is how many notices a node sends at once.
	workers = 16

	// The first pause after there was something to do, and the longest.
	shortestPoll = 10 * time.Millisecond
	longestPoll  = time.Second

	// mostAttempts are some 6 hours, see message.Backoff.
	mostAttempts = 12

	// longestError is how many bytes of an error are kept.
	longestError = 300
)

// The outcomes of attempts, as metrics name them.
const (
	Sent     = "sent"
	Deferred = "deferred" // to be tried again
	Dead     = "dead"     // tried too often
	Dropped  = "dropped"  // the client is gone, or does not want to be told any more
)

// Options say how clients are told.
type Options struct {
	// Post sends a form to an address, as fetch.Client.Post does.
	Post func(ctx context.Context, address string, form url.Values) (status int, err error)

	// PostStranger is Post for clients that registered themselves: perhaps nobody who is
	// trusted has chosen their addresses. Nil: it is Post.
	PostStranger func(ctx context.Context, address string, form url.Values) (status int, err error)

	// Observe is told the outcome of each attempt; nil for nobody.
	Observe func(outcome string)

	Logger *slog.Logger
}

// Deliverer delivers notices, beside others that do so on other nodes.
type Deliverer struct {
	db     *store.DB
	pools  *userpool.Pools
	tokens *token.Issuer
	o      Options
	node   string // by which rows name this process
	hosts  hosts

	mu      sync.Mutex
	sending map[[2]string]bool // the notices on their way, by pool and sid
}

// New returns a Deliverer. Nothing is delivered but by Run.
func New(db *store.DB, pools *userpool.Pools, tokens *token.Issuer, o Options) *Deliverer {
	if o.PostStranger == nil {
		o.PostStranger = o.Post
	}
	if o.Observe == nil {
		o.Observe = func(string) {}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Deliverer{db: db, pools: pools, tokens: tokens, o: o, node: rand.Text(), sending: make(map[[2]string]bool)}
}

// Run delivers notices until ctx ends; those that are on their way then are finished.
func (d *Deliverer) Run(ctx context.Context) {
	places := make(chan struct{}, workers)
	finished := make(chan struct{}, 1)
	var running sync.WaitGroup
	defer running.Wait()
	pause := shortestPoll
	for ctx.Err() == nil {
		taken, err := d.take(ctx, cap(places)-len(places))
		if err != nil && ctx.Err() == nil {
			d.o.Logger.ErrorContext(ctx, "take notices of logouts", "err", err)
			pause = longestPoll
		}
		for _, n := range taken {
			if !d.begin(n) {
				continue
			}
			places <- struct{}{} // there is room: nobody else takes any
			running.Go(func() {
				d.deliver(context.WithoutCancel(ctx), n)
				d.end(n)
				<-places
				select {
				case finished <- struct{}{}:
				default:
				}
			})
		}
		if len(taken) > 0 {
			pause = shortestPoll
		}
		select {
		case <-ctx.Done():
		case <-finished:
		case <-time.After(pause):
			pause = min(2*pause, longestPoll)
		}
	}
}

// begin notes that a notice is on its way. If the clock jumps a lease may look as if
// it were over: the node takes the notice again, and must not send it beside itself.
func (d *Deliverer) begin(n *store.LogoutNotice) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := [2]string{n.PoolID, n.SID}
	if d.sending[key] {
		return false
	}
	d.sending[key] = true
	return true
}

func (d *Deliverer) end(n *store.LogoutNotice) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.sending, [2]string{n.PoolID, n.SID})
}

// take leases up to n notices that are due. Most of the time there is none, which is
// found out without the writer.
func (d *Deliverer) take(ctx context.Context, n int) ([]*store.LogoutNotice, error) {
	if n == 0 {
		return nil, nil
	}
	var due bool
	if err := d.db.View(ctx, func(tx *store.Tx) (err error) {
		due, err = tx.LogoutNoticeDue()
		return err
	}); err != nil || !due {
		return nil, err
	}
	var taken []*store.LogoutNotice
	blocked := d.hosts.blocked()
	err := d.db.Update(ctx, func(tx *store.Tx) (err error) {
		taken, err = tx.TakeLogoutNotices(d.node, tx.Now().Add(lease), blocked, n)
		return err
	})
	if err != nil {
		return nil, err
	}
	return taken, nil
}

// deliver tells a client, if it is there and its host may be asked, and writes down
// what came of it.
func (d *Deliverer) deliver(ctx context.Context, n *store.LogoutNotice) {
	log := d.o.Logger.With("pool", n.PoolID, "client", n.ClientID, "sid", n.SID, "attempt", n.Attempts)
	pool, client, err := d.pools.PoolClient(ctx, n.PoolID, n.ClientID)
	if fault.CodeOf(err) == fault.ResourceNotFound || err == nil && client.Extensions().BackChannelLogoutURI == "" {
		d.settle(ctx, log, n, (*store.Tx).DeleteLogoutNotice)
		d.o.Observe(Dropped)
		return
	}
	var address *url.URL
	if err == nil {
		address, err = url.Parse(client.Extensions().BackChannelLogoutURI)
	}
	if err == nil {
		if pause := d.hosts.enter(address.Host, n.ClientID); pause > 0 {
			n.Attempts--
			n.DueAt = d.db.Now().Add(pause)
			d.settle(ctx, log, n, (*store.Tx).ReleaseLogoutNotice)
			return
		}
		began := time.Now()
		err = d.tell(ctx, pool, client, n, address.String())
		d.hosts.leave(address.Host, err != nil, time.Since(began))
	}
	if err != nil {
		d.putOff(ctx, log, n, err)
		return
	}
	log.InfoContext(ctx, "told a client of a logout", "host", address.Host)
	d.settle(ctx, log, n, (*store.Tx).DeleteLogoutNotice)
	d.o.Observe(Sent)
}

// putOff has a notice tried again after a failure, or no more after too many.
func (d *Deliverer) putOff(ctx context.Context, log *slog.Logger, n *store.LogoutNotice, err error) {
	outcome := Deferred
	n.LastError, n.DueAt = shorten(err.Error()), d.db.Now().Add(message.Backoff(n.Attempts))
	if n.Attempts >= mostAttempts {
		outcome, n.DueAt = Dead, time.Time{}
		log.ErrorContext(ctx, "a client cannot be told of a logout", "err", n.LastError)
	} else {
		log.WarnContext(ctx, "a client could not be told of a logout yet", "err", n.LastError, "next", n.DueAt)
	}
	d.settle(ctx, log, n, (*store.Tx).ReleaseLogoutNotice)
	d.o.Observe(outcome)
}

// tell posts a logout token to a client.
func (d *Deliverer) tell(ctx context.Context, pool *userpool.Pool, client *userpool.Client, n *store.LogoutNotice, address string) error {
	post := d.o.Post
	if client.RegisteredItself() {
		post = d.o.PostStranger
	}
	text, err := d.tokens.LogoutToken(ctx, pool, token.Logout{ID: n.SID, ClientID: n.ClientID, Sub: n.Sub, SID: n.SID})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, postTimeout)
	defer cancel()
	status, err := post(ctx, address, url.Values{"logout_token": {text}})
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err // without the address, which may have a secret in its query
	}
	if err == nil && (status < http.StatusOK || status >= http.StatusMultipleChoices) {
		err = fmt.Errorf("answered with status %d", status)
	}
	return err
}

// settle writes down what came of a notice. It tries for a while, for otherwise the
// client is told again.
func (d *Deliverer) settle(ctx context.Context, log *slog.Logger, n *store.LogoutNotice, write func(*store.Tx, *store.LogoutNotice) error) {
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	for pause := 50 * time.Millisecond; ; pause *= 2 {
		err := d.db.Update(ctx, func(tx *store.Tx) error { return write(tx, n) })
		if err == nil || errors.Is(err, store.ErrNotFound) { // the pool or the lease is gone
			return
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
		if errors.Is(err, store.ErrClosed) || ctx.Err() != nil {
			log.ErrorContext(ctx, "what came of a notice of a logout is not written down: its client may be told again", "err", err)
			return
		}
	}
}

// shorten cuts a text at longestError bytes, to one line of valid characters.
func shorten(text string) string {
	if len(text) > longestError {
		text = text[:longestError]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, ""))
}
