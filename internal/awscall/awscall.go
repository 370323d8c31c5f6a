// Package awscall sends single signed requests to AWS, or to whatever speaks
// its API: LocalStack, a Lambda runtime on this machine, a KMS stand-in. The
// Lambda runner and the KMS keyring need one operation each, for which a whole
// service module of the SDK would be much.
package awscall

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// Options say where an API is and who calls it.
type Options struct {
	Endpoint string // base URL; empty: AWS's own of the region

	// AccessKeyID and SecretAccessKey are who calls. Without them, credentials
	// are looked for as AWS's own tools do: environment, shared files (with
	// Profile), web identity, container and instance roles.
	AccessKeyID, SecretAccessKey string
	Profile                      string
}

// Client sends requests. It follows no redirects. It may be used by several
// goroutines at once.
type Client struct {
	o    Options
	http *http.Client

	mu    sync.Mutex
	found aws.CredentialsProvider // nil until credentials were looked for
}

// New returns a Client. It fails if the options cannot be.
func New(o Options) (*Client, error) {
	if o.Endpoint != "" {
		u, err := url.Parse(o.Endpoint)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			return nil, errors.New("endpoint is not a URL such as http://localhost:4566")
		}
	}
	if (o.AccessKeyID == "") != (o.SecretAccessKey == "") {
		return nil, errors.New("accessKeyId and secretAccessKey go together")
	}
	if o.AccessKeyID != "" && o.Profile != "" {
		return nil, errors.New("accessKeyId and profile: give one of them")
	}
	c := &Client{o: o, http: &http.Client{
		Transport:     newTransport(),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	if o.AccessKeyID != "" {
		c.found = credentials.NewStaticCredentialsProvider(o.AccessKeyID, o.SecretAccessKey, "")
	}
	return c, nil
}

func newTransport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 64 // each sign-in may call
	return t
}

// Request is what to send, as a POST.
type Request struct {
	Service string      // as signatures name it: "lambda", "kms"
	Region  string      // the signature is for it, and AWS's own endpoint is in it
	Path    string      // percent-encoded, from the slash on
	Header  http.Header // Content-Type and the API's own
	Body    []byte
	Most    int // bytes to read of the answer; ErrTooLarge above
}

// Response is what came back, of any status.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// errRegion refuses what would be more of a host's name than one label: whoever
// configures a pool names a function by its ARN, and must not lead the server's
// credentials elsewhere.
var errRegion = errors.New("the region is none")

// maxRegion is longer than the name of any region, in bytes.
const maxRegion = 32

// ErrTooLarge says that an answer is longer than the request allowed.
var ErrTooLarge = errors.New("the answer is too large")

// Post sends a request and reads the answer, in the time that ctx has.
func (c *Client) Post(ctx context.Context, r Request) (*Response, error) {
	if !isRegion(r.Region) {
		return nil, errRegion
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base(r)+r.Path, bytes.NewReader(r.Body))
	if err != nil {
		return nil, err
	}
	for name, values := range r.Header {
		req.Header[name] = values
	}
	who, err := c.credentials(ctx, r.Region)
	if err != nil {
		return nil, fmt.Errorf("find AWS credentials: %w", err)
	}
	sum := sha256.Sum256(r.Body)
	if err := v4.NewSigner().SignHTTP(ctx, who, req, hex.EncodeToString(sum[:]), r.Service, r.Region, time.Now()); err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, int64(r.Most)+1))
	if err != nil {
		return nil, err
	}
	if len(body) > r.Most {
		return nil, ErrTooLarge
	}
	return &Response{resp.StatusCode, resp.Header, body}, nil
}

func isRegion(s string) bool {
	return s != "" && len(s) <= maxRegion && !strings.ContainsFunc(s, func(c rune) bool { return notLetter(c) && c != '-' })
}

func (c *Client) base(r Request) string {
	if c.o.Endpoint != "" {
		return strings.TrimRight(c.o.Endpoint, "/")
	}
	suffix := "amazonaws.com"
	if strings.HasPrefix(r.Region, "cn-") {
		suffix += ".cn"
	}
	return "https://" + r.Service + "." + r.Region + "." + suffix
}

// credentials are looked for at the first call, not at the start: a server whose
// instance role comes late must not fail for it.
func (c *Client) credentials(ctx context.Context, region string) (aws.Credentials, error) {
	c.mu.Lock()
	if c.found == nil {
		cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion(region), config.WithSharedConfigProfile(c.o.Profile))
		if err != nil {
			c.mu.Unlock()
			return aws.Credentials{}, err
		}
		c.found = cfg.Credentials
	}
	found := c.found
	c.mu.Unlock()
	return found.Retrieve(ctx)
}

// ErrorName is the name of the error that a response tells, such as
// "AccessDeniedException"; "ServiceException" if it tells none. It holds letters
// and digits only.
func (r *Response) ErrorName() string {
	name := r.Header.Get("X-Amzn-Errortype")
	if name == "" {
		var body struct {
			Type string `json:"__type"`
		}
		_ = json.Unmarshal(r.Body, &body) // what is no JSON names nothing
		name = body.Type
	}
	name, _, _ = strings.Cut(name, ":")
	if i := strings.LastIndexByte(name, '#'); i >= 0 {
		name = name[i+1:]
	}
	if name == "" || len(name) > 100 || strings.ContainsFunc(name, notLetter) {
		return "ServiceException"
	}
	return name
}

func notLetter(c rune) bool {
	return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9')
}
