package message_test

import (
	"context"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/message"
)

// A message's own sender comes before the pool's, whose identity of SES does not
// go with it.
func TestSenderOfMessage(t *testing.T) {
	pool := message.Settings{From: "pool@example.com", ReplyTo: "help@example.com", FromARN: "pool", EmailConfigSet: "set"}
	for _, tt := range []struct {
		name string
		set  message.Message
		want message.Settings
	}{
		{"none", message.Message{}, pool},
		{"all", message.Message{From: "a@example.com", ReplyTo: "b@example.com", FromARN: "own"},
			message.Settings{From: "a@example.com", ReplyTo: "b@example.com", FromARN: "own", EmailConfigSet: "set"}},
		{"address only", message.Message{From: "a@example.com"},
			message.Settings{From: "a@example.com", ReplyTo: "help@example.com", EmailConfigSet: "set"}},
		{"reply only", message.Message{ReplyTo: "b@example.com", FromARN: "own"},
			message.Settings{From: "pool@example.com", ReplyTo: "b@example.com", FromARN: "pool", EmailConfigSet: "set"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPost(t, "sqlite::memory:", emails)
			m := letter("ann@example.com")
			m.From, m.ReplyTo, m.FromARN = tt.set.From, tt.set.ReplyTo, tt.set.FromARN
			if err := p.put(m); err != nil {
				t.Fatal(err)
			}
			p.run(1, func(o *message.DeliveryOptions) {
				o.Settings = func(context.Context, string) (message.Settings, error) { return pool, nil }
			})
			for deadline := time.Now().Add(time.Minute); len(p.parcels()) == 0; time.Sleep(time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatal("not delivered")
				}
			}
			if got := p.parcels()[0].Settings; got != tt.want {
				t.Errorf("settings %+v, want %+v", got, tt.want)
			}
		})
	}
}
