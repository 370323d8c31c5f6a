package userpool

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"strconv"
	"time"

	"github.com/poolhouse/poolhouse/internal/keys"
)

// clientSecretPurpose seals client secrets; the context is the pool, the client
// and the secret's id.
const clientSecretPurpose keys.Purpose = "client-secret"

func (p *Pools) openSecret(poolID, clientID string, s ClientSecret) (openSecret, error) {
	value, err := p.ring.Open(clientSecretPurpose, s.Sealed, poolID, clientID, s.ID)
	if err != nil {
		return openSecret{}, fmt.Errorf("secret of user pool client %s: %w", clientID, err)
	}
	return openSecret{id: s.ID, value: string(value), createdAt: time.UnixMilli(s.CreatedAt).UTC()}, nil
}

// newSecret seals a secret for a client. Ids hold the time in seconds; taken
// says which are in use, and the next free second is taken instead.
func (p *Pools) newSecret(poolID, clientID, value string, now time.Time, taken func(id string) bool) (ClientSecret, error) {
	second := now.Unix()
	id := secretID(clientID, second)
	for taken(id) {
		second++
		id = secretID(clientID, second)
	}
	sealed, err := p.ring.Seal(clientSecretPurpose, []byte(value), poolID, clientID, id)
	if err != nil {
		return ClientSecret{}, fmt.Errorf("seal the secret of user pool client %s: %w", clientID, err)
	}
	return ClientSecret{ID: id, Sealed: sealed, CreatedAt: now.UnixMilli()}, nil
}

func secretID(clientID string, second int64) string {
	return clientID + "--" + strconv.FormatInt(second, 10)
}

// newClientID is a 128-bit random number in base 32, as Cognito's look: 26
// characters of 0-9a-v, the first 1 to 7.
func newClientID() string { return randomBase32(16, 26) }

// newClientSecret is a 256-bit random number in base 32: 51 or 52 characters.
func newClientSecret() string { return randomBase32(32, 51) }

// randomBase32 prints a random number of size bytes, drawn again until it has at
// least digits digits.
func randomBase32(size, digits int) string {
	for {
		b := make([]byte, size)
		rand.Read(b) // never fails, see crypto/rand
		if text := new(big.Int).SetBytes(b).Text(32); len(text) >= digits {
			return text
		}
	}
}
