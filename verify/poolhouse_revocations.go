package verify

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// RevocationFeed says where a Poolhouse server tells what was revoked in one of
// its pools. URL, PoolID and AccessKey must be given.
type RevocationFeed struct {
	URL       string // of the server, as in "https://auth.example.com"
	PoolID    string
	AccessKey AccessKey // must be allowed poolhouse:ListRevocations on the pool
	Region    string    // of the signature; the default is that of PoolID

	// Interval is how often the feed is read. The default is 5 seconds: so long a
	// revoked token may live on.
	Interval time.Duration
	// MaxAge is how old the last reading may be before tokens are refused with
	// ErrRevocationUnavailable. The default is 5 minutes. A negative value means
	// for ever: tokens are then accepted even if the feed was never read.
	MaxAge time.Duration
	// MaxEntries bounds the memory, at about 200 bytes each. The default is a
	// million. With more revocations than that tokens are refused.
	MaxEntries int
	HTTPClient *http.Client     // as Config.HTTPClient
	Now        func() time.Time // as Config.Now
	// OnError is told of failed readings, for logs. The default is nobody.
	OnError func(error)
}

// PoolhouseRevocations is a RevocationChecker that follows the feed of a
// Poolhouse pool in the background, and answers from memory.
type PoolhouseRevocations struct {
	feed   RevocationFeed
	client *http.Client

	mu     sync.RWMutex
	read   time.Time // when the feed was last read to its end; zero: never
	full   bool      // not all that was revoked is held
	swept  time.Time
	tokens map[string]time.Time // origin_jti to when all its tokens have expired
	users  map[string]userState // by sub

	cursor string // belongs to Run
}

// userState is what became of a user, as of the newest event on each.
type userState struct {
	signedOut time.Time // tokens of sign-ins until then are dead
	state     Code      // ErrUserInactive, ErrUserNotFound or ""
	stateAt   time.Time
	expires   time.Time // when all tokens it matters to have expired
}

const (
	feedTimeout = 10 * time.Second
	// maxFeedBackoff is how slow readings become while they fail.
	maxFeedBackoff = time.Minute
)

// NewPoolhouseRevocations checks the feed's options. Nothing is read until Run.
func NewPoolhouseRevocations(feed RevocationFeed) (*PoolhouseRevocations, error) {
	if err := checkURL(feed.URL); err != nil {
		return nil, fmt.Errorf("verify: URL: %w", err)
	}
	region, _, ok := strings.Cut(feed.PoolID, "_")
	switch {
	case !ok || len(feed.PoolID) > maxPoolID:
		return nil, errors.New("verify: PoolID is not the id of a user pool")
	case feed.AccessKey.ID == "" || feed.AccessKey.Secret == "":
		return nil, errors.New("verify: no access key")
	case feed.Interval < 0 || feed.MaxEntries < 0:
		return nil, errors.New("verify: a bound is negative")
	}
	feed.URL = strings.TrimSuffix(feed.URL, "/")
	if feed.Region == "" {
		feed.Region = region
	}
	if feed.Interval == 0 {
		feed.Interval = 5 * time.Second
	}
	if feed.MaxAge == 0 {
		feed.MaxAge = 5 * time.Minute
	}
	if feed.MaxEntries == 0 {
		feed.MaxEntries = 1_000_000
	}
	if feed.Now == nil {
		feed.Now = time.Now
	}
	return &PoolhouseRevocations{
		feed:   feed,
		client: newHTTPClient(feed.HTTPClient),
		tokens: make(map[string]time.Time),
		users:  make(map[string]userState),
	}, nil
}

// String names the feed. It and GoString keep the secret out of logs.
func (p *PoolhouseRevocations) String() string {
	return "revocations of " + p.feed.PoolID + " from " + p.feed.URL
}

// GoString is String.
func (p *PoolhouseRevocations) GoString() string { return p.String() }

// CheckRevocation implements RevocationChecker. It does not wait.
func (p *PoolhouseRevocations) CheckRevocation(_ context.Context, t *Token) error {
	if t.PoolID() != p.feed.PoolID {
		return errors.New("the feed is of another pool")
	}
	now := p.feed.Now()
	p.mu.RLock()
	defer p.mu.RUnlock()
	if _, ok := p.tokens[t.OriginJTI()]; ok {
		return ErrRevoked
	}
	user := p.users[t.Subject()]
	if user.state != "" {
		return user.state
	}
	if !user.signedOut.IsZero() && !signInTime(t).After(user.signedOut) {
		return ErrRevoked
	}
	switch {
	case p.feed.MaxAge < 0:
	case p.full:
		return errors.New("more revocations than can be held")
	case p.read.IsZero():
		return errors.New("the feed was not read yet")
	case now.Sub(p.read) > p.feed.MaxAge:
		return errors.New("the feed was not read for too long")
	}
	return nil
}

