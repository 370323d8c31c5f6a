package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	const fields = " S 1 2 3 0 -1 4194560 9 0 0 0 250 31 0 0 20 0 8 0 987654 5 6"
	for _, c := range []struct {
		name, stat string
		used       time.Duration
		started    uint64
		fails      bool
	}{
		{"plain", "77 (poolhouse)" + fields, 2810 * time.Millisecond, 987654, false},
		{"blanks and parentheses in the name", "77 (a) b (c)" + fields, 2810 * time.Millisecond, 987654, false},
		{"cut off", "77 (poolhouse) S 1 2", 0, 0, true},
		{"not a number", "77 (poolhouse)" + strings.Replace(fields, "250", "x", 1), 0, 0, true},
		{"empty", "", 0, 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseStat([]byte(c.stat))
			if (err != nil) != c.fails || got.used != c.used || got.started != c.started {
				t.Errorf("%v, error %v", got, err)
			}
		})
	}
}

// The times of this process are those that getrusage tells of it.
func TestServerCPUOfThisProcess(t *testing.T) {
	for n, begin := 0, time.Now(); time.Since(begin) < 50*time.Millisecond; n++ {
		_ = make([]byte, n%1000)
	}
	used, err := clientCPU()
	if err != nil {
		t.Fatal(err)
	}
	got, err := serverCPU(os.Getpid())
	if err != nil || got.started == 0 {
		t.Fatalf("%v, error %v", got, err)
	}
	if d := got.used - used; d < -2*clockTick || d > time.Second {
		t.Errorf("stat says %v, getrusage %v", got.used, used)
	}
}

func TestServerCPUOfNoProcess(t *testing.T) {
	ended := exec.Command("true")
	if err := ended.Run(); err != nil {
		t.Fatal(err)
	}
	if _, err := readCPU(ended.Process.Pid); err == nil {
		t.Error("a process that ended has processor times")
	}
}

func TestServerReplaced(t *testing.T) {
	var r report
	before := cpuReading{server: &processCPU{time.Second, 5}}
	if err := r.addCPU(before, cpuReading{server: &processCPU{time.Second, 6}}, 1); err == nil {
		t.Error("another process of the same id was taken for the server")
	}
}
