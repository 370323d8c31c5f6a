package main

import (
	"sync"
	"sync/atomic"
	"time"
)

// maxErrorTypes bounds what a server can make the report hold; what comes
// after them counts as "other".
const maxErrorTypes = 32

// recorder holds the figures of one operation.
type recorder struct {
	operations atomic.Int64 // all, failed ones too
	requests   atomic.Int64
	failures   atomic.Int64
	latency    histogram

	mu     sync.Mutex
	errors []errorCount // by first appearance
}

// errorCount is how often one kind of error happened.
type errorCount struct {
	Type  string `json:"type"`
	Count int64  `json:"count"`
	First string `json:"first"` // text of the first
}

func (r *recorder) add(latency time.Duration, requests int, err error) {
	r.operations.Add(1)
	r.requests.Add(int64(requests))
	if err == nil {
		r.latency.add(latency)
		return
	}
	r.failures.Add(1)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.errors = count(r.errors, errorCount{errorType(err), 1, clip(err.Error(), maxErrorText)})
}

// merge adds the figures of other, to which nothing may be added meanwhile.
func (r *recorder) merge(other *recorder) {
	r.operations.Add(other.operations.Load())
	r.requests.Add(other.requests.Load())
	r.failures.Add(other.failures.Load())
	r.latency.merge(&other.latency)
	for _, e := range other.errors {
		r.errors = count(r.errors, e)
	}
}

func count(all []errorCount, e errorCount) []errorCount {
	for i := range all {
		if all[i].Type == e.Type || i == maxErrorTypes {
			all[i].Count += e.Count
			return all
		}
	}
	if len(all) == maxErrorTypes {
		e.Type = "other"
	}
	return append(all, e)
}
