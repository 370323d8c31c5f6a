package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// clockTick is the unit of processor times in /proc: USER_HZ, which is 100 on
// every architecture that Go runs on.
const clockTick = 10 * time.Millisecond

// processCPU is the processor time that a process of this machine has used, and
// when it started (in clock ticks since boot), so that another process of the
// same id is not taken for it.
type processCPU struct {
	used    time.Duration
	started uint64
}

func serverCPU(pid int) (processCPU, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return processCPU{}, err
	}
	return parseStat(stat)
}

// parseStat reads /proc/<pid>/stat, see proc_pid_stat(5). The second field, the
// name, may contain blanks and parentheses.
func parseStat(stat []byte) (processCPU, error) {
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	const userTime, systemTime, startTime = 14 - 3, 15 - 3, 22 - 3 // the first field left is number 3
	if len(fields) <= startTime {
		return processCPU{}, fmt.Errorf("stat has %d fields", len(fields))
	}
	var values [3]uint64
	for i, field := range []int{userTime, systemTime, startTime} {
		var err error
		if values[i], err = strconv.ParseUint(string(fields[field]), 10, 63); err != nil {
			return processCPU{}, fmt.Errorf("stat field %d: %w", field+3, err)
		}
	}
	return processCPU{used: time.Duration(values[0]+values[1]) * clockTick, started: values[2]}, nil
}
