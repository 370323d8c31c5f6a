package albauth

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/poolhouse/poolhouse/verify"
)

const (
	keyTTL       = time.Hour      // then a key is fetched again, in the background
	keyStale     = 24 * time.Hour // how much longer it is used if that fails
	keyPause     = 10 * time.Second
	maxUnknown   = 8   // fetches for unknown keys in a keyPause
	maxKeys      = 128 // that are kept
	maxKeyBytes  = 8 << 10
	fetchTimeout = 5 * time.Second
)

// keys fetches keys by their URLs, and keeps them. Anybody can make up ids of
// keys: fetches for those that are not known are therefore bounded in number, and
// what they leave never takes the place of a key that was found.
type keys struct {
	client *http.Client
	now    func() time.Time

	mu      sync.Mutex
	known   map[string]*entry
	began   time.Time // of the keyPause in which unknown keys are counted
	unknown int
}

// entry is what is known of one URL.
type entry struct {
	key     *ecdsa.PublicKey // nil if it was never found, or is gone
	found   time.Time        // when key was fetched
	err     error            // of the last fetch
	tried   time.Time        // when that ended
	running chan struct{}    // closed when the fetch under way ends; nil if none is
}

// get returns the key at a URL. It waits for a fetch only while there is no key.
func (k *keys) get(ctx context.Context, url string) (*ecdsa.PublicKey, error) {
	k.mu.Lock()
	now := k.now()
	e := k.known[url]
	if e == nil {
		e = &entry{err: unavailable(errors.New("albauth: too many unknown keys"))}
	}
	if e.running == nil && e.due(now) && (e.key != nil || k.permit(now)) {
		k.keep(url, e)
		e.running = make(chan struct{})
		go k.fetch(context.WithoutCancel(ctx), url, e)
	}
	key, err, running := e.usable(now), e.err, e.running
	k.mu.Unlock()
	if key != nil {
		return key, nil
	}
	if running != nil {
		select {
		case <-running:
		case <-ctx.Done():
			return nil, unavailable(ctx.Err())
		}
		k.mu.Lock()
		key, err = e.usable(now), e.err
		k.mu.Unlock()
	}
	if key != nil {
		return key, nil
	}
	return nil, err
}

// due reports whether it is time to fetch: first, again after a failure and a
// pause, or because the key is old.
func (e *entry) due(now time.Time) bool {
	if e.err != nil {
		return now.Sub(e.tried) >= keyPause
	}
	return now.Sub(e.found) >= keyTTL
}

// usable is the key while it is not too old.
func (e *entry) usable(now time.Time) *ecdsa.PublicKey {
	if e.key == nil || now.Sub(e.found) >= keyTTL+keyStale {
		return nil
	}
	return e.key
}

// permit reports whether a fetch for an unknown key is allowed, and counts it.
func (k *keys) permit(now time.Time) bool {
	if now.Sub(k.began) >= keyPause {
		k.began, k.unknown = now, 0
	}
	k.unknown++
	return k.unknown <= maxUnknown
}

// keep makes room for an entry: whatever has no key goes first, then the oldest
// key.
func (k *keys) keep(url string, e *entry) {
	if k.known == nil {
		k.known = make(map[string]*entry)
	}
	if k.known[url] == nil && len(k.known) >= maxKeys {
		var last string
		var lastFound time.Time
		for other, e := range k.known {
			// The time of what was never found is zero, before all others.
			if last == "" || e.found.Before(lastFound) {
				last, lastFound = other, e.found
			}
		}
		delete(k.known, last)
	}
	k.known[url] = e
}

// fetch reads the key of an entry. A failure leaves the key that is there, unless
// it is gone.
func (k *keys) fetch(ctx context.Context, url string, e *entry) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	key, status, err := k.read(ctx, url)
	k.mu.Lock()
	defer k.mu.Unlock()
	e.tried, e.err = k.now(), nil
	switch {
	case err == nil:
		e.key, e.found = key, e.tried
	case status == http.StatusNotFound:
		e.key, e.found = nil, time.Time{}
		e.err = &verify.Error{Code: verify.ErrUnknownKey, Err: err}
	case status == http.StatusForbidden: // what S3 says of objects that are not there
		e.err = &verify.Error{Code: verify.ErrUnknownKey, Err: err}
	default:
		e.err = unavailable(err)
	}
	close(e.running)
	e.running = nil
}

// read gets the key and the status of the response, 0 if there was none.
func (k *keys) read(ctx context.Context, url string) (key *ecdsa.PublicKey, status int, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil) //nolint:gosec // the URL of a signer's region and a UUID
	if err != nil {
		return nil, 0, err
	}
	resp, err := k.client.Do(r) //nolint:gosec // as above
	if err != nil {
		return nil, 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, resp.StatusCode, fmt.Errorf("GET %s: status %d", url, resp.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxKeyBytes+1))
	if err != nil {
		return nil, resp.StatusCode, fmt.Errorf("GET %s: %w", url, err)
	}
	if len(text) > maxKeyBytes {
		return nil, resp.StatusCode, fmt.Errorf("GET %s: more than %d bytes", url, maxKeyBytes)
	}
	key, ok := parseKey(text)
	if !ok {
		return nil, resp.StatusCode, fmt.Errorf("GET %s: no public key for ES256", url)
	}
	return key, resp.StatusCode, nil
}

// parseKey reads PEM of a public key on the curve of ES256.
func parseKey(text []byte) (*ecdsa.PublicKey, bool) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "PUBLIC KEY" {
		return nil, false
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, false
	}
	key, ok := parsed.(*ecdsa.PublicKey)
	return key, ok && key.Curve == elliptic.P256()
}

func unavailable(err error) error {
	return &verify.Error{Code: verify.ErrKeysUnavailable, Err: err}
}
