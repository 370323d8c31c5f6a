package smtp_test

import (
	"context"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/message/smtp"
	"github.com/poolhouse/poolhouse/internal/message/smtp/smtptest"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/store/storetest"
)

// BenchmarkDelivery measures how many messages a second leave the outbox for a
// server on this machine, from 5,000 that wait.
func BenchmarkDelivery(b *testing.B) {
	const messages = 5000
	for name, database := range map[string]func(testing.TB) string{"sqlite": storetest.SQLiteURL, "postgres": storetest.PostgresURL} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				db, err := store.Open(b.Context(), store.Options{URL: database(b), Migrate: true})
				if err == nil {
					_, _, err = db.Migrate(b.Context())
				}
				if err != nil {
					b.Fatal(err)
				}
				ring, err := keys.Open(b.Context(), db, keys.GenerateMasterKey(), nil)
				if err != nil {
					b.Fatal(err)
				}
				server := smtptest.Start(b, &smtptest.Server{})
				carrier, err := smtp.New(&url.URL{Scheme: "smtp", Host: server.Addr, RawQuery: "tls=none"}, "a@example.com")
				if err != nil {
					b.Fatal(err)
				}
				outbox := message.NewOutbox(ring, false).With(message.OutboxOptions{Carried: map[string]bool{message.Email: true}})
				put := func(tx *store.Tx) error {
					for i := range messages {
						if err := outbox.Put(tx, message.Message{UserPoolID: "us-east-1_A", Sub: "sub", Username: "ann", Medium: message.Email,
							To: fmt.Sprintf("u%d@example.org", i), Subject: "Your verification code", Body: "Your verification code is 012345. "}); err != nil {
							return err
						}
					}
					return nil
				}
				if err := db.Update(b.Context(), put); err != nil {
					b.Fatal(err)
				}
				d := message.NewDeliverer(db, outbox, message.DeliveryOptions{Carriers: map[string]message.Carrier{message.Email: carrier},
					Settings: func(context.Context, string) (message.Settings, error) { return message.Settings{}, nil }})
				ctx, cancel := context.WithCancel(b.Context())
				ended := make(chan struct{})
				start := time.Now()
				go func() {
					d.Run(ctx)
					close(ended)
				}()
				for waiting := 1; waiting > 0; time.Sleep(5 * time.Millisecond) {
					if err := db.View(ctx, func(tx *store.Tx) (err error) {
						waiting, _, _, err = tx.OutgoingQueue(1)
						return err
					}); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(messages/time.Since(start).Seconds(), "messages/s")
				cancel()
				<-ended
				if n := len(server.Mails()); n != messages {
					b.Fatalf("%d messages", n)
				}
				carrier.Close()
				ring.Close()
				db.Close()
			}
		})
	}
}
