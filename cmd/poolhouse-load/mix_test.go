package main

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func TestMixFromText(t *testing.T) {
	for _, c := range []struct {
		name, text string
		names      []string
		weights    []int
		err        string
	}{
		{"one", "refresh", []string{"refresh"}, []int{1}, ""},
		{"weights", "sign-in-srp=1,get-user=9", []string{"sign-in-srp", "get-user"}, []int{1, 9}, ""},
		{"some weights", "get-user=3, refresh", []string{"get-user", "refresh"}, []int{3, 1}, ""},
		{"nothing", "", nil, nil, "unknown operation"},
		{"unknown", "sign-up", nil, nil, "unknown operation \"sign-up\""},
		{"twice", "refresh=1,refresh=2", nil, nil, "named twice"},
		{"no weight", "refresh=", nil, nil, "weight of refresh"},
		{"weight 0", "refresh=0", nil, nil, "weight of refresh"},
		{"weight below 0", "refresh=-1", nil, nil, "weight of refresh"},
		{"great weight", "refresh=1000001", nil, nil, "weight of refresh"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var m mix
			err := m.UnmarshalText([]byte(c.text))
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Fatalf("error = %v, want %s", err, c.err)
				}
				return
			}
			if err != nil || !slices.Equal(m.names, c.names) || !slices.Equal(m.weights, c.weights) {
				t.Errorf("%v %v, error %v", m.names, m.weights, err)
			}
		})
	}
}

func FuzzMix(f *testing.F) {
	f.Add("sign-in-srp=1,get-user=9")
	f.Add("=,=")
	f.Fuzz(func(t *testing.T, text string) {
		var m mix
		if m.UnmarshalText([]byte(text)) == nil {
			if operation, user := m.choose(1, 2, 3); operation >= len(m.names) || user < 0 || user > 2 {
				t.Errorf("chose operation %d, user %d", operation, user)
			}
		}
	})
}

func TestChoiceFollowsWeightsAndSeed(t *testing.T) {
	var m mix
	if err := m.UnmarshalText([]byte("sign-in-srp=1,get-user=7,refresh=2")); err != nil {
		t.Fatal(err)
	}
	const rounds, people = 20_000, 5
	byOperation, byUser := make([]float64, 3), make([]float64, people)
	differ := 0
	for n := range uint64(rounds) {
		operation, user := m.choose(42, n, people)
		byOperation[operation]++
		byUser[user]++
		if again, who := m.choose(42, n, people); again != operation || who != user {
			t.Fatalf("operation %d is not the same twice", n)
		}
		if _, other := m.choose(43, n, people); other != user {
			differ++
		}
	}
	near := func(what string, got, share float64) {
		if math.Abs(got/rounds-share) > 0.02 {
			t.Errorf("%s: %v of %d, want a share of %v", what, got, rounds, share)
		}
	}
	for i, share := range []float64{0.1, 0.7, 0.2} {
		near(m.names[i], byOperation[i], share)
	}
	for _, got := range byUser {
		near("a user", got, 1.0/people)
	}
	near("another seed, another user", float64(differ), 1-1.0/people)
}