// Run follows the feed until ctx ends, and returns why it did. While readings
// fail they become slower. Run must be called once, in a goroutine of its own.
func (p *PoolhouseRevocations) Run(ctx context.Context) error {
	wait := p.feed.Interval
	for {
		switch err := p.Poll(ctx); {
		case err == nil:
			wait = p.feed.Interval
		case ctx.Err() != nil:
			return ctx.Err()
		default:
			if p.feed.OnError != nil {
				p.feed.OnError(err)
			}
			wait = max(p.feed.Interval, min(2*wait, maxFeedBackoff))
		}
		// Not all verifiers of a fleet at once.
		jitter := time.Duration(rand.Int64N(int64(wait)/5 + 1)) //nolint:gosec // no secret
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait - jitter):
		}
	}
}

// Poll reads the feed to its present end, as Run does at each interval. After a
// failure the next reading begins where this one did, since what was committed
// late may by then stand before the page that failed. It must
// not be called while Run does. Tests and programs that run rarely may call it
// in Run's place.
func (p *PoolhouseRevocations) Poll(ctx context.Context) error {
	began, from := p.feed.Now(), p.cursor
	for {
		page, err := p.page(ctx)
		if err == nil && page.More && page.Cursor == p.cursor {
			err = errors.New("the server repeats a page")
		}
		if err != nil {
			p.cursor = from
			return fmt.Errorf("verify: revocation feed: %w", err)
		}
		p.cursor = page.Cursor
		if !p.apply(page, began) {
			p.cursor = "" // what was left out must come again
			return fmt.Errorf("verify: revocation feed: more than %d entries", p.feed.MaxEntries)
		}
		if !page.More {
			return nil
		}
	}
}

// page asks for what comes after the cursor.
func (p *PoolhouseRevocations) page(ctx context.Context) (*feedPage, error) {
	ctx, cancel := context.WithTimeout(ctx, feedTimeout)
	defer cancel()
	query := url.Values{"version": {"1"}, "pool": {p.feed.PoolID}, "limit": {strconv.Itoa(maxFeedPage)}}
	if p.cursor != "" {
		query.Set("after", p.cursor)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.feed.URL+feedPath+"?"+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/json")
	p.feed.AccessKey.sign(r, p.feed.Region, "cognito-idp", p.feed.Now())
	body, _, err := fetch(p.client, r, maxFeedBytes)
	if err != nil {
		return nil, err
	}
	return parseFeedPage(body, p.feed.PoolID)
}

// apply stores a page of a reading that began at the time given. It reports
// false, and stores nothing more, when there is no room.
func (p *PoolhouseRevocations) apply(page *feedPage, began time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if began.Sub(p.swept) > time.Minute || len(p.tokens)+len(p.users)+len(page.Events) > p.feed.MaxEntries {
		p.sweep(began)
	}
	for _, e := range page.Events {
		if len(p.tokens)+len(p.users) >= p.feed.MaxEntries && !p.holds(e) {
			p.full = true
			return false
		}
		p.event(e)
	}
	if !page.More {
		p.read, p.full = began, false
	}
	return true
}

// holds reports whether the event needs no room.
func (p *PoolhouseRevocations) holds(e feedEvent) bool {
	_, token := p.tokens[e.OriginJTI]
	_, user := p.users[e.Sub]
	return token || user
}

// event must not mind one that comes again, or late.
func (p *PoolhouseRevocations) event(e feedEvent) {
	at, expires := time.UnixMilli(e.At), time.UnixMilli(e.ExpiresAt)
	if e.Type == tokenRevoked {
		p.tokens[e.OriginJTI] = expires
		return
	}
	user := p.users[e.Sub]
	switch e.Type {
	case userSignedOut:
		if at.After(user.signedOut) {
			user.signedOut = at
		}
	default:
		if !at.Before(user.stateAt) {
			user.state, user.stateAt = userStates[e.Type], at
		}
	}
	if expires.After(user.expires) {
		user.expires = expires
	}
	p.users[e.Sub] = user
}

// sweep forgets what matters to no token any more. Verifiers accept tokens for a
// leeway after they have expired, which we do not know.
func (p *PoolhouseRevocations) sweep(now time.Time) {
	p.swept = now
	now = now.Add(-maxLeeway)
	for id, expires := range p.tokens {
		if now.After(expires) {
			delete(p.tokens, id)
		}
	}
	for sub, user := range p.users {
		if now.After(user.expires) {
			delete(p.users, sub)
		}
	}
}
