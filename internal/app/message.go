package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/logdelivery"
	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/message/eum"
	"github.com/poolhouse/poolhouse/internal/message/ses"
	"github.com/poolhouse/poolhouse/internal/message/smtp"
	"github.com/poolhouse/poolhouse/internal/message/sns"
	"github.com/poolhouse/poolhouse/internal/message/twilio"
	"github.com/poolhouse/poolhouse/internal/message/webhook"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// MessageOptions say how messages leave. The forms of the URLs are those of
// config.Messages.
type MessageOptions struct {
	EmailURL, SMSURL *url.URL // nil: nothing carries such messages
	From             string   // sender of emails of pools that set none
	WebhookSecret    string
	Workers          int  // how many messages are sent at once; 0 for the default
	PerRecipient     int  // messages to an address or number in an hour; 0 for any number
	DailyEmails      int  // emails that pools without a sending account of their own send a day; 0 for any number
	ConfirmButton    bool // links that confirm sign-ups lead to a page with a button
}

// inLanguages tells what languages the users who call want to read. A signed request
// comes from a server, whose language says nothing of its users.
func inLanguages(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if accepted := r.Header.Get("Accept-Language"); accepted != "" && !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-") {
			r = r.WithContext(message.WithLanguages(r.Context(), accepted))
		}
		next.ServeHTTP(w, r)
	})
}

// carriers are those that are configured, by medium.
func carriers(ctx context.Context, o MessageOptions) (map[string]message.Carrier, error) {
	all := make(map[string]message.Carrier)
	for medium, u := range map[string]*url.URL{message.Email: o.EmailURL, message.SMS: o.SMSURL} {
		if u == nil {
			continue
		}
		c, err := carrier(ctx, u, o)
		if err != nil {
			return nil, fmt.Errorf("what carries messages (%s): %w", medium, err)
		}
		all[medium] = c
	}
	return all, nil
}

func carrier(ctx context.Context, u *url.URL, o MessageOptions) (message.Carrier, error) {
	query := u.Query()
	switch u.Scheme {
	case "smtp", "smtps":
		return smtp.New(u, o.From)
	case "http", "https":
		return webhook.New(u, o.WebhookSecret)
	case "twilio", "twilio+http":
		return twilio.New(u)
	}
	config, err := awsconfig.LoadDefaultConfig(ctx, awsconfig.WithRegion(u.Host))
	if err != nil {
		return nil, fmt.Errorf("credentials of AWS: %w", err)
	}
	switch u.Scheme {
	case "ses":
		return ses.New(config, query.Get("endpoint"), o.From)
	case "sns":
		return sns.New(config, query.Get("endpoint"), query.Get("sender")), nil
	case "eum":
		return eum.New(config, query.Get("endpoint"), query.Get("origin")), nil
	}
	return nil, errors.New("nothing is known that has such a URL")
}

// outbox opens the carriers and returns the outbox with what empties it.
func (a *App) outbox(ctx context.Context, registry prometheus.Registerer) (*message.Outbox, error) {
	o := a.options.Messages
	found, err := carriers(ctx, o)
	if err != nil {
		return nil, err
	}
	carried := make(map[string]bool)
	for medium := range found {
		carried[medium] = true
	}
	outbox := message.NewOutbox(a.ring, a.options.Dev).With(message.OutboxOptions{Carried: carried, Functions: a.functions.HasKeys(), PerRecipient: o.PerRecipient, DailyEmails: o.DailyEmails})
	a.carriers = found
	if len(found) == 0 && !a.functions.HasKeys() {
		return outbox, nil
	}
	metrics := newMessageMetrics(a.db, registry)
	a.deliverer = message.NewDeliverer(a.db, outbox, message.DeliveryOptions{
		Carriers: found, Settings: a.messageSettings, Function: a.sendByFunction, Workers: o.Workers, Observe: metrics.observe,
		Failed: a.reportFailure, Logger: a.log,
	})
	return outbox, nil
}

// reportFailure reports to a pool's operators that a message was not delivered.
func (a *App) reportFailure(ctx context.Context, poolID, details string) {
	pool, err := a.pools.Pool(ctx, poolID)
	if err != nil {
		a.log.DebugContext(ctx, "nobody to report a failed message to", "pool", poolID, "err", err)
		return
	}
	logdelivery.New(a.log).Failure(pool, a.db.Now(), details)
}

