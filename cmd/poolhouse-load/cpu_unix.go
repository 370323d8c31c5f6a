//go:build unix

package main

import (
	"syscall"
	"time"
)

// clientCPU is the processor time this process has used, user and system.
func clientCPU() (time.Duration, error) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0, err
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), nil
}
