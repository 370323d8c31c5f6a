package awsjson

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

func TestLog(t *testing.T) {
	for _, c := range []struct{ name, token, level, has string }{
		{"success", "s3cret", "DEBUG", `"status":200`},
		{"refused", "refused", "INFO", `"error_type":"NotAuthorizedException"`},
		{"internal", "broken", "ERROR", `"error":"disk on fire"`},
		{"panic", "panic", "ERROR", `"stack":"goroutine`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var log bytes.Buffer
			h, _ := newTestHandler(t, Options{Logger: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
			w := post(h, getUser, `{"AccessToken":"`+c.token+`","X":"input-marker"}`)
			line := log.String()
			if strings.Count(line, "\n") != 1 {
				t.Fatalf("not one line: %s", line)
			}
			for _, want := range []string{`"level":"` + c.level + `"`, c.has, `"operation":"GetUser"`, `"request_id":"` + w.Header().Get("X-Amzn-Requestid") + `"`, `"source_ip":"192.0.2.1"`, `"duration":`} {
				if !strings.Contains(line, want) {
					t.Errorf("no %s in %s", want, line)
				}
			}
			if strings.Contains(line, "s3cret") || strings.Contains(line, "input-marker") {
				t.Errorf("input in %s", line)
			}
		})
	}
}

func TestMetrics(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	h, _ := newTestHandler(t, Options{Registerer: registry})
	post(h, getUser, `{"AccessToken":"kim"}`)
	post(h, getUser, `{"AccessToken":"refused"}`)
	post(h, getUser, `{"AccessToken":"broken"}`)
	post(h, "made.up", `{}`)
	got := gathered(t, registry)
	for key, want := range map[string]float64{ // labels by name: operation, service, type
		"poolhouse_api_requests_total GetUser cognito-idp":                      3,
		"poolhouse_api_errors_total GetUser cognito-idp NotAuthorizedException": 1,
		"poolhouse_api_errors_total GetUser cognito-idp InternalErrorException": 1,
		"poolhouse_api_duration_seconds GetUser cognito-idp":                    3,
		"poolhouse_api_requests_total unknown unknown":                          1,
		"poolhouse_api_errors_total unknown unknown UnknownOperationException":  1,
		"poolhouse_api_requests_total DescribeIdentityPool cognito-identity":    0,
	} {
		if value, ok := got[key]; !ok || value != want {
			t.Errorf("%s = %v (there: %t), want %v", key, value, ok, want)
		}
	}
	for key := range got {
		if strings.Contains(key, "made") {
			t.Errorf("a caller made the label of %s", key)
		}
	}
	if _, err := New(Options{Registerer: registry}); err == nil {
		t.Error("registered twice without an error")
	}
}

// gathered are the metrics, each by its name and the values of its labels, which
// are in the order of their names; of histograms how many values they have.
func gathered(t *testing.T, registry *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]float64)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			key := f.GetName()
			for _, l := range m.GetLabel() {
				key += " " + l.GetValue()
			}
			if m.GetHistogram() != nil {
				got[key] = float64(m.GetHistogram().GetSampleCount())
			} else {
				got[key] = m.GetCounter().GetValue()
			}
		}
	}
	return got
}
