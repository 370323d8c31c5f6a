// Package httpsend sends requests to services that deliver messages: within a
// time, to the address that is configured and no other, and with a bounded answer.
package httpsend

import (
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/poolhouse/poolhouse/internal/message"
)

// Limits of one request.
const (
	timeout   = 15 * time.Second
	maxAnswer = 64 << 10 // bytes that are read of an answer
	maxShown  = 4096     // bytes of an answer that an error shows; the outbox takes codes out of it and cuts it
)

// Client sends requests. It does not follow redirects, which would take what is
// secret elsewhere.
type Client struct{ http http.Client }

// New returns a client.
func New() *Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 64
	return &Client{http.Client{
		Transport:     transport,
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Do sends a request and takes any status 2xx for success. Of the others, those
// of 4xx say that the message is refused for good, but for the ones that a wrong
// configuration or too many requests bring about.
func (c *Client) Do(r *http.Request) error {
	answer, err := c.http.Do(r) //nolint:gosec // the operator names the address
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	switch status := answer.StatusCode; {
	case status >= 200 && status < 300:
		return nil
	case err != nil:
		return fmt.Errorf("%s: %w", answer.Status, err)
	default:
		err = fmt.Errorf("%s: %.*q", answer.Status, maxShown, text)
		if final(status) {
			err = message.Refuse(err)
		}
		return err
	}
}

func final(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed,
		http.StatusProxyAuthRequired, http.StatusRequestTimeout, http.StatusConflict, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return status >= 400 && status < 500
}

// Close gives connections back.
func (c *Client) Close() { c.http.CloseIdleConnections() }
