// Package keystest has the signing keys of tests come from a file, since making
// them would take most of the time of many tests, and more under the race
// detector. It is enough to import it, as storetest does. Benchmarks get real
// keys: what they measure is what servers do.
package keystest

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	_ "embed" // the keys
	"encoding/base64"
	"flag"
	"sync/atomic"
	"testing"

	"github.com/poolhouse/poolhouse/internal/keys/internal/rsakey"
)

// file has a key of 2048 bits in each line: PKCS #1, base64. "go test -update"
// makes it anew.
//
//go:embed rsa_keys.txt
var file []byte

// lines is enough for no test to meet the same key twice where it wants another.
var lines = bytes.Fields(file)

var taken atomic.Uint64

func init() {
	if !testing.Testing() {
		panic("keystest is for tests only: everybody knows its keys")
	}
	rsakey.Make = next
}

// next is the next key of the file, from the top again behind its end.
func next() (*rsa.PrivateKey, error) {
	if benchmarking() {
		return rsakey.Generate()
	}
	n := taken.Add(1) - 1
	der, err := base64.RawStdEncoding.DecodeString(string(lines[n%uint64(len(lines))]))
	if err != nil {
		return nil, err
	}
	return x509.ParsePKCS1PrivateKey(der)
}

func benchmarking() bool {
	f := flag.Lookup("test.bench")
	return f != nil && f.Value.String() != ""
}
