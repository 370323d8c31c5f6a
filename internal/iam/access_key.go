package iam

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"log/slog"
)

// An AccessKey signs requests. Printed, logged or encoded it shows only its id.
type AccessKey struct {
	ID     string // AKIA and 16 of A-Z and 2-7
	Secret string `json:"-"` // 40 characters of the base64 alphabet, 240 bits
}

// NewAccessKey makes a key from the system's random source.
func NewAccessKey() AccessKey {
	// 10 and 30 bytes fill their encodings without padding. crypto/rand.Read
	// ends the program rather than return an error.
	var id [10]byte
	var secret [30]byte
	_, _ = rand.Read(id[:])
	_, _ = rand.Read(secret[:])
	return AccessKey{
		ID:     "AKIA" + base32.StdEncoding.EncodeToString(id[:]),
		Secret: base64.StdEncoding.EncodeToString(secret[:]),
	}
}

func (k AccessKey) String() string { return k.ID }

// GoString keeps the secret out of %#v.
func (k AccessKey) GoString() string { return "iam.AccessKey{ID: " + k.ID + "}" }

// LogValue keeps the secret out of structured logs.
func (k AccessKey) LogValue() slog.Value { return slog.StringValue(k.ID) }
