package awsjson

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"github.com/poolhouse/poolhouse/internal/apimodel"
	"github.com/poolhouse/poolhouse/internal/arn"
	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/iam"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
)

// MaxBody is the largest request body that is read, in bytes, unless an operation
// has a bound of its own.
const MaxBody = 1 << 20

// Options configure a Handler. The zero value serves the public operations of
// region us-east-1 without limits, and refuses every signature because it knows
// no key.
type Options struct {
	// Region is the server's own. A signature must be made for it, or for one
	// that AcceptsRegion. Empty means us-east-1.
	Region        string
	AcceptsRegion func(region string) bool
	// AccountID is the 12-digit account that resource ARNs name. Empty means
	// 123456789012.
	AccountID string

	// AccessKey finds the secret of an access key and who it stands for. A
	// *fault.Error, such as sigv4.ErrUnknownKey, is the answer; any other error
	// is an internal one. Nil knows no key.
	AccessKey func(ctx context.Context, id string) (secret string, principal *iam.Principal, err error)
	// Session is AccessKey for temporary credentials, which come with a session
	// token. Nil knows none.
	Session func(ctx context.Context, id, token string) (secret string, principal *iam.Principal, err error)
	// SkipSignatures takes anybody for an administrator, signed or not, in
	// whatever region a signature's scope names, save the pages of other sites
	// that a developer visits. For development servers only.
	SkipSignatures bool

	// TrustedProxies are the networks whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix

	// Limits are the rate limits; see Limits, DefaultLimits and ParseLimits.
	Limits Limits
	// Provisioned tells how many requests per second were set for a category on top
	// of Limits, which are the least that it has; 0 means none were. It is asked
	// before most requests. A category without limits stays so. Nil sets none.
	Provisioned func(ctx context.Context, c Category) int32
	// PoolOf tells the id of the existing pool that the input of a public
	// operation (a pointer to one of the generated structs) is about, or "". It
	// is asked before the input is proven to be genuine, for counting only. Nil
	// counts all pools together.
	PoolOf func(ctx context.Context, input any) string

	// Now is the clock for signatures and rate limits. Nil means time.Now.
	Now func() time.Time
	// Logger gets one line per request: Debug if it succeeded, Info if it was
	// refused, Error for an internal error. Nil means slog.Default.
	Logger *slog.Logger
	// Registerer takes the metrics poolhouse_api_requests_total,
	// poolhouse_api_errors_total and poolhouse_api_duration_seconds. Nil keeps
	// none.
	Registerer prometheus.Registerer
}

// A Service is one of the APIs served: cognito-idp or cognito-identity.
type Service struct {
	TargetPrefix string // of X-Amz-Target, before the dot
	SigningName  string // in the scope of a signature
	Operations   []Operation
}

// A Handler serves POST / (and the preflights of browsers) for all its
// services. Other paths and methods get a 4xx. It is safe for concurrent use.
type Handler struct {
	options   Options
	routes    map[string]*route // by X-Amz-Target
	limiter   *limiter          // nil: no limits
	anyone    *iam.Principal    // whom SkipSignatures takes everybody for
	meters    *metrics
	noRoute   *meter          // metrics of what never found a route
	errorType map[string]bool // the values of the label type
}

// A route is an operation in its service.
type route struct {
	Operation
	service  *api
	category Category
	meter    *meter
}

// New makes a Handler. The error tells of an operation that stands twice, is
// not one of its API or has an input that is not its own, or of metrics that
// are registered already.
func New(o Options, services ...Service) (*Handler, error) {
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	if o.AccountID == "" {
		o.AccountID = "123456789012"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	h := &Handler{
		options: o,
		routes:  make(map[string]*route),
		anyone: &iam.Principal{
			ARN:     arn.New("iam", "", o.AccountID, "root"),
			Account: o.AccountID,
			Policy:  iam.AdministratorPolicy(),
		},
	}
	if len(o.Limits) > 0 {
		h.limiter = newLimiter(o.Limits)
	}
	var err error
	if h.meters, err = newMetrics(o.Registerer); err != nil {
		return nil, err
	}
	h.noRoute = h.meters.of("unknown", "unknown")
	for _, s := range services {
		service, ok := apis[s.SigningName]
		if !ok {
			return nil, fmt.Errorf("awsjson: no such API: %q", s.SigningName)
		}
		category := categories(service.allotments)
		for _, op := range s.Operations {
			r := &route{Operation: op, service: service, category: category[op.Name()]}
			target := s.TargetPrefix + "." + op.Name()
			if h.routes[target] != nil {
				return nil, fmt.Errorf("awsjson: operation %s stands twice", target)
			}
			if r.category == "" {
				return nil, fmt.Errorf("awsjson: operation %s has no rate category", target)
			}
			if err := op.check(); err != nil {
				return nil, fmt.Errorf("awsjson: %w", err)
			}
			r.meter = h.meters.of(s.SigningName, op.Name())
			h.routes[target] = r
		}
	}
	h.errorType = errorTypes(h.routes)
	return h, nil
}

// ServeHTTP answers one request; see the package comment for its road.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now() // real time: how long it took, not what the clock says
	req := &Request{
		ID:        uuid.NewString(),
		Region:    h.options.Region,
		UserAgent: userAgentOf(r),
		Origin:    originOf(r),
	}
	source := sourceOf(r, h.options.TrustedProxies)
	if source.IsValid() {
		req.SourceIP = source.String()
	}
	commonHeaders(w.Header(), req.ID)
	switch {
	case r.URL.Path != "/" && r.URL.Path != "":
		writeText(w, http.StatusNotFound, "There is nothing here.\n")
		return
	case r.Method == http.MethodOptions:
		preflight(w, r)
		return
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		writeText(w, http.StatusOK, "Poolhouse speaks the Amazon Cognito API here: POST with an X-Amz-Target header.\n")
		return
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", "GET, HEAD, POST, OPTIONS")
		writeText(w, http.StatusMethodNotAllowed, "The API takes POST only.\n")
		return
	}

	var (
		answer []byte
		err    error
	)
	route := h.routes[r.Header.Get("X-Amz-Target")]
	if route == nil {
		err = fault.New(fault.UnknownOperation, "The X-Amz-Target header names no operation of this service.")
	} else {
		req.Operation = route.Name()
		answer, err = h.serve(w, r, route, req, source)
	}
	if err != nil && errors.Is(r.Context().Err(), context.Canceled) { // a deadline is the server's own
		err = hungUp(err)
	}
	status, errorType := write(w, answer, err)
	h.observe(r.Context(), route, req, status, errorType, err, time.Since(start))
}

