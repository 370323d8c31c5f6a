package main

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// countedSignIns gives tokens named by their number that live a minute.
func countedSignIns(h *holders) {
	h.signIn = func(_ context.Context, s *spent, username string) (*tokens, error) {
		s.requests += 2
		runtime.Gosched()
		n := h.signIns.Load() + 1
		return &tokens{fmt.Sprintf("access %s %d", username, n), fmt.Sprintf("refresh %d", n), 60}, nil
	}
}

func TestHoldersRenewTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHolders(new(pool), &options{Users: 10, TokenUsers: 1, UserPrefix: "u"})
		countedSignIns(h)
		user := h.of(7)
		want := func(when string, number int) tokens {
			t.Helper()
			held, err := h.tokens(t.Context(), user)
			if err != nil || held.AccessToken != fmt.Sprintf("access u0000000 %d", number) {
				t.Fatalf("%s: %v, error %v", when, held, err)
			}
			return held
		}
		want("first", 1)
		time.Sleep(53 * time.Second)
		first := want("before nine tenths", 1)
		time.Sleep(2 * time.Second)
		want("after nine tenths", 2)
		user.drop(first.AccessToken)
		second := want("old token refused", 2)
		user.drop(second.AccessToken)
		want("token refused", 3)

		user.refreshed(&tokens{AccessToken: "access u0000000 9", ExpiresIn: 60})
		if held := want("refreshed", 9); held.RefreshToken != "refresh 3" {
			t.Errorf("refresh token %q is not kept", held.RefreshToken)
		}
		if h.requests.Load() != 6 {
			t.Errorf("%d requests", h.requests.Load())
		}
	})
}

func TestManyWorkersRenewOnce(t *testing.T) {
	h := newHolders(new(pool), &options{Users: 1, TokenUsers: 5, UserPrefix: "u"})
	countedSignIns(h)
	var workers sync.WaitGroup
	for i := range 20 {
		workers.Go(func() {
			if _, err := h.tokens(t.Context(), h.of(i)); err != nil {
				t.Error(err)
			}
		})
	}
	workers.Wait()
	if n := h.signIns.Load(); n != 1 {
		t.Errorf("%d sign-ins", n)
	}
}
