package verify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// Config says what a Verifier accepts. Only Pools must be given.
type Config struct {
	// Pools are the user pools whose tokens are accepted. Each issuer stands in
	// one of them only.
	Pools []Pool
	// Leeway is by how much clocks may differ: tokens are accepted so much longer
	// than until exp, and so much before nbf and iat. It is at most an hour.
	// Before nbf and iat, 10 s are always allowed.
	Leeway time.Duration
	// MaxTokenBytes bounds the length of tokens. The default is 16 KiB.
	MaxTokenBytes int
	// CacheSize is how many verified tokens are remembered, which saves most of
	// the work for tokens that come again. The default is none. A token takes
	// about three times its own length.
	CacheSize int

	// KeyTTL is how long keys are fresh. A Cache-Control header of the issuer
	// can make it shorter, down to a minute. The default is an hour.
	KeyTTL time.Duration
	// KeyStale is how much longer keys are used if they cannot be fetched again.
	// The default is 24 hours; a negative value means not at all.
	KeyStale time.Duration
	// RefetchInterval is the least time between two fetches from one URL. The
	// default is 10 seconds.
	RefetchInterval time.Duration
	// FetchTimeout bounds a fetch of keys. The default is 5 seconds.
	FetchTimeout time.Duration
	// DPoP says how VerifyDPoP checks proofs of possession.
	DPoP DPoP

	// HTTPClient fetches keys; nil means one with bounded defaults. Of a client
	// given, the cookie jar is not used, and redirects to other origins are not
	// followed whatever it says.
	HTTPClient *http.Client
	// Now is the clock. The default is time.Now.
	Now func() time.Time
}

// maxLeeway is the most of Config.Leeway: so long after its exp a token may be
// accepted.
const maxLeeway = time.Hour

// aheadAllowed is how far a token's iat and nbf may lie in the future whatever
// the leeway: issuers' clocks are ahead of ours by seconds, and that is no attack.
const aheadAllowed = 10 * time.Second

// Verifier verifies tokens. It is safe for use by several goroutines, and needs
// no closing.
type Verifier struct {
	pools    map[string]*pool // by issuer
	keySets  []*keySet
	now      func() time.Time
	leeway   time.Duration
	ahead    time.Duration
	maxBytes int
	cache    *cache // nil: none
	proofs   *proofs
}

// New makes a Verifier. It does not reach for the network. Its errors tell what
// is wrong with the configuration; they are no *Error.
func New(c Config) (*Verifier, error) {
	if len(c.Pools) == 0 {
		return nil, errors.New("verify: no pools")
	}
	if err := c.setDefaults(); err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	v := &Verifier{
		pools:    make(map[string]*pool, 2*len(c.Pools)),
		now:      c.Now,
		leeway:   c.Leeway,
		ahead:    max(c.Leeway, aheadAllowed),
		maxBytes: c.MaxTokenBytes,
		cache:    newCache(c.CacheSize),
	}
	var err error
	if v.proofs, err = newProofs(c.DPoP); err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	client := newHTTPClient(c.HTTPClient)
	byURL := make(map[string]*keySet)
	for i, given := range c.Pools {
		p, issuers, url, err := newPool(given)
		if err != nil {
			return nil, fmt.Errorf("verify: pool %d: %w", i, err)
		}
		for _, issuer := range issuers {
			if v.pools[issuer] != nil {
				return nil, fmt.Errorf("verify: pool %d: another pool has the issuer %s", i, issuer)
			}
			v.pools[issuer] = p
		}
		if p.keys != nil {
			continue
		}
		if byURL[url] == nil {
			byURL[url] = c.newKeys(url, client)
			v.keySets = append(v.keySets, byURL[url])
		}
		p.keys = byURL[url]
	}
	return v, nil
}

// newPool checks a pool and copies what the caller might change later. It has
// keys only if they were given.
func newPool(given Pool) (p *pool, issuers []string, url string, err error) {
	if err := given.validate(); err != nil {
		return nil, nil, "", err
	}
	if issuers, url, err = given.issuers(); err != nil {
		return nil, nil, "", err
	}
	p = &pool{Pool: given}
	for _, list := range []*[]string{&p.ClientIDs, &p.Audiences, &p.AnyScope, &p.AllScopes, &p.AnyGroup} {
		*list = slices.Clone(*list)
	}
	p.Checks = slices.Clone(p.Checks)
	if given.JWKS != nil {
		byID, err := parseJWKS(given.JWKS)
		if err != nil {
			return nil, nil, "", fmt.Errorf("JWKS: %w", err)
		}
		p.keys = new(keySet)
		p.keys.current.Store(&keys{byID: byID, fixed: true})
	}
	return p, issuers, url, nil
}

