package keys

import (
	"context"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/poolhouse/poolhouse/internal/store"
)

var (
	// ErrUnknownKey says that a pool has no published key of the id and use.
	ErrUnknownKey = errors.New("unknown signing key")

	// ErrWrongMasterKey says that the database's data keys are sealed under
	// another master key.
	ErrWrongMasterKey = errors.New("the master key does not open this database")
)

// maxCachedPools bounds the pools whose keys are kept ready, at some ten
// kilobytes each.
const maxCachedPools = 4096

// Ring is all keys of a deployment as one node holds them: the data keys that
// seal, and the signing keys of the pools in use. It follows the changes other
// nodes make. Its methods may be called concurrently; those that take a context
// read the database and must not be called inside a transaction, the others may.
type Ring struct {
	db     *store.DB
	master MasterKey
	log    *slog.Logger
	data   atomic.Pointer[dataKeys]
	supply *supply

	changed chan struct{} // holds one element while a change is not yet followed
	stop    context.CancelFunc
	done    chan struct{}

	reload     sync.Mutex // held while the data keys are read anew
	generation atomic.Uint64

	mu    sync.RWMutex
	pools map[string]*poolKeys
}

// poolKeys are the signing keys of a pool as they were at a generation of the
// configuration.
type poolKeys struct {
	generation uint64
	keys       []*SigningKey // in the order in which they become active
	carried    []carriedKey  // see carried.go
}

// Open reads the data keys of a database and opens them with the master key; a
// new database gets its first one. It returns ErrWrongMasterKey if they are
// sealed under another. The logger hears of changes that cannot be followed; nil
// discards them.
func Open(ctx context.Context, db *store.DB, master MasterKey, logger *slog.Logger) (*Ring, error) {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	r := &Ring{
		db:      db,
		master:  master,
		log:     logger,
		changed: make(chan struct{}, 1),
		done:    make(chan struct{}),
		pools:   make(map[string]*poolKeys),
	}
	if err := r.loadDataKeys(ctx); err != nil {
		return nil, err
	}
	r.supply = newSupply(func(err error) { logger.Error("cannot make a signing key", "err", err) })
	ctx, r.stop = context.WithCancel(context.WithoutCancel(ctx))
	go r.follow(ctx)
	db.OnConfigChange(r.drop)
	return r, nil
}

// Close ends what the ring does in the background. It does not close the
// database, which must still be open.
func (r *Ring) Close() {
	r.stop()
	r.supply.close()
	<-r.done
}

// Prepare begins to make signing keys ahead of need, in the background. Without
// it the first NewPoolKeys does so. A server calls it once it serves.
func (r *Ring) Prepare() { r.supply.start() }

// Seal encrypts plaintext for a purpose, bound to a context; see Sealer.Seal.
// The only error is ErrPlaintextTooLong.
func (r *Ring) Seal(purpose Purpose, plaintext []byte, context ...string) (string, error) {
	return r.data.Load().sealer(r.db.Now()).Seal(purpose, plaintext, context...)
}

// Open decrypts what Seal made with the same purpose and context. The only error
// is ErrSealed.
func (r *Ring) Open(purpose Purpose, sealed string, context ...string) ([]byte, error) {
	return r.data.Load().all.Open(purpose, sealed, context...)
}

// MAC is a keyed digest that no rotation changes; see Sealer.MAC.
func (r *Ring) MAC(purpose Purpose, parts ...string) []byte {
	return r.data.Load().all.MAC(purpose, parts...)
}

// Signer returns the key that signs tokens of a use now: the newest active one.
// It returns store.ErrNotFound for a pool without keys.
func (r *Ring) Signer(ctx context.Context, poolID, use string) (*SigningKey, error) {
	pool, err := r.poolKeys(ctx, poolID)
	if err != nil {
		return nil, err
	}
	now := r.db.Now()
	var signer *SigningKey
	for _, k := range pool.keys {
		// A clock that was set back behind the pool's creation finds no active key
		// and takes the first.
		if k.Use == use && (signer == nil || !k.row.ActiveAt.After(now)) {
			signer = k
		}
	}
	if signer == nil {
		return nil, store.ErrNotFound
	}
	return signer, nil
}

