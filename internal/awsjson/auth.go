package awsjson

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/poolhouse/poolhouse/internal/apimodel"
	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/iam"
	"github.com/poolhouse/poolhouse/internal/sigv4"
)

// A signer is who a request claims to be from, and what is needed to check it.
type signer struct {
	signature *sigv4.Signature
	secret    string
	principal *iam.Principal
}

// identify reads the signature of r for a service and looks its key up. It comes
// before the body is read, which Verify needs: most of what is not signed well
// costs no more than this.
func (h *Handler) identify(r *http.Request, service string) (*signer, error) {
	signature, err := sigv4.Parse(r)
	if err != nil {
		return nil, err
	}
	region := h.options.Region
	if accepts := h.options.AcceptsRegion; accepts != nil && accepts(signature.Credential.Region) {
		region = signature.Credential.Region
	}
	if err := signature.CheckScope(region, service); err != nil {
		return nil, err
	}
	secret, principal, err := h.lookUp(r, signature)
	if err != nil {
		return nil, err
	}
	if secret == "" || principal == nil {
		return nil, sigv4.ErrUnknownKey
	}
	return &signer{signature, secret, principal}, nil
}

// lookUp finds the key of a signature. Keys on record are long-term ones, which
// go without a session token.
func (h *Handler) lookUp(r *http.Request, s *sigv4.Signature) (secret string, principal *iam.Principal, err error) {
	switch {
	case s.SecurityToken != "" && h.options.Session != nil:
		return h.options.Session(r.Context(), s.Credential.AccessKeyID, s.SecurityToken)
	case s.SecurityToken == "" && h.options.AccessKey != nil:
		return h.options.AccessKey(r.Context(), s.Credential.AccessKeyID)
	}
	return "", nil, sigv4.ErrUnknownKey
}

// deniedBy names, for some actions, another whose explicit denial denies them
// too (the API reference of DescribeTermsByClient).
var deniedBy = map[string]string{"DescribeTermsByClient": "DescribeTerms"}

// authorize asks the caller's policy about the operation on a pool, "" for none.
func (h *Handler) authorize(route *route, req *Request, poolID string) error {
	if h.options.SkipSignatures {
		return nil
	}
	arn := route.service.resourceOf(h.options.AccountID, req.Region, poolID)
	if err := req.Principal.Authorize(route.service.signingName+":"+route.Name(), arn); err != nil {
		return err
	}
	if other, ok := deniedBy[route.Name()]; ok {
		action := route.service.signingName + ":" + other
		if req.Principal.Policy.Decide(action, arn) == iam.ExplicitDeny {
			return req.Principal.Authorize(action, arn)
		}
	}
	// The policy was asked about the region signed for, so that the pool must be
	// of that one. In AWS the other region's pools are out of sight.
	if poolID != "" && !strings.HasPrefix(poolID, req.Region+route.service.separator) {
		return route.service.notFound(poolID)
	}
	return nil
}

// byMethod calls a method that asks Authorize itself, see
// Operation.AuthorizedByMethod.
func (h *Handler) byMethod(ctx context.Context, route *route, req *Request, input any) (answer []byte, err error) {
	a := &authority{ask: func(poolID string) error {
		err := h.authorize(route, req, poolID)
		if fault.CodeOf(err) == fault.AccessDenied {
			err = cmp.Or(h.authorize(route, req, ""), err)
		}
		return err
	}}
	output, err := route.call(context.WithValue(ctx, authorityKey{}, a), input)
	if err != nil {
		return nil, err
	}
	if !a.asked {
		return nil, fmt.Errorf("%s asked no policy", route.Name())
	}
	return apimodel.Encode(output)
}

// errForeignPage is what other sites' pages get from a development server.
var errForeignPage = fault.New(fault.AccessDenied,
	"A development server takes administrative requests from pages of this machine only.")

// foreignPage reports whether a browser sent r for a page that is not of this
// machine. Any origin may read the answers, so where nobody signs, any site that
// a developer visits could administrate. It goes by the Origin header (RFC 6454,
// section 7), which browsers put on every POST and other programs leave out; a
// foreign name that points to this machine stands in it too.
func foreignPage(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return false
	}
	u, err := url.Parse(origin)
	if err != nil {
		return true
	}
	host := strings.ToLower(u.Hostname())
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return err != nil || !ip.IsLoopback()
}

// maxRegion bounds a region's name, in bytes. AWS's longest have 14.
const maxRegion = 32

// scopeRegion is the region in the credential scope of a signature nobody
// checks, or "" without a plausible one. It takes what sigv4.Parse would refuse,
// because invented credentials are what development servers get.
func scopeRegion(r *http.Request) string {
	_, credential, ok := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	if !ok {
		if r.URL.RawQuery == "" {
			return ""
		}
		credential = r.URL.Query().Get("X-Amz-Credential")
	}
	if end := strings.IndexAny(credential, ", "); end >= 0 {
		credential = credential[:end]
	}
	// key id / date / region / service / aws4_request, and a key id may have any
	// character where nobody checks.
	parts := strings.Split(credential, "/")
	if len(parts) < 5 {
		return ""
	}
	region := parts[len(parts)-3]
	if !plausibleRegion(region) {
		return ""
	}
	return region
}

// plausibleRegion reports whether s is written as regions are: lower-case words
// and a number, joined by hyphens.
func plausibleRegion(s string) bool {
	if len(s) > maxRegion || strings.Count(s, "-") < 2 {
		return false
	}
	for i, c := range []byte(s) {
		letter := 'a' <= c && c <= 'z'
		if !letter && c != '-' && (c < '0' || c > '9') || i == 0 && !letter {
			return false
		}
	}
	last := s[len(s)-1]
	return '0' <= last && last <= '9'
}