func (c *Config) setDefaults() error {
	if c.Leeway < 0 || c.Leeway > maxLeeway {
		return errors.New("leeway is negative or more than an hour")
	}
	if c.MaxTokenBytes < 0 || c.CacheSize < 0 || c.KeyTTL < 0 || c.RefetchInterval < 0 || c.FetchTimeout < 0 {
		return errors.New("a bound is negative")
	}
	if c.MaxTokenBytes == 0 {
		c.MaxTokenBytes = 16 << 10
	}
	for value, standard := range map[*time.Duration]time.Duration{
		&c.KeyTTL:          time.Hour,
		&c.KeyStale:        24 * time.Hour,
		&c.RefetchInterval: 10 * time.Second,
		&c.FetchTimeout:    5 * time.Second,
	} {
		if *value == 0 {
			*value = standard
		}
	}
	c.KeyStale = max(c.KeyStale, 0)
	if c.Now == nil {
		c.Now = time.Now
	}
	return nil
}

// Verify returns what raw says if it is a token to be believed. Every error is
// an *Error. It waits for nothing but keys that must be fetched, at most
// Config.FetchTimeout or as long as ctx lasts, and for the pool's own checks. A
// token that is bound to a key is not accepted: see VerifyDPoP.
func (v *Verifier) Verify(ctx context.Context, raw string) (*Token, error) {
	t, err := v.signed(ctx, raw)
	if err != nil {
		return nil, err
	}
	if t.thumbprint != "" {
		return nil, fail(ErrBound)
	}
	if err := t.pool.checkNow(ctx, t); err != nil {
		return nil, err
	}
	return t, nil
}

// signed makes all checks but those of the pool's that answer anew each time.
func (v *Verifier) signed(ctx context.Context, raw string) (*Token, error) {
	if raw == "" {
		return nil, fail(ErrMissing)
	}
	if len(raw) > v.maxBytes {
		return nil, fail(ErrTooLarge)
	}
	t := v.cache.get(raw)
	if t != nil {
		k, err := t.pool.keys.get(ctx)
		if err != nil {
			return nil, err
		}
		if k.generation != t.generation {
			t = nil // a key may be gone
		}
	}
	if t == nil {
		var err error
		if t, err = v.verify(ctx, raw); err != nil {
			return nil, err
		}
		if v.cache != nil {
			v.cache.put(raw, t)
		}
	}
	if err := v.checkTimes(t); err != nil {
		return nil, err
	}
	return t, nil
}

// verify makes the checks whose answers do not change while the keys do not.
func (v *Verifier) verify(ctx context.Context, raw string) (*Token, error) {
	j, err := parseJWS(raw)
	if err != nil {
		return nil, err
	}
	issuer, _ := j.claims.Text("iss")
	p := v.pools[issuer]
	if p == nil {
		return nil, fail(ErrIssuer)
	}
	key, from, err := p.keys.find(ctx, j.kid)
	if err != nil {
		return nil, err
	}
	if err := j.verify(key); err != nil {
		return nil, err
	}
	t, err := newToken(j)
	if err != nil {
		return nil, err
	}
	t.pool, t.generation = p, from.generation
	if err := v.checkTimes(t); err != nil {
		return nil, err
	}
	if err := p.check(t); err != nil {
		return nil, err
	}
	return t, nil
}

// checkTimes is made again for tokens from the cache.
func (v *Verifier) checkTimes(t *Token) error {
	now := v.now()
	if !now.Before(time.Unix(t.expires, 0).Add(v.leeway)) {
		return fail(ErrExpired)
	}
	if now.Before(time.Unix(max(t.issued, t.notBefore), 0).Add(-v.ahead)) {
		return fail(ErrNotYetValid)
	}
	return nil
}

// Hydrate fetches the keys of all pools, so that the first tokens do not wait.
// Its error joins an *Error with ErrKeysUnavailable for each URL that failed.
func (v *Verifier) Hydrate(ctx context.Context) error {
	flights := make([]*flight, len(v.keySets))
	for i, s := range v.keySets {
		flights[i] = s.start()
	}
	var errs []error
	for i, s := range v.keySets {
		switch f := flights[i]; {
		case f == nil: // fetched a moment ago
			errs = append(errs, s.ready())
		default:
			if err := f.wait(ctx); err != nil {
				errs = append(errs, s.unavailable(err))
			}
		}
	}
	return errors.Join(errs...)
}

// Ready returns nil if there are keys for the tokens of all pools. It fetches
// nothing; its errors are those of Hydrate.
func (v *Verifier) Ready() error {
	var errs []error
	for _, s := range v.keySets {
		errs = append(errs, s.ready())
	}
	return errors.Join(errs...)
}
