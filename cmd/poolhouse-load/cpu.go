package main

import (
	"errors"
	"fmt"
	"time"
)

// cpuReading is what client and server have used so far.
type cpuReading struct {
	client    time.Duration
	hasClient bool
	server    *processCPU // nil: not asked for
}

// readCPU reads the processor times. Where the client's cannot be known it
// leaves them out; the server's, if pid is not 0, were asked for.
func readCPU(pid int) (cpuReading, error) {
	var reading cpuReading
	used, err := clientCPU()
	reading.client, reading.hasClient = used, err == nil
	if pid != 0 {
		server, err := serverCPU(pid)
		if err != nil {
			return reading, fmt.Errorf("processor time of the server: %w", err)
		}
		reading.server = &server
	}
	return reading, nil
}

// addCPU reports what was used between two readings.
func (r *report) addCPU(before, after cpuReading, requests int64) error {
	if before.hasClient && after.hasClient {
		r.ClientCPU = newCPUFigures(after.client-before.client, r.Total.Operations, requests)
	}
	if before.server == nil {
		return nil
	}
	if before.server.started != after.server.started {
		return errors.New("processor time of the server: --server-pid is another process by now")
	}
	r.ServerCPU = newCPUFigures(after.server.used-before.server.used, r.Total.Operations, requests)
	return nil
}
