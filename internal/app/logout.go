package app

import (
	"context"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/poolhouse/poolhouse/internal/backchannel"
	"github.com/poolhouse/poolhouse/internal/federation/fetch"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/token"
)

// tellClients tells clients of the ends of sessions until Close.
func (a *App) tellClients(tokens *token.Issuer, registry prometheus.Registerer) {
	attempts := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "poolhouse_logout_notices_total",
		Help: "Attempts to tell clients of logouts, by their outcome."}, []string{"outcome"})
	registry.MustRegister(attempts, &noticeQueue{
		db:      a.db,
		waiting: prometheus.NewDesc("poolhouse_logout_waiting_notices", "Notices of logouts that wait or are being sent, up to 100,000.", nil, nil),
		dead:    prometheus.NewDesc("poolhouse_logout_dead_notices", "Notices of logouts that could not be delivered, up to 100,000.", nil, nil),
	})
	deliverer := backchannel.New(a.db, a.pools, tokens, backchannel.Options{
		Post:         fetch.New(fetch.Options{Anywhere: a.options.Dev || a.options.PrivateClients}).Post,
		PostStranger: fetch.New(fetch.Options{Anywhere: a.options.Dev}).Post,
		Observe:      func(outcome string) { attempts.WithLabelValues(outcome).Inc() },
		Logger:       a.log,
	})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { deliverer.Run(ctx) })
	a.stopNotices = func() {
		cancel()
		running.Wait()
	}
}

// noticeQueue counts the notices in the database, for all nodes.
type noticeQueue struct {
	db            *store.DB
	waiting, dead *prometheus.Desc
}

// Describe is that of prometheus.Collector.
func (q *noticeQueue) Describe(descriptions chan<- *prometheus.Desc) {
	descriptions <- q.waiting
	descriptions <- q.dead
}

// Collect is that of prometheus.Collector.
func (q *noticeQueue) Collect(metrics chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), queueTimeout)
	defer cancel()
	var waiting, dead int
	if err := q.db.View(ctx, func(tx *store.Tx) (err error) {
		waiting, dead, err = tx.LogoutNoticeQueue(mostCounted)
		return err
	}); err != nil {
		metrics <- prometheus.NewInvalidMetric(q.waiting, err)
		return
	}
	metrics <- prometheus.MustNewConstMetric(q.waiting, prometheus.GaugeValue, float64(waiting))
	metrics <- prometheus.MustNewConstMetric(q.dead, prometheus.GaugeValue, float64(dead))
}