// VerifyKey returns the public key of a kid if the pool publishes it for the
// use, else ErrUnknownKey.
func (r *Ring) VerifyKey(ctx context.Context, poolID, kid, use string) (*rsa.PublicKey, error) {
	pool, err := r.poolKeys(ctx, poolID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, ErrUnknownKey
	}
	if err != nil {
		return nil, err
	}
	for _, k := range pool.keys {
		if k.ID == kid && k.Use == use && k.published(r.db.Now()) {
			return k.public, nil
		}
	}
	return nil, ErrUnknownKey
}

// JWKS returns the published keys of a pool, those to come included. It returns
// store.ErrNotFound for a pool without keys.
func (r *Ring) JWKS(ctx context.Context, poolID string) ([]JWK, error) {
	pool, err := r.poolKeys(ctx, poolID)
	if err != nil {
		return nil, err
	}
	now := r.db.Now()
	jwks := make([]JWK, 0, len(pool.keys))
	for _, k := range pool.keys {
		if k.published(now) {
			jwks = append(jwks, k.jwk)
		}
	}
	return jwks, nil
}

// drop makes all cached keys suspect after a change of configuration. Entries
// stay, since most of their keys can be taken over unopened.
func (r *Ring) drop() {
	r.generation.Add(1)
	select {
	case r.changed <- struct{}{}:
	default:
	}
}

// poolKeys returns a pool's keys, at least as new as the last change this node
// knows of.
func (r *Ring) poolKeys(ctx context.Context, poolID string) (*poolKeys, error) {
	// Read before the rows: what is loaded beside a change counts as old.
	generation := r.generation.Load()
	r.mu.RLock()
	cached := r.pools[poolID]
	r.mu.RUnlock()
	if cached != nil && cached.generation == generation {
		return cached, nil
	}

	var rows []store.SigningKey
	err := r.db.View(ctx, func(tx *store.Tx) (err error) {
		rows, err = tx.SigningKeys(poolID)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("signing keys of pool %s: %w", poolID, err)
	}
	if len(rows) == 0 {
		return nil, store.ErrNotFound
	}
	loaded := &poolKeys{generation: generation}
	for _, row := range rows {
		if signs(row) {
			key, err := r.takeOver(cached, row)
			if err != nil {
				return nil, err
			}
			loaded.keys = append(loaded.keys, key)
			continue
		}
		key, err := r.openCarriedKey(row)
		if err != nil {
			return nil, err
		}
		loaded.carried = append(loaded.carried, key)
	}

	r.mu.Lock()
	defer r.mu.Unlock()
	present, ok := r.pools[poolID]
	if ok && present.generation > generation {
		return loaded, nil
	}
	if !ok && len(r.pools) >= maxCachedPools {
		for id := range r.pools { // any: the order of a map is random
			delete(r.pools, id)
			break
		}
	}
	r.pools[poolID] = loaded
	return loaded, nil
}

// takeOver makes a key of a row, from an older state of the pool if it is there:
// opening one costs as much as a signature.
func (r *Ring) takeOver(old *poolKeys, row store.SigningKey) (*SigningKey, error) {
	if old != nil {
		for _, k := range old.keys {
			if k.ID == row.KeyID && k.Use == row.TokenUse && k.row.SealedPrivate == row.SealedPrivate {
				key := *k
				key.row = row
				return &key, nil
			}
		}
	}
	return r.openSigningKey(row)
}

// follow reads the data keys again after each change.
func (r *Ring) follow(ctx context.Context) {
	defer close(r.done)
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.changed:
		}
		err := r.loadDataKeys(ctx)
		if err == nil || ctx.Err() != nil {
			failing = false
			continue
		}
		if !failing {
			r.log.Error("cannot read the data keys anew", "err", err)
		}
		failing = true
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Second):
			r.drop()
		}
	}
}

// wrapText and unwrapText are the text form of a wrapped data key.
func wrapText(master MasterKey, id uint32, key DataKey) string {
	return base64.RawStdEncoding.EncodeToString(master.WrapDataKey(id, key))
}

func unwrapText(master MasterKey, row store.DataKey) (DataKey, error) {
	wrapped, err := base64.RawStdEncoding.Strict().DecodeString(row.SealedKey)
	if err != nil {
		return DataKey{}, ErrSealed
	}
	return master.UnwrapDataKey(row.ID, wrapped)
}
