package middleware

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/poolhouse/poolhouse/verify"
)

const (
	maxProfile      = 64 << 10 // bytes
	userInfoTimeout = 5 * time.Second
	userInfoTTL     = 5 * time.Minute
	userInfoSize    = 10_000
)

// UserInfo asks the userInfo endpoint of a pool's domain what access tokens do
// not tell. The zero value of all but URL is right. It must not be copied.
type UserInfo struct {
	// URL is https, or http to a loopback address, such as
	// https://example.auth.us-east-1.amazoncognito.com/oauth2/userInfo.
	URL string
	// TTL is how long an answer is kept, at most as long as its token lives. The
	// default is 5 minutes.
	TTL time.Duration
	// Size is how many answers are kept. The default is 10000.
	Size int
	// Timeout bounds a request. The default is 5 seconds.
	Timeout time.Duration
	// Transport carries the requests. The default is http.DefaultTransport.
	Transport http.RoundTripper
	// Now is the clock. The default is time.Now.
	Now func() time.Time

	fetching flights[*Profile]
	mu       sync.Mutex
	// Answers by the hash of their token. When the young are half of Size they
	// become the old, and the old are forgotten.
	young, old map[[sha256.Size]byte]keptProfile
}

type keptProfile struct {
	profile *Profile
	until   time.Time
}

// Profile is what is known of a caller beyond an access token: the answer of
// userInfo, or the claims of an ID token. It may be shared.
type Profile struct {
	claims map[string]json.RawMessage
}

// Text is the claim of that name if it is a string.
func (p *Profile) Text(name string) string {
	var s string
	if json.Unmarshal(p.claims[name], &s) != nil {
		return ""
	}
	return s
}

// EmailVerified reports whether email belongs to the user. userInfo has it as a
// string, tokens as a boolean.
func (p *Profile) EmailVerified() bool {
	raw := string(p.claims["email_verified"])
	return raw == "true" || raw == `"true"`
}

// Profile is what is known of the caller: the claims of an ID token; for an
// access token the answer of Options.UserInfo, which is asked now if it was not
// already. Without UserInfo the claims of the access token are all. A token that is
// bound to its client's key cannot be sent on: for that there is an error.
func (c *Caller) Profile(ctx context.Context) (*Profile, error) {
	if c.Token.Use() == verify.AccessToken && c.info != nil {
		if c.Token.Thumbprint() != "" {
			return nil, errors.New("middleware: userInfo: the token is bound to a key of the client's")
		}
		return c.info.get(ctx, c.raw, c.Token)
	}
	var claims map[string]json.RawMessage
	if err := c.Token.Decode(&claims); err != nil {
		return nil, err
	}
	return &Profile{claims}, nil
}

// get returns the profile behind an access token. All requests with the token
// wait for one answer.
func (u *UserInfo) get(ctx context.Context, raw string, t *verify.Token) (*Profile, error) {
	key := sha256.Sum256([]byte(raw))
	if p := u.find(key); p != nil {
		return p, nil
	}
	p, err := u.fetching.do(ctx, string(key[:]), u.timeout(), func(ctx context.Context) (*Profile, error) {
		p, err := u.fetch(ctx, raw, t)
		if err == nil {
			u.keep(key, p, t.ExpiresAt())
		}
		return p, err
	})
	if err != nil {
		return nil, fmt.Errorf("middleware: userInfo: %w", err)
	}
	return p, nil
}

func (u *UserInfo) fetch(ctx context.Context, raw string, t *verify.Token) (*Profile, error) {
	target, err := url.Parse(u.URL)
	if err != nil || target.Scheme != "https" && (target.Scheme != "http" || !loopback(target.Hostname())) {
		return nil, errors.New("URL is not an https URL")
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.URL, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+raw)
	r.Header.Set("Accept", "application/json")
	// The token goes nowhere else.
	client := http.Client{Transport: u.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusUnauthorized: // signed out, or the user is gone
		return nil, &verify.Error{Code: verify.ErrRevoked}
	default:
		return nil, fmt.Errorf("status %d", resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxProfile+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxProfile {
		return nil, fmt.Errorf("more than %d bytes", maxProfile)
	}
	p := new(Profile)
	if err := json.Unmarshal(body, &p.claims); err != nil {
		return nil, errors.New("the answer is no JSON object")
	}
	if p.Text("sub") != t.Subject() { // OpenID Connect Core, 5.3.2
		return nil, errors.New("the answer is about another user")
	}
	return p, nil
}

func (u *UserInfo) find(key [sha256.Size]byte) *Profile {
	u.mu.Lock()
	defer u.mu.Unlock()
	k, ok := u.young[key]
	if !ok {
		k, ok = u.old[key]
	}
	if ok && u.now().Before(k.until) {
		return k.profile
	}
	return nil
}

func (u *UserInfo) keep(key [sha256.Size]byte, p *Profile, expires time.Time) {
	ttl, size := u.TTL, u.Size
	if ttl <= 0 {
		ttl = userInfoTTL
	}
	if size <= 0 {
		size = userInfoSize
	}
	until := u.now().Add(ttl)
	if expires.Before(until) {
		until = expires
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.young == nil || len(u.young) >= (size+1)/2 {
		u.old, u.young = u.young, make(map[[sha256.Size]byte]keptProfile)
	}
	u.young[key] = keptProfile{p, until}
}

func (u *UserInfo) timeout() time.Duration {
	if u.Timeout > 0 {
		return u.Timeout
	}
	return userInfoTimeout
}

func (u *UserInfo) now() time.Time {
	if u.Now != nil {
		return u.Now()
	}
	return time.Now()
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
