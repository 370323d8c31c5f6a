package login

import (
	"context"
	"crypto"
	"errors"

	"sync"
	"sync/atomic"
	"time"

	"github.com/poolhouse/poolhouse/internal/federation/metadata"
)

const (
	keysFresh   = time.Hour
	keysStale   = 24 * time.Hour   // how long they are used if the issuer does not answer
	keysRefetch = 10 * time.Second // the least time between two requests to an issuer
	maxIssuers  = 1000             // at some ten kilobytes each
)

// statusOK is that of HTTP.
const statusOK = 200

var errUnavailable = errors.New("the keys of the provider cannot be fetched")

// issuerKeys are the keys of an issuer.
type issuerKeys struct {
	current atomic.Pointer[fetchedKeys] // nil: never fetched

	mu        sync.Mutex // held during a fetch, so that there is one at a time
	attempted time.Time
}

// fetchedKeys are what one fetch brought; they do not change.
type fetchedKeys struct {
	byID map[string]crypto.PublicKey
	at   time.Time
}

func (k *fetchedKeys) younger(than time.Duration, now time.Time) bool {
	return k != nil && !now.Before(k.at) && now.Sub(k.at) < than
}

// key returns the key of an id, nil if the issuer has none of it. An unknown id
// leads to a request, but not to many, and those who have a known one do not wait
// for it.
func (v *Verifier) key(ctx context.Context, issuer, id string) (crypto.PublicKey, error) {
	k := v.issuer(issuer)
	now := v.now()
	if have := k.current.Load(); have.younger(keysFresh, now) && have.byID[id] != nil {
		return have.byID[id], nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	have := k.current.Load() // another caller may have fetched them meanwhile
	if have.younger(keysFresh, now) && have.byID[id] != nil {
		return have.byID[id], nil
	}
	if since := now.Sub(k.attempted); k.attempted.IsZero() || since < 0 || since >= keysRefetch {
		k.attempted = now
		if byID, err := v.fetchKeys(context.WithoutCancel(ctx), issuer); err == nil {
			have = &fetchedKeys{byID, now}
			k.current.Store(have)
		}
	}
	if !have.younger(keysStale, now) {
		return nil, errUnavailable
	}
	return have.byID[id], nil
}

// issuer returns the entry of an issuer. The names come from configuration of
// pools, so strangers cannot make many; all the same there is an end.
func (v *Verifier) issuer(issuer string) *issuerKeys {
	v.mu.Lock()
	defer v.mu.Unlock()
	k := v.issuers[issuer]
	if k == nil {
		if len(v.issuers) >= maxIssuers {
			for other := range v.issuers { // any: the order of a map is random
				delete(v.issuers, other)
				break
			}
		}
		k = new(issuerKeys)
		v.issuers[issuer] = k
	}
	return k
}

func (v *Verifier) fetchKeys(ctx context.Context, issuer string) (map[string]crypto.PublicKey, error) {
	document, err := v.get(ctx, metadata.DiscoveryURL(issuer))
	if err != nil {
		return nil, err
	}
	found, err := metadata.ParseOIDC(document, issuer)
	if err != nil {
		return nil, err
	}
	set, err := v.get(ctx, found.JWKSURI)
	if err != nil {
		return nil, err
	}
	return parseKeys(set)
}

// get fetches a document. The error has no address in it, since some carry tokens.
func (v *Verifier) get(ctx context.Context, address string) ([]byte, error) {
	if v.fetch == nil || address == "" {
		return nil, errUnavailable
	}
	status, body, err := v.fetch(ctx, address)
	if err != nil || status != statusOK {
		return nil, errUnavailable
	}
	return body, nil
}
