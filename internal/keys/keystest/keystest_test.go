package keystest

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"flag"
	"os"
	"testing"

	"github.com/poolhouse/poolhouse/internal/keys/internal/rsakey"
)

var update = flag.Bool("update", false, "make the keys anew")

// many is more keys than a test has pools and rotations.
const many = 48

// All keys of the file differ and are as long as real ones.
func TestKeys(t *testing.T) {
	if *update {
		var b bytes.Buffer
		for range many {
			key, err := rsakey.Generate()
			if err != nil {
				t.Fatal(err)
			}
			b.WriteString(base64.RawStdEncoding.EncodeToString(x509.MarshalPKCS1PrivateKey(key)) + "\n")
		}
		if err := os.WriteFile("rsa_keys.txt", b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		lines = bytes.Fields(b.Bytes())
	}
	seen := make(map[string]bool)
	for range many {
		key, err := rsakey.Make()
		if err != nil {
			t.Fatal(err)
		}
		if key.N.BitLen() != rsakey.Bits || seen[key.N.String()] {
			t.Errorf("a key of %d bits, or one twice", key.N.BitLen())
		}
		seen[key.N.String()] = true
	}
	first, err := rsakey.Make()
	if err != nil || !seen[first.N.String()] {
		t.Errorf("behind the last: %v, of no line", err)
	}
}
