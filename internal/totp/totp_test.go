package totp_test

import (
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/totp"
)

// rfcSecret is the key of the test vectors in RFC 6238, appendix B.
var rfcSecret = []byte("12345678901234567890")

func TestVectors(t *testing.T) {
	// RFC 6238 lists eight digits; six are the last of them.
	for seconds, want := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		if got := totp.Code(rfcSecret, totp.Step(time.Unix(seconds, 0))); got != want {
			t.Errorf("code at %d is %s, want %s", seconds, got, want)
		}
	}
}

func TestMatchTakesTheStepsAround(t *testing.T) {
	now := time.Unix(1234567890, 0)
	for offset, want := range map[int64]bool{-2: false, -1: true, 0: true, 1: true, 2: false} {
		step := totp.Step(now) + offset
		got, ok := totp.Match(rfcSecret, totp.Code(rfcSecret, step), now)
		if ok != want || ok && got != step {
			t.Errorf("code of step %+d: step %+d, %t, want %t", offset, got-totp.Step(now), ok, want)
		}
	}
	for _, code := range []string{"", "5924", "00005924", "000000", "abcdef"} {
		if _, ok := totp.Match(rfcSecret, code, now); ok {
			t.Errorf("%q counts as a code", code)
		}
	}
}

func TestSecret(t *testing.T) {
	a, b := totp.NewSecret(), totp.NewSecret()
	if len(a) != totp.SecretSize || string(a) == string(b) {
		t.Errorf("secrets %x and %x", a, b)
	}
	if got := totp.Encode(rfcSecret); got != "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" {
		t.Errorf("encoded %s", got)
	}
	if got := totp.Encode(a); len(got) != 52 {
		t.Errorf("a new secret has %d characters, want 52 as Cognito's", len(got))
	}
}
