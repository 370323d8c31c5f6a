package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// The operations, by their names on the command line.
const (
	signInSRP      = "sign-in-srp"
	signInPassword = "sign-in-password"
	refresh        = "refresh"
	getUser        = "get-user"
	adminGetUser   = "admin-get-user"
)

var operations = []string{signInSRP, signInPassword, refresh, getUser, adminGetUser}

const maxWeight = 1_000_000

// mix is a choice of operations, each with a weight.
type mix struct {
	names   []string // in the order of the command line
	weights []int
	total   int
}

// UnmarshalText reads "sign-in-srp=1,get-user=9"; a weight left out is 1.
func (m *mix) UnmarshalText(text []byte) error {
	var read mix
	for part := range strings.SplitSeq(string(text), ",") {
		name, number, weighted := strings.Cut(strings.TrimSpace(part), "=")
		weight := 1
		if weighted {
			var err error
			if weight, err = strconv.Atoi(number); err != nil || weight < 1 || weight > maxWeight {
				return fmt.Errorf("weight of %s must be from 1 to %d", name, maxWeight)
			}
		}
		if !slices.Contains(operations, name) {
			return fmt.Errorf("unknown operation %q: there are %s", name, strings.Join(operations, ", "))
		}
		if read.has(name) {
			return fmt.Errorf("operation %s is named twice", name)
		}
		read.names = append(read.names, name)
		read.weights = append(read.weights, weight)
		read.total += weight
	}
	*m = read
	return nil
}

func (m *mix) has(name string) bool { return slices.Contains(m.names, name) }

// choose returns the index of the operation and of the user, below users, of
// operation number n. Both depend on seed and n alone, so that runs of the same
// seed ask for the same things however their workers interleave.
func (m *mix) choose(seed, n uint64, users int) (operation, user int) {
	random := rand.New(rand.NewPCG(seed, n)) //nolint:gosec // reproducible on purpose, guards nothing
	pick := random.IntN(m.total)
	for pick >= m.weights[operation] {
		pick -= m.weights[operation]
		operation++
	}
	return operation, random.IntN(users)
}
