package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"text/tabwriter"
	"time"
)

// report is what --output json prints: a contract, scripts read it.
type report struct {
	Endpoint    string  `json:"endpoint"`
	UserPoolID  string  `json:"user_pool_id"`
	ClientID    string  `json:"client_id"`
	Users       int     `json:"users"`
	Concurrency int     `json:"concurrency"`
	Rate        float64 `json:"rate"`    // asked for, per second; 0: unlimited
	Seconds     float64 `json:"seconds"` // from the first operation to the last answer
	Interrupted bool    `json:"interrupted"`
	Unsent      int64   `json:"unsent"` // operations the rate asked for that no worker was free to begin

	Operations []figures `json:"operations"` // in the order of the command line
	Total      figures   `json:"total"`

	// Sign-ins during the measurement that only renewed tokens. They are in no
	// other figure but the processor times.
	TokenSignIns int64 `json:"token_sign_ins"`

	ClientCPU *cpuFigures `json:"client_cpu,omitempty"`
	ServerCPU *cpuFigures `json:"server_cpu,omitempty"`
}

// figures are those of one operation, or of all.
type figures struct {
	Operation  string       `json:"operation"`
	Operations int64        `json:"operations"` // failed ones too
	PerSecond  float64      `json:"per_second"` // those that succeeded
	Requests   int64        `json:"requests"`
	Errors     int64        `json:"errors"`
	Latency    latencies    `json:"latency_ms"` // of those that succeeded; p50..p99 at most 0.8 % too high
	ErrorTypes []errorCount `json:"error_types"`
}

type latencies struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// cpuFigures are processor seconds, user and system. A request of a
// token sign-in counts as a request here.
type cpuFigures struct {
	Seconds      float64 `json:"seconds"`
	PerOperation float64 `json:"seconds_per_operation"`
	PerRequest   float64 `json:"seconds_per_request"`
}

func newFigures(name string, r *recorder, elapsed time.Duration) figures {
	q := r.latency.quantiles(0.50, 0.95, 0.99)
	f := figures{
		Operation:  name,
		Operations: r.operations.Load(),
		Requests:   r.requests.Load(),
		Errors:     r.failures.Load(),
		Latency: latencies{
			P50: milliseconds(q[0]), P95: milliseconds(q[1]), P99: milliseconds(q[2]),
			Max: milliseconds(time.Duration(r.latency.max.Load())),
		},
		ErrorTypes: append([]errorCount{}, r.errors...),
	}
	if elapsed > 0 {
		f.PerSecond = math.Round(100*float64(f.Operations-f.Errors)/elapsed.Seconds()) / 100
	}
	return f
}

func newCPUFigures(used time.Duration, operations, requests int64) *cpuFigures {
	f := &cpuFigures{Seconds: used.Seconds()}
	if operations > 0 {
		f.PerOperation = (used / time.Duration(operations)).Seconds()
	}
	if requests > 0 {
		f.PerRequest = (used / time.Duration(requests)).Seconds()
	}
	return f
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// errorRate is the share of operations that failed.
func (r *report) errorRate() float64 {
	if r.Total.Operations == 0 {
		return 0
	}
	return float64(r.Total.Errors) / float64(r.Total.Operations)
}

// write prints the report in a form of --output.
func (r *report) write(w io.Writer, form string) error {
	if form == "json" {
		return r.writeJSON(w)
	}
	return r.writeText(w)
}

func (r *report) writeJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(r)
}

func (r *report) writeText(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "operation\toperations\tper second\trequests\tp50 ms\tp95 ms\tp99 ms\tmax ms\terrors\t")
	for _, f := range append(r.Operations, r.Total) {
		fmt.Fprintf(t, "%s\t%d\t%.1f\t%d\t%.3f\t%.3f\t%.3f\t%.3f\t%d\t\n", f.Operation, f.Operations, f.PerSecond,
			f.Requests, f.Latency.P50, f.Latency.P95, f.Latency.P99, f.Latency.Max, f.Errors)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, f := range r.Operations {
		for _, e := range f.ErrorTypes {
			fmt.Fprintf(w, "%s: %d x %s, first: %s\n", f.Operation, e.Count, e.Type, e.First)
		}
	}
	fmt.Fprintf(w, "\n%d users, concurrency %d, %.2f s", r.Users, r.Concurrency, r.Seconds)
	if r.Rate > 0 {
		fmt.Fprintf(w, ", rate %g/s, %d not sent", r.Rate, r.Unsent)
	}
	if r.Interrupted {
		fmt.Fprint(w, ", interrupted")
	}
	if r.TokenSignIns > 0 {
		fmt.Fprintf(w, ", %d sign-ins to renew tokens", r.TokenSignIns)
	}
	fmt.Fprintln(w)
	writeCPU(w, "client", r.ClientCPU)
	writeCPU(w, "server", r.ServerCPU)
	return nil
}

func writeCPU(w io.Writer, side string, f *cpuFigures) {
	if f != nil {
		fmt.Fprintf(w, "%s: %.2f CPU seconds, %.3f ms per operation, %.3f ms per request\n",
			side, f.Seconds, f.PerOperation*1000, f.PerRequest*1000)
	}
}
