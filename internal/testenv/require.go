package testenv

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// Require returns if the thing is available. Otherwise it skips the test with
// the reason, or fails it if POOLHOUSE_TEST_REQUIRE, a list of names separated
// by commas, contains name.
func Require(t testing.TB, name string, available bool, reason string) {
	t.Helper()
	if available {
		return
	}
	if required(os.Getenv("POOLHOUSE_TEST_REQUIRE"), name) {
		t.Fatalf("%s is required by POOLHOUSE_TEST_REQUIRE: %s", name, reason)
	}
	t.Skipf("%s is absent: %s", name, reason)
}

func required(list, name string) bool {
	return slices.ContainsFunc(strings.Split(list, ","), func(s string) bool { return strings.TrimSpace(s) == name })
}
