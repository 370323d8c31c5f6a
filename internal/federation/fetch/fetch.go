// Package fetch gets documents from addresses that administrators of pools
// chose, and sends forms there: metadata of identity providers, notices to clients.
// A pool's administrator need not be the operator of the server, so it must not be
// a way into the operator's network (server-side request forgery): https only,
// public addresses only, looked at after the name was resolved and for every
// redirect; a few seconds and one megabyte at most.
package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

const (
	timeout      = 10 * time.Second
	maxRedirects = 3
	maxBody      = 1 << 20
	maxHeader    = 64 << 10
)

var (
	errScheme    = errors.New("only https is fetched from")
	errAddress   = errors.New("not a public address")
	errTooLong   = errors.New("the document is too long")
	errRedirects = errors.New("too many redirects")
)

// Options say what a Client may reach.
type Options struct {
	// Anywhere allows http and addresses that are not public, for development.
	Anywhere bool
}

// Client fetches documents. It may be used concurrently.
type Client struct {
	anywhere bool
	http     *http.Client
	post     *http.Client // that follows no redirects
}

// New returns a Client.
func New(o Options) *Client {
	c := &Client{anywhere: o.Anywhere}
	dialer := &net.Dialer{Timeout: timeout, Control: c.control}
	c.http = &http.Client{
		Timeout: timeout,
		Transport: &http.Transport{
			// No proxy: it would resolve the names, behind the check of addresses.
			DialContext:            dialer.DialContext,
			TLSHandshakeTimeout:    timeout,
			ResponseHeaderTimeout:  timeout,
			MaxResponseHeaderBytes: maxHeader,
			DisableKeepAlives:      true,
			ForceAttemptHTTP2:      true,
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return errRedirects
			}
			return c.allow(r)
		},
	}
	c.post = &http.Client{Timeout: timeout, Transport: c.http.Transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	return c
}

// Get returns the status and the body that an address answers with. Any status
// but 200 has no body.
func (c *Client) Get(ctx context.Context, address string) (status int, body []byte, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, nil, fmt.Errorf("fetch: %w", err)
	}
	if err := c.allow(r); err != nil {
		return 0, nil, fmt.Errorf("fetch: %w", err)
	}
	r.Header.Set("User-Agent", "Poolhouse")
	resp, err := c.http.Do(r)
	if err != nil {
		return 0, nil, fmt.Errorf("fetch: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return resp.StatusCode, nil, nil
	}
	body, err = io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return 0, nil, fmt.Errorf("fetch: %w", err)
	}
	if len(body) > maxBody {
		return 0, nil, fmt.Errorf("fetch: %w", errTooLong)
	}
	return resp.StatusCode, body, nil
}

// Post sends a form and returns the status that it is answered with, before ctx ends.
// The body of the answer is not read, and a redirect is an answer like others.
func (c *Client) Post(ctx context.Context, address string, form url.Values) (status int, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, fmt.Errorf("post: %w", err)
	}
	if err := c.allow(r); err != nil {
		return 0, fmt.Errorf("post: %w", err)
	}
	r.Header.Set("User-Agent", "Poolhouse")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := c.post.Do(r)
	if err != nil {
		return 0, fmt.Errorf("post: %w", err)
	}
	resp.Body.Close()
	return resp.StatusCode, nil
}

func (c *Client) allow(r *http.Request) error {
	if r.URL.Scheme != "https" && (!c.anywhere || r.URL.Scheme != "http") || r.URL.User != nil {
		return errScheme
	}
	return nil
}

// control sees each address before it is connected to, after names are resolved.
func (c *Client) control(_, address string, _ syscall.RawConn) error {
	if c.anywhere {
		return nil
	}
	to, err := netip.ParseAddrPort(address)
	if err != nil || !public(to.Addr()) {
		return errAddress
	}
	return nil
}

// reserved are the blocks beyond those netip knows that are no place of a public
// server, or that lead to IPv4 addresses by another name (RFC 6890, 3056).
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"),
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("192.88.99.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("2001::/23"),
	netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("2002::/16"),
	netip.MustParsePrefix("3fff::/20"), // RFC 9637
}

// assigned is all of IPv6 in which there are public servers (RFC 4291, 2.4). What is
// not may lead to IPv4 addresses too, as 64:ff9b::/96 does.
var assigned = netip.MustParsePrefix("2000::/3")

func public(a netip.Addr) bool {
	a = a.Unmap()
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.Is6() && !assigned.Contains(a) {
		return false
	}
	for _, block := range reserved {
		if block.Contains(a) {
			return false
		}
	}
	return true
}
