//go:build !linux

package main

import (
	"errors"
	"time"
)

type processCPU struct {
	used    time.Duration
	started uint64
}

func serverCPU(int) (processCPU, error) {
	return processCPU{}, errors.New("--server-pid is not supported on this system, only on Linux")
}
