package albauth

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/poolhouse/poolhouse/verify"
)

const (
	maxData   = 64 << 10 // bytes of the header; the load balancer's own bound for all headers
	maxLeeway = time.Hour
)

// Config says what a Verifier accepts. Signers, Issuer and ClientIDs must be
// given.
type Config struct {
	// Signers are the ARNs of the load balancers.
	Signers []string
	// Issuer is the identity provider's, exactly, as the listener names it.
	Issuer string
	// ClientIDs are the clients that the listener's rules sign in to.
	ClientIDs []string
	// AnyClient accepts the users of all rules of the load balancers.
	AnyClient bool
	// Leeway is how much longer than until exp the data is accepted, at most an
	// hour.
	Leeway time.Duration
	// KeyURL is what comes before the id of a key, a slash between. The default is
	// that of the load balancer's region, in the partitions aws and aws-us-gov. It
	// is https, or http to a loopback address.
	KeyURL string
	// Transport fetches keys. The default is http.DefaultTransport.
	Transport http.RoundTripper
	// Now is the clock. The default is time.Now.
	Now func() time.Time
}

// Verifier checks the data of load balancers. It is safe for use by several
// goroutines.
type Verifier struct {
	keyURLs map[string]string // by signer
	issuer  string
	clients []string // nil for any
	leeway  time.Duration
	now     func() time.Time
	keys    keys
}

var signerARN = regexp.MustCompile(`^arn:(aws[a-z-]*):elasticloadbalancing:([a-z]+(?:-[a-z0-9]+)+):[0-9]{12}:loadbalancer/app/[A-Za-z0-9-]+/[0-9a-f]+$`)

// New makes a Verifier. Its errors tell what is wrong with the options; nothing is
// fetched yet.
func New(c Config) (*Verifier, error) {
	switch {
	case len(c.Signers) == 0:
		return nil, errors.New("albauth: no Signers")
	case c.Issuer == "":
		return nil, errors.New("albauth: no Issuer")
	case (len(c.ClientIDs) > 0) == c.AnyClient || slices.Contains(c.ClientIDs, ""):
		return nil, errors.New("albauth: give ClientIDs that are not empty, or AnyClient")
	case c.Leeway < 0 || c.Leeway > maxLeeway:
		return nil, errors.New("albauth: Leeway must be from 0 to an hour")
	}
	v := &Verifier{
		keyURLs: make(map[string]string, len(c.Signers)),
		issuer:  c.Issuer, clients: slices.Clone(c.ClientIDs), leeway: c.Leeway, now: c.Now,
	}
	if v.now == nil {
		v.now = time.Now
	}
	for _, signer := range c.Signers {
		base, err := keyURL(signer, c.KeyURL)
		if err != nil {
			return nil, fmt.Errorf("albauth: signer %.128q: %w", signer, err)
		}
		v.keyURLs[signer] = base
	}
	v.keys.now = v.now
	v.keys.client = &http.Client{
		Transport: c.Transport,
		// Keys are where they are asked for.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return v, nil
}

// keyURL is what the ids of a signer's keys are put behind. See
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-authenticate-users.html
func keyURL(signer, given string) (string, error) {
	m := signerARN.FindStringSubmatch(signer)
	if m == nil {
		return "", errors.New("not the ARN of an Application Load Balancer")
	}
	partition, region := m[1], m[2]
	switch {
	case given != "":
		u, err := url.Parse(given)
		if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" ||
			u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
			return "", errors.New("KeyURL is not an https URL without a query")
		}
		return strings.TrimSuffix(given, "/") + "/", nil
	case partition == "aws":
		return "https://public-keys.auth.elb." + region + ".amazonaws.com/", nil
	case partition == "aws-us-gov":
		return "https://s3-" + region + ".amazonaws.com/aws-elb-public-keys-prod-" + region + "/", nil
	}
	return "", errors.New("where its partition has its keys is not known: give KeyURL")
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Verify checks the value of a header x-amzn-oidc-data. Its errors are
// *verify.Error: ErrIssuer also means a load balancer that is not in Signers.
func (v *Verifier) Verify(ctx context.Context, raw string) (*Identity, error) {
	switch {
	case raw == "":
		return nil, fail(verify.ErrMissing)
	case len(raw) > maxData:
		return nil, fail(verify.ErrTooLarge)
	}
	d, err := parse(raw)
	if err != nil {
		return nil, err
	}
	// Before anything is fetched.
	base, ok := v.keyURLs[d.signer]
	switch {
	case !ok:
		return nil, &verify.Error{Code: verify.ErrIssuer, Err: errors.New("albauth: not one of the signers")}
	case d.issuer != v.issuer:
		return nil, fail(verify.ErrIssuer)
	case v.clients != nil && !slices.Contains(v.clients, d.client):
		return nil, fail(verify.ErrClient)
	}
	if now := v.now().Add(-v.leeway); now.Unix() >= d.expires {
		return nil, fail(verify.ErrExpired)
	}
	key, err := v.keys.get(ctx, base+d.kid)
	if err != nil {
		return nil, err
	}
	if !d.signedBy(key) {
		return nil, fail(verify.ErrSignature)
	}
	return &Identity{claims: d.claims, subject: d.subject, client: d.client, signer: d.signer}, nil
}

// fail is an error without a cause.
func fail(code verify.Code) error { return &verify.Error{Code: code} }
