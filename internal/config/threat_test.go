package config

import (
	"testing"
	"time"
)

func TestThreat(t *testing.T) {
	for retention, want := range map[time.Duration]string{
		0: "", time.Hour: "", time.Hour - 1: "--auth-event-retention must be at least 1h", -time.Hour: "--auth-event-retention must be at least 1h",
	} {
		got := ""
		if err := (&Threat{AuthEventRetention: retention}).validate(); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", retention, got, want)
		}
	}
}