// serve takes the request from its operation to the body of its answer.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request, route *route, req *Request, source netip.Addr) (answer []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler {
				panic(p)
			}
			answer, err = nil, &panicError{p, debug.Stack()}
		}
	}()
	if !route.Built() {
		return nil, fault.Errorf(fault.UnknownOperation, "%s is not built in this version of Poolhouse.", route.Name())
	}
	var signer *signer
	switch {
	case h.options.SkipSignatures:
		if !route.model.Public && foreignPage(r) {
			return nil, errForeignPage
		}
		if region := scopeRegion(r); region != "" {
			req.Region = region
		}
	case !route.model.Public:
		if signer, err = h.identify(r, route.service.signingName); err != nil {
			return nil, err
		}
		req.Region = signer.signature.Credential.Region
	}
	body, err := readBody(w, r, route.maxBody)
	if err != nil {
		return nil, err
	}
	switch {
	case route.model.Public:
	case h.options.SkipSignatures:
		req.Principal = h.anyone
	default:
		if err := signer.signature.Verify(r, body, signer.secret, h.options.Now()); err != nil {
			return nil, err
		}
		req.Principal = signer.principal
	}

	ctx := WithRequest(r.Context(), req)
	input := route.input()
	err = route.service.decodeError(apimodel.Decode(route.model.Input, body, input))
	if limited := h.limit(ctx, route, req, source, input, err); limited != nil {
		return nil, limited
	}
	if err != nil {
		return nil, err
	}
	if !route.model.Public {
		if route.byMethod {
			return h.byMethod(ctx, route, req, input)
		}
		if err := h.authorize(route, req, route.poolOf(h.options.AccountID, req.Region, input)); err != nil {
			return nil, err
		}
	}
	output, err := route.call(ctx, input)
	if err != nil {
		return nil, err
	}
	return apimodel.Encode(output)
}

// limit counts the request. decodeErr tells that input could not be read, so
// that there is no pool to count by.
func (h *Handler) limit(ctx context.Context, route *route, req *Request, source netip.Addr, input any, decodeErr error) error {
	if h.limiter == nil {
		return nil
	}
	perSecond, limited := h.limiter.limits[route.category]
	if !limited {
		return nil
	}
	if h.options.Provisioned != nil {
		perSecond = max(perSecond, float64(h.options.Provisioned(ctx, route.category)))
	}
	var pool string
	switch {
	case decodeErr != nil:
	case !route.model.Public:
		pool = route.poolOf(h.options.AccountID, req.Region, input)
	case h.options.PoolOf != nil:
		// Not what the input says: invented pools would each have a bucket.
		pool = h.options.PoolOf(ctx, input)
	}
	if h.limiter.allow(h.options.Now(), route.Name(), route.category, perSecond, pool, source) {
		return nil
	}
	return fault.New(fault.TooManyRequests, "Rate exceeded")
}

// A panicError is a defect met while serving a request.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprint("panic: ", e.value) }

// levelOf is the level of a request's line in the log.
func levelOf(status int) slog.Level {
	switch {
	case status >= http.StatusInternalServerError:
		return slog.LevelError
	case status >= http.StatusBadRequest:
		return slog.LevelInfo
	}
	return slog.LevelDebug
}

// observe writes the request's line of the log and counts it.
func (h *Handler) observe(ctx context.Context, route *route, req *Request, status int, errorType string, err error, took time.Duration) {
	meter := h.noRoute
	if route != nil {
		meter = route.meter
	}
	if errorType != "" {
		label := errorType
		if !h.errorType[label] {
			label = "other"
		}
		meter.failed(label)
	}
	meter.done(took)

	level := levelOf(status)
	if !h.options.Logger.Enabled(ctx, level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("request_id", req.ID),
		slog.String("operation", req.Operation),
		slog.Int("status", status),
		slog.Duration("duration", took),
		slog.String("source_ip", req.SourceIP),
	}
	if req.Principal != nil && req.Principal.AccessKeyID != "" {
		attrs = append(attrs, slog.String("access_key", req.Principal.AccessKeyID))
	}
	if errorType != "" {
		attrs = append(attrs, slog.String("error_type", errorType))
	}
	if level == slog.LevelError {
		attrs = append(attrs, slog.String("error", strings.ToValidUTF8(err.Error(), "?")))
		if p, ok := errors.AsType[*panicError](err); ok {
			attrs = append(attrs, slog.String("stack", string(p.stack)))
		}
	}
	h.options.Logger.LogAttrs(ctx, level, "api request", attrs...)
}
