package message_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/store/storetest"
)

// sender is a Carrier that keeps what it gets and answers as it is told.
type sender struct {
	mu     sync.Mutex
	got    []*message.Parcel
	answer func(*message.Parcel) error
}

func (s *sender) Send(_ context.Context, p *message.Parcel) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = append(s.got, p)
	if s.answer == nil {
		return nil
	}
	return s.answer(p)
}

func (*sender) Close() error { return nil }

func (s *sender) parcels() []*message.Parcel {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*message.Parcel(nil), s.got...)
}

// post is a deployment with messages to deliver and a clock that is moved.
type post struct {
	t      *testing.T
	db     *store.DB
	ring   *keys.Ring
	outbox *message.Outbox
	offset atomic.Int64
	*sender
	outcomes sync.Map // string -> *atomic.Int64
}

func newPost(t *testing.T, url string, o message.OutboxOptions) *post {
	t.Helper()
	p := &post{t: t, sender: &sender{}}
	db, err := store.Open(t.Context(), store.Options{URL: url, Migrate: true,
		Now: func() time.Time { return time.Now().Add(time.Duration(p.offset.Load())) }})
	if err == nil {
		_, _, err = db.Migrate(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	ring, err := keys.Open(t.Context(), db, keys.GenerateMasterKey(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ring.Close()
		db.Close()
	})
	p.db, p.ring, p.outbox = db, ring, message.NewOutbox(ring, false).With(o)
	return p
}

var emails = message.OutboxOptions{Carried: map[string]bool{message.Email: true}}

// run delivers with n nodes until the test ends.
func (p *post) run(nodes int, change ...func(*message.DeliveryOptions)) {
	p.t.Helper()
	ctx, cancel := context.WithCancel(p.t.Context())
	var running sync.WaitGroup
	for range nodes {
		o := message.DeliveryOptions{
			Carriers: map[string]message.Carrier{message.Email: p.sender},
			Settings: func(context.Context, string) (message.Settings, error) {
				return message.Settings{From: "pool@example.com"}, nil
			},
			Observe: func(medium, outcome string, _ time.Duration) {
				n, _ := p.outcomes.LoadOrStore(medium+" "+outcome, new(atomic.Int64))
				n.(*atomic.Int64).Add(1)
			},
		}
		for _, c := range change {
			c(&o)
		}
		d := message.NewDeliverer(p.db, p.outbox, o)
		running.Go(func() { d.Run(ctx) })
	}
	p.t.Cleanup(func() {
		cancel()
		running.Wait()
	})
}

func (p *post) put(m message.Message) error {
	return p.db.Update(p.t.Context(), func(tx *store.Tx) error { return p.outbox.Put(tx, m) })
}

func letter(to string) message.Message {
	return message.Message{UserPoolID: "us-east-1_A", Username: "ann", Sub: "sub", Medium: message.Email, To: to,
		Subject: "Hi", Body: "<p>Your code is <b>123456</b></p>", Code: "123456", Source: "CustomMessage_SignUp"}
}

// queue is how many messages wait and how many are dead.
func (p *post) queue() (waiting, dead int) {
	p.t.Helper()
	if err := p.db.View(p.t.Context(), func(tx *store.Tx) (err error) {
		waiting, dead, _, err = tx.OutgoingQueue(1000)
		return err
	}); err != nil {
		p.t.Fatal(err)
	}
	return waiting, dead
}

func (p *post) dead() []message.DeadLetter {
	p.t.Helper()
	var list []message.DeadLetter
	if err := p.db.View(p.t.Context(), func(tx *store.Tx) (err error) {
		list, err = p.outbox.DeadLetters(tx, "", time.Time{}, "", 100)
		return err
	}); err != nil {
		p.t.Fatal(err)
	}
	return list
}

func (p *post) outcome(name string) int64 {
	n, ok := p.outcomes.Load(name)
	if !ok {
		return 0
	}
	return n.(*atomic.Int64).Load()
}

func (p *post) until(what string, is func() bool) {
	p.t.Helper()
	for end := time.Now().Add(time.Minute); !is(); {
		if time.Now().After(end) {
			waiting, dead := p.queue()
			p.t.Fatalf("not seen: %s (%d wait, %d dead)", what, waiting, dead)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// advance moves the clock and lets a node see it.
func (p *post) advance(d time.Duration) {
	p.offset.Add(int64(d))
	p.outbox.Wake()
}

const passing = "passing@example.org"

// pass delivers another message: what was due before has been taken then.
func (p *post) pass() {
	p.t.Helper()
	if err := p.put(letter(passing)); err != nil {
		p.t.Fatal(err)
	}
	p.until("the other message", func() bool { return p.outcome("EMAIL sent") == 1 })
}

func (p *post) empty() {
	p.t.Helper()
	p.until("an empty outbox", func() bool { w, d := p.queue(); return w == 0 && d == 0 })
}

func TestDeliver(t *testing.T) {
	p := newPost(t, "sqlite::memory:", emails)
	p.run(1)
	if err := p.put(letter("ann@example.org")); err != nil {
		t.Fatal(err)
	}
	p.empty()
	got := p.parcels()
	if len(got) != 1 {
		t.Fatalf("%d messages", len(got))
	}
	if g := got[0]; g.To != "ann@example.org" || g.Text != "Your code is 123456\n" || g.HTML != letter("").Body || g.From != "pool@example.com" ||
		g.Attempt != 1 || len(g.ID) != 32 || g.UserPoolID != "us-east-1_A" || g.Source != "CustomMessage_SignUp" {
		t.Errorf("got %+v", g)
	}
	p.until("the outcome", func() bool { return p.outcome("EMAIL sent") == 1 })
}

// Several nodes deliver each message once.
func TestNodesShareTheWork(t *testing.T) {
	for name, url := range map[string]func(testing.TB) string{"sqlite": storetest.SQLiteURL, "postgres": storetest.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			p := newPost(t, url(t), emails)
			p.run(3)
			const n = 120
			var putting sync.WaitGroup
			for w := range 4 {
				putting.Go(func() {
					for i := range n / 4 {
						if err := p.put(letter(fmt.Sprintf("u%d-%d@example.org", w, i))); err != nil {
							t.Error(err)
						}
					}
				})
			}
			putting.Wait()
			p.empty()
			seen := make(map[string]int)
			for _, g := range p.parcels() {
				seen[g.To]++
			}
			for to, times := range seen {
				if times != 1 {
					t.Errorf("%s got %d", to, times)
				}
			}
			if len(seen) != n {
				t.Errorf("%d of %d were delivered", len(seen), n)
			}
		})
	}
}

// A message of a node that was lost is sent by another, once its lease is over,
// with the same id.
func TestLostNode(t *testing.T) {
	p := newPost(t, "sqlite::memory:", emails)
	if err := p.put(letter("ann@example.org")); err != nil {
		t.Fatal(err)
	}
	if err := p.db.Update(t.Context(), func(tx *store.Tx) error {
		_, err := tx.TakeOutgoing("lost", tx.Now().Add(2*time.Minute), 1)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	p.run(1)
	p.advance(time.Minute)
	p.pass()
	if n := len(p.parcels()); n != 1 {
		t.Fatalf("%d messages during the lease", n-1)
	}
	p.advance(2 * time.Minute)
	p.empty()
	if got := p.parcels(); len(got) != 2 || got[1].Attempt != 2 {
		t.Errorf("got %+v", got)
	}
}

func TestRetriesAndDeadLetters(t *testing.T) {
	for _, tt := range []struct {
		name    string
		answer  func(*message.Parcel) error
		expires time.Duration // after the beginning; 0 for never
		advance time.Duration // at each attempt
		tries   int
		outcome string
		dead    string // what its error has in it
	}{
		{"works at the third time", func(p *message.Parcel) error {
			if p.Attempt < 3 {
				return errors.New("450 busy 123456")
			}
			return nil
		}, 0, time.Hour, 3, "EMAIL sent", ""},
		{"refused for good", func(*message.Parcel) error { return message.Refuse(errors.New("550 no such user")) }, 0, 0, 1, "EMAIL dead", "550 no such user"},
		{"never works", func(*message.Parcel) error { return errors.New("450 busy 123456") }, 100 * 24 * time.Hour, 2 * time.Hour, 20, "EMAIL dead", "450 busy ******"},
		{"expires", func(*message.Parcel) error { return errors.New("450 busy") }, 90 * time.Minute, time.Hour, 2, "EMAIL expired", "expired before it could be delivered; last: 450 busy"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPost(t, "sqlite::memory:", emails)
			p.answer = tt.answer
			p.run(1)
			m := letter("ann@example.org")
			if tt.expires != 0 {
				m.ExpiresAt = p.db.Now().Add(tt.expires)
			}
			if err := p.put(m); err != nil {
				t.Fatal(err)
			}
			for deferred := int64(1); tt.advance != 0; deferred++ {
				p.until("the next outcome", func() bool { return p.outcome("EMAIL deferred") == deferred || p.outcome(tt.outcome) == 1 })
				if p.outcome(tt.outcome) == 1 {
					break
				}
				p.advance(tt.advance)
			}
			p.until("the outcome", func() bool { return p.outcome(tt.outcome) == 1 })
			got := p.parcels()
			for i, g := range got {
				if g.ID != got[0].ID || g.Attempt != i+1 {
					t.Errorf("attempt %d: %+v", i+1, g)
				}
			}
			if len(got) != tt.tries {
				t.Errorf("%d attempts, want %d", len(got), tt.tries)
			}
			dead := p.dead()
			switch {
			case tt.dead == "" && len(dead) != 0:
				t.Errorf("dead: %+v", dead)
			case tt.dead != "" && (len(dead) != 1 || dead[0].Error != tt.dead || dead[0].To != "ann@example.org"):
				t.Errorf("dead: %+v, want one with %q", dead, tt.dead)
			}
		})
	}
}

// The first waits of a message that fails grow, and differ.
func TestBackoff(t *testing.T) {
	p := newPost(t, "sqlite::memory:", emails)
	p.answer = func(g *message.Parcel) error {
		if g.To == passing {
			return nil
		}
		return errors.New("busy")
	}
	p.run(1)
	if err := p.put(letter("ann@example.org")); err != nil {
		t.Fatal(err)
	}
	p.until("the first failure", func() bool { return p.outcome("EMAIL deferred") == 1 })
	p.advance(3 * time.Second) // 5 seconds less a fifth are 4
	p.pass()
	if n := len(p.parcels()); n != 2 {
		t.Fatalf("%d attempts after 3 seconds", n-1)
	}
	p.advance(3 * time.Second)
	p.until("the second", func() bool { return p.outcome("EMAIL deferred") == 2 })
}

func TestWhoSends(t *testing.T) {
	t.Run("the function of the pool", func(t *testing.T) {
		p := newPost(t, "sqlite::memory:", message.OutboxOptions{Functions: true})
		var got atomic.Pointer[message.Message]
		p.run(1, func(o *message.DeliveryOptions) {
			o.Carriers = nil
			o.Function = func(_ context.Context, _ string, m message.Message) (bool, error) {
				got.Store(&m)
				return true, nil
			}
		})
		m := letter("ann@example.org")
		if err := p.put(m); fault.CodeOf(err) != fault.CodeDeliveryFailure {
			t.Errorf("nothing carries it: %v", err)
		}
		m.ByFunction, m.ClientID, m.ClientMetadata = true, "client", map[string]string{"a": "b"}
		if err := p.put(m); err != nil {
			t.Fatal(err)
		}
		p.empty()
		if g := got.Load(); g == nil || g.Sub != "sub" || g.ClientID != "client" || g.ClientMetadata["a"] != "b" || g.Code != "123456" {
			t.Errorf("got %+v", g)
		}
	})
	t.Run("nobody for a pool that is gone", func(t *testing.T) {
		p := newPost(t, "sqlite::memory:", emails)
		p.run(1, func(o *message.DeliveryOptions) {
			o.Settings = func(context.Context, string) (message.Settings, error) {
				return message.Settings{}, message.ErrPoolGone
			}
		})
		if err := p.put(letter("ann@example.org")); err != nil {
			t.Fatal(err)
		}
		p.empty()
		if len(p.parcels()) != 0 || p.outcome("EMAIL sent") != 0 {
			t.Error("it was sent")
		}
	})
	t.Run("not the other medium", func(t *testing.T) {
		p := newPost(t, "sqlite::memory:", emails)
		m := letter("+15550001111")
		m.Medium = message.SMS
		if err := p.put(m); fault.CodeOf(err) != fault.CodeDeliveryFailure {
			t.Errorf("error %v", err)
		}
	})
}

// All pools together send so many emails a day, which begins at nine.
func TestDailyLimit(t *testing.T) {
	p := newPost(t, "sqlite::memory:", message.OutboxOptions{Carried: emails.Carried, DailyEmails: 2})
	now := time.Now().UTC()
	nine := time.Date(now.Year(), now.Month(), now.Day()+1, 9, 0, 0, 0, time.UTC)
	p.offset.Store(int64(nine.Add(time.Hour).Sub(now)))
	const text = "Exceeded daily email limit for the operation or the account. If a higher limit is required, " +
		"please configure your user pool to use your own Amazon SES configuration for sending email."
	for _, tt := range []struct {
		name, pool string
		own        bool
		advance    time.Duration
		limited    bool
	}{
		{"first", "us-east-1_A", false, 0, false},
		{"second, of another pool", "us-east-1_B", false, 0, false},
		{"third", "us-east-1_A", false, 0, true},
		{"of a pool with an account", "us-east-1_C", true, 0, false},
		{"at half past eight", "us-east-1_A", false, 22*time.Hour + 30*time.Minute, true},
		{"at half past nine", "us-east-1_A", false, time.Hour, false},
		{"second of that day", "us-east-1_A", false, 0, false},
		{"third of that day", "us-east-1_A", false, 0, true},
	} {
		p.offset.Add(int64(tt.advance))
		m := letter(tt.name + "@example.org")
		m.UserPoolID, m.SharedAccount = tt.pool, !tt.own
		err := p.put(m)
		if limited := err != nil; limited != tt.limited || limited && (fault.CodeOf(err) != fault.LimitExceeded || !strings.Contains(err.Error(), text)) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func TestRecipientLimit(t *testing.T) {
	p := newPost(t, "sqlite::memory:", message.OutboxOptions{Carried: emails.Carried, PerRecipient: 2})
	for _, tt := range []struct {
		name, to, pool string
		advance        time.Duration
		limited        bool
	}{
		{"first", "ann@example.org", "us-east-1_A", 0, false},
		{"second, in capitals", "ANN@example.org", "us-east-1_A", 0, false},
		{"third", "ann@example.org", "us-east-1_A", 0, true},
		{"of another pool", "ann@example.org", "us-east-1_B", 0, false},
		{"to somebody else", "bob@example.org", "us-east-1_A", 0, false},
		{"an hour later", "ann@example.org", "us-east-1_A", time.Hour, false},
	} {
		p.offset.Add(int64(tt.advance))
		m := letter(tt.to)
		m.UserPoolID = tt.pool
		err := p.put(m)
		if limited := errors.Is(err, message.ErrRecipientLimit); limited != tt.limited || err != nil && !limited {
			t.Errorf("%s: %v", tt.name, err)
		}
		if err != nil && (fault.CodeOf(err) != fault.LimitExceeded || !strings.Contains(err.Error(), "Attempt limit exceeded, please try after some time.")) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}