// deliver carries messages out until Close.
func (a *App) deliver() {
	if a.deliverer == nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { a.deliverer.Run(ctx) })
	a.stopDelivery = func() {
		cancel()
		running.Wait()
		for _, c := range a.carriers {
			if err := c.Close(); err != nil {
				a.log.Debug("close a carrier of messages", "err", err)
			}
		}
	}
}

func (a *App) messageSettings(ctx context.Context, poolID string) (message.Settings, error) {
	pool, err := a.pools.Pool(ctx, poolID)
	if fault.CodeOf(err) == fault.ResourceNotFound {
		return message.Settings{}, message.ErrPoolGone
	}
	if err != nil {
		return message.Settings{}, err
	}
	return pool.MessageSettings(), nil
}

// domainURL is what the URLs of a domain begin with. Where the operator names no
// suffix for prefix domains, and in development, where names lead nowhere, that is
// a path of the public URL.
func (a *App) domainURL(d *userpool.Domain) string {
	if !a.options.Dev && (d.Custom() || a.options.DomainHosts) {
		return "https://" + a.pools.DomainHost(d)
	}
	return a.options.PublicURL + "/_domain/" + d.Name
}

// messageMetrics are the figures of the outbox.
type messageMetrics struct {
	db       *store.DB
	attempts *prometheus.CounterVec
	delay    *prometheus.HistogramVec
	waiting  *prometheus.Desc
	dead     *prometheus.Desc
	age      *prometheus.Desc
}

// mostCounted is how far the messages and the notices of logouts that wait are
// counted.
const mostCounted = 100_000

// queueTimeout is how long it may take to count them.
const queueTimeout = 3 * time.Second

func newMessageMetrics(db *store.DB, registry prometheus.Registerer) *messageMetrics {
	m := &messageMetrics{
		db: db,
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "poolhouse_messages_total",
			Help: "Attempts to deliver messages, by their outcome."}, []string{"medium", "outcome"}),
		delay: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "poolhouse_message_delay_seconds",
			Help: "Time from the making of a message to its delivery.", Buckets: prometheus.ExponentialBuckets(0.01, 4, 10)}, []string{"medium"}),
		waiting: prometheus.NewDesc("poolhouse_outbox_messages", "Messages that wait or are being sent, up to 100,000.", nil, nil),
		dead:    prometheus.NewDesc("poolhouse_outbox_dead_messages", "Messages that could not be delivered, up to 100,000.", nil, nil),
		age:     prometheus.NewDesc("poolhouse_outbox_oldest_seconds", "Age of the oldest message that waits.", nil, nil),
	}
	registry.MustRegister(m.attempts, m.delay, m)
	return m
}

func (m *messageMetrics) observe(medium, outcome string, age time.Duration) {
	m.attempts.WithLabelValues(medium, outcome).Inc()
	if outcome == message.Sent {
		m.delay.WithLabelValues(medium).Observe(age.Seconds())
	}
}

// Describe is that of prometheus.Collector.
func (m *messageMetrics) Describe(descriptions chan<- *prometheus.Desc) {
	descriptions <- m.waiting
	descriptions <- m.dead
	descriptions <- m.age
}

// Collect counts what the database holds, for all nodes.
func (m *messageMetrics) Collect(metrics chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), queueTimeout)
	defer cancel()
	var waiting, dead int
	var oldest time.Time
	if err := m.db.View(ctx, func(tx *store.Tx) (err error) {
		waiting, dead, oldest, err = tx.OutgoingQueue(mostCounted)
		return err
	}); err != nil {
		metrics <- prometheus.NewInvalidMetric(m.waiting, err)
		return
	}
	age := 0.0
	if !oldest.IsZero() {
		age = max(0, m.db.Now().Sub(oldest).Seconds())
	}
	metrics <- prometheus.MustNewConstMetric(m.waiting, prometheus.GaugeValue, float64(waiting))
	metrics <- prometheus.MustNewConstMetric(m.dead, prometheus.GaugeValue, float64(dead))
	metrics <- prometheus.MustNewConstMetric(m.age, prometheus.GaugeValue, age)
}
