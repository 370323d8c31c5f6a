package verify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	maxRedirects = 3
	maxKeyBytes  = 256 << 10 // of a JSON Web Key Set; Cognito's has 900
)

// newHTTPClient is a client that goes nowhere but to the origin it was asked
// for, and that sends no cookies. It uses given's transport, or one with bounds.
func newHTTPClient(given *http.Client) *http.Client {
	c := &http.Client{CheckRedirect: sameOrigin}
	if given != nil {
		c.Transport, c.Timeout = given.Transport, given.Timeout
		if theirs := given.CheckRedirect; theirs != nil {
			c.CheckRedirect = func(r *http.Request, via []*http.Request) error {
				if err := sameOrigin(r, via); err != nil {
					return err
				}
				return theirs(r, via)
			}
		}
		return c
	}
	c.Transport = &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    5 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		MaxIdleConns:           8,
		IdleConnTimeout:        time.Minute,
		ForceAttemptHTTP2:      true,
	}
	return c
}

// sameOrigin is a CheckRedirect that refuses other schemes, hosts and ports.
func sameOrigin(r *http.Request, via []*http.Request) error {
	first := via[0].URL
	if r.URL.Scheme != first.Scheme || r.URL.Host != first.Host {
		return errors.New("redirect to another origin")
	}
	if len(via) > maxRedirects {
		return errors.New("too many redirects")
	}
	return nil
}

// fetch gets at most limit bytes from what r asks for. It reads the response
// within the time that the context of r has.
func fetch(client *http.Client, r *http.Request, limit int64) ([]byte, http.Header, error) {
	resp, err := client.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, nil, fmt.Errorf("GET %s: status %d", r.URL.Redacted(), resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return nil, nil, fmt.Errorf("GET %s: %w", r.URL.Redacted(), err)
	}
	if int64(len(body)) > limit {
		return nil, nil, fmt.Errorf("GET %s: more than %d bytes", r.URL.Redacted(), limit)
	}
	return body, resp.Header, nil
}

// get is fetch of a URL, with a time limit.
func get(ctx context.Context, client *http.Client, target string, limit int64, timeout time.Duration) ([]byte, http.Header, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, nil, err
	}
	r.Header.Set("Accept", "application/json")
	return fetch(client, r, limit)
}

// maxAge is how long a response may be kept (RFC 9111, 5.2.2), and whether it
// says so.
func maxAge(h http.Header) (age time.Duration, ok bool) {
	for _, value := range h.Values("Cache-Control") {
		for directive := range strings.SplitSeq(value, ",") {
			name, argument, _ := strings.Cut(strings.TrimSpace(directive), "=")
			switch strings.ToLower(name) {
			case "no-store", "no-cache":
				return 0, true
			case "max-age":
				seconds, err := strconv.ParseUint(strings.Trim(argument, `"`), 10, 31)
				if err != nil {
					return 0, true // RFC 9111, 4.2.1: take it as stale
				}
				age, ok = time.Duration(seconds)*time.Second, true
			}
		}
	}
	return age, ok
}

// checkURL accepts the URLs that keys may be read from: https, or http to this
// very machine.
func checkURL(raw string) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return errors.New("not a URL")
	case u.Host == "" || u.Opaque != "":
		return fmt.Errorf("%q is not an absolute URL", u.Redacted())
	case u.User != nil || u.Fragment != "":
		return fmt.Errorf("%q has a user or a fragment", u.Redacted())
	case u.Scheme == "https", u.Scheme == "http" && loopback(u.Hostname()):
		return nil
	case u.Scheme == "http":
		return fmt.Errorf("%q: http is only for loopback addresses; use https", raw)
	}
	return fmt.Errorf("%q is not an https URL", raw)
}

func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
