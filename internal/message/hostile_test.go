package message_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/store"
)

// carrierFunc is a Carrier of one function.
type carrierFunc func(*message.Parcel) error

func (f carrierFunc) Send(_ context.Context, p *message.Parcel) error { return f(p) }
func (carrierFunc) Close() error                                      { return nil }

func by(f carrierFunc) func(*message.DeliveryOptions) {
	return func(o *message.DeliveryOptions) { o.Carriers = map[string]message.Carrier{message.Email: f} }
}

// TestClockJumps moves the clock beyond the lease of a message that is on its way:
// it must not be sent beside itself, nor again.
func TestClockJumps(t *testing.T) {
	p := newPost(t, "sqlite::memory:", emails)
	var sends atomic.Int64
	release := make(chan struct{})
	p.run(1, by(func(m *message.Parcel) error {
		if m.To == passing {
			return nil
		}
		sends.Add(1)
		<-release
		return nil
	}))
	if err := p.put(letter("ann@example.org")); err != nil {
		t.Fatal(err)
	}
	p.until("the message on its way", func() bool { return sends.Load() == 1 })
	p.advance(10 * time.Minute)
	p.pass()
	close(release)
	p.empty()
	p.advance(10 * time.Minute)
	if err := p.put(letter(passing)); err != nil {
		t.Fatal(err)
	}
	p.until("another message", func() bool { return p.outcome("EMAIL sent") == 3 })
	if n := sends.Load(); n != 1 {
		t.Errorf("sent %d times", n)
	}
}

// TestPoison holds that a message which makes its carrier panic, and one that
// cannot be opened, end as dead letters, and the others go out.
func TestPoison(t *testing.T) {
	p := newPost(t, "sqlite::memory:", emails)
	if err := p.db.Update(t.Context(), func(tx *store.Tx) error {
		return tx.InsertOutgoing(&store.Outgoing{PoolID: "us-east-1_A", ID: "0000", Sub: "sub", Medium: message.Email, SealedDoc: "no seal",
			DueAt: tx.Now(), CreatedAt: tx.Now(), ExpiresAt: tx.Now().Add(time.Hour)})
	}); err != nil {
		t.Fatal(err)
	}
	if err := p.put(letter("poison@example.org")); err != nil {
		t.Fatal(err)
	}
	p.run(1, by(func(m *message.Parcel) error {
		if m.To == "poison@example.org" {
			panic("123456 is too much")
		}
		return nil
	}))
	p.pass()
	p.until("both dead", func() bool { return p.outcome("EMAIL dead") == 2 })
	dead := p.dead()
	if len(dead) != 2 || !strings.HasPrefix(dead[0].Error, "cannot be opened: ") || dead[1].Error != "panic: ****** is too much" {
		t.Errorf("dead: %+v", dead)
	}
}

// TestErrorsTellNoCode has services say the code, or the temporary password, in
// their refusals, as it is or quoted.
func TestErrorsTellNoCode(t *testing.T) {
	const code = `a<B>"&1 é`
	for _, said := range []string{code, `a&lt;B&gt;&#34;&amp;1 é`, `a<B>\"&1 é`, "a%3CB%3E%22%261+%C3%A9", "a%3CB%3E%22&1%20%C3%A9"} {
		p := newPost(t, "sqlite::memory:", emails)
		p.run(1, by(func(*message.Parcel) error {
			return message.Refuse(errors.New(strings.Repeat("x", 290) + "[" + said + "]\r\nforged"))
		}))
		m := letter("ann@example.org")
		m.Code = code
		if err := p.put(m); err != nil {
			t.Fatal(err)
		}
		p.until("a dead letter", func() bool { return p.outcome("EMAIL dead") == 1 })
		if got := p.dead(); len(got) != 1 || got[0].Error != strings.Repeat("x", 290)+"[******]  " {
			t.Errorf("%s: %+v", said, got)
		}
	}
}

// TestDataKeyRotation delivers what was sealed under the data key before.
func TestDataKeyRotation(t *testing.T) {
	p := newPost(t, "sqlite::memory:", emails)
	if err := p.put(letter("ann@example.org")); err != nil {
		t.Fatal(err)
	}
	if err := p.ring.AddDataKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := p.put(letter("bob@example.org")); err != nil {
		t.Fatal(err)
	}
	p.run(1)
	p.empty()
	if got := p.parcels(); len(got) != 2 || got[0].Text != got[1].Text || !strings.Contains(got[0].Text, "123456") {
		t.Errorf("got %+v", got)
	}
}

// TestSlowFunction holds that a pool whose function hangs does not keep the senders
// from other pools: its messages are put off without asking again.
func TestSlowFunction(t *testing.T) {
	p := newPost(t, "sqlite::memory:", emails)
	for range 6 {
		m := letter("ann@example.org")
		m.UserPoolID = "us-east-1_Slow"
		if err := p.put(m); err != nil {
			t.Fatal(err)
		}
	}
	var asked atomic.Int64
	p.run(1, func(o *message.DeliveryOptions) {
		o.Workers = 2
		o.Function = func(_ context.Context, _ string, m message.Message) (bool, error) {
			if m.UserPoolID != "us-east-1_Slow" {
				return false, nil
			}
			asked.Add(1)
			time.Sleep(2100 * time.Millisecond) // real time, as the function's
			return true, errors.New("no answer")
		}
	})
	p.pass()
	p.until("the others put off", func() bool { return p.outcome("EMAIL deferred") == 6 })
	if n := asked.Load(); n > 2 {
		t.Errorf("asked %d times by two senders", n)
	}
	if got := p.parcels(); len(got) != 1 || got[0].To != passing {
		t.Errorf("got %+v", got)
	}
}
