package oauth

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// Pending is an authorization request that was found good and waits for its user.
type Pending struct {
	Site   *Site
	Pool   *userpool.Pool
	Client *userpool.Client

	ResponseType string // code or token
	RedirectURI  string // one of the client's
	Scopes       []string
	State        string
	Nonce        string
	Challenge    string // of PKCE with S256, or ""
	Thumbprint   string // of the key that the code is for (DPoP), or ""
	Resource     string // the audience of the access token, or ""

	Prompt        []string // none, login, select_account, consent
	MaxAge        time.Duration
	HasMaxAge     bool
	Levels        []int // authentication levels, the most wanted first; nil: any
	LoginHint     string
	Lang          string
	Provider      string // identity_provider: a name, or COGNITO
	ProviderIdent string // idp_identifier

	Device *DeviceRequest // nil: a client in the browser asks

	query url.Values // the request
	carry url.Values // the query of pages: the request, or the name of a pushed one

	signInOnly bool // the client gets nothing for it
}

// ReturnParameter names a page of the site that a sign-in is for, in place of the
// client. Clients that must push their requests need not push such.
const ReturnParameter = "return_to"

// Path is the address of a page of the site that carries the request on.
func (p *Pending) Path(page string) string {
	return p.Site.Base + page + "?" + p.carry.Encode()
}

// Query is the query of pages of the request, for those that add to it.
func (p *Pending) Query() url.Values {
	q := url.Values{}
	for name, values := range p.carry {
		q[name] = slices.Clone(values)
	}
	return q
}

// TargetACR are the levels that the request wants, as the machine takes them
// (TARGET_ACR_VALUES): "" for any.
func (p *Pending) TargetACR() string {
	if len(p.Levels) == 0 {
		return ""
	}
	return p.query.Get("acr_values")
}

// Asks says whether the request has a prompt.
func (p *Pending) Asks(prompt string) bool { return slices.Contains(p.Prompt, prompt) }

// Bounds of what is kept or echoed, in bytes.
const (
	maxQuery = 16 << 10
	maxState = 4096
	maxNonce = 1024
	maxParam = 2048 // any other
)

// A refusal is an error of RFC 6749, 4.1.2.1, that goes to the client.
type refusal struct{ code, description string }

var (
	challengeForm = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)
	langForm      = regexp.MustCompile(`^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$`)
)

// Pending reads the authorization request that a request's query carries. Where
// that is refused it answers (at the client's redirect URI, or on the error page if
// there is none that can be believed) and returns nil.
func (s *Server) Pending(w http.ResponseWriter, r *http.Request) *Pending {
	if r.URL.Query().Has(DeviceParameter) {
		return s.pendingDevice(w, r)
	}
	p, code, err := s.pending(r)
	switch {
	case err != nil:
		s.internalError(w, r, err)
		return nil
	case code != "":
		clientID := ""
		if p != nil {
			clientID = p.Client.ID
		}
		s.toErrorPage(w, r, code, clientID)
		return nil
	}
	refused, err := s.read(r, p)
	switch {
	case err != nil:
		s.internalError(w, r, err)
		return nil
	case refused != nil:
		s.Refuse(w, r, p, refused.code, refused.description)
		return nil
	}
	if !s.AllowClient(w, r, p.Client) {
		return nil
	}
	return p
}

// pending reads a request until it is known where errors go, see addressed.
func (s *Server) pending(r *http.Request) (p *Pending, code string, err error) {
	if len(r.URL.RawQuery) > maxQuery {
		return nil, "invalid_request", nil
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, "invalid_request", nil
	}
	request, ok, err := s.unfold(r, query)
	if err != nil {
		return nil, "", err
	}
	if !ok {
		return nil, "invalid_request_uri", nil
	}
	if p, code, err = s.addressed(r, request); err != nil || p == nil {
		return p, code, err
	}
	if p.carry = request; query.Has("request_uri") {
		p.carry = url.Values{"client_id": {p.Client.ID}, "request_uri": {query.Get("request_uri")}}
	} else if code == "" && p.Client.Extensions().PushedOnly {
		if !query.Has(ReturnParameter) {
			return p, "invalid_request", nil
		}
		p.signInOnly = true
	}
	return p, code, nil
}

// addressed reads who asks and where the answer goes. Until both are known to
// belong together, nothing may be sent to the redirect URI: code says what to
// show instead. p has the client then, if there is one.
func (s *Server) addressed(r *http.Request, query url.Values) (p *Pending, code string, err error) {
	site := SiteOf(r.Context())
	clientID, once := single(query, "client_id")
	if clientID == "" || !once {
		return nil, missingParameter("client_id"), nil
	}
	pool, client, err := s.Pools.PoolClient(r.Context(), site.Pool.ID, clientID)
	if fault.CodeOf(err) == fault.ResourceNotFound {
		return nil, "invalid_client", nil
	}
	if err != nil {
		return nil, "", err
	}
	p = &Pending{Site: site, Pool: pool, Client: client, query: query, carry: query}
	given, once := single(query, "redirect_uri")
	switch {
	case !once:
		return p, "redirect_mismatch", nil
	case given != "":
		p.RedirectURI = given
	case client.DefaultRedirectURI != "":
		p.RedirectURI = client.DefaultRedirectURI
	case len(client.CallbackURLs) == 1:
		p.RedirectURI = client.CallbackURLs[0]
	default:
		return p, missingParameter("redirect_uri"), nil
	}
	// Exactly as registered, to the last byte (RFC 9700, 2.1).
	if !slices.Contains(client.CallbackURLs, p.RedirectURI) {
		return p, "redirect_mismatch", nil
	}
	if state, once := single(query, "state"); once && len(state) <= maxState {
		p.State = state
	}
	return p, "", nil
}

func missingParameter(name string) string {
	return "Required String parameter '" + name + "' is not present"
}

// single is the value of a parameter, and whether it is there at most once.
func single(query url.Values, name string) (string, bool) {
	switch values := query[name]; len(values) {
	case 0:
		return "", true
	case 1:
		return values[0], true
	default:
		return "", false
	}
}

// checkBounds refuses parameters that are there twice, too long or no text.
func (p *Pending) checkBounds() *refusal {
	for name, values := range p.query {
		most := maxParam
		switch name {
		case "state":
			most = maxState
		case "nonce":
			most = maxNonce
		}
		if name != "resource" && len(values) > 1 {
			return &refusal{"invalid_request", "a parameter is there twice"}
		}
		if slices.ContainsFunc(values, func(v string) bool { return len(v) > most || !isText(v) }) {
			return &refusal{"invalid_request", "a parameter is too long or no text"}
		}
	}
	return nil
}

// read reads the rest of a request whose client and redirect URI are known.
func (s *Server) read(r *http.Request, p *Pending) (*refusal, error) {
	if refused := p.checkBounds(); refused != nil {
		return refused, nil
	}
	get := p.query.Get
	p.ResponseType, p.Nonce = get("response_type"), get("nonce")
	p.LoginHint, p.Provider, p.ProviderIdent = get("login_hint"), get("identity_provider"), get("idp_identifier")
	if langForm.MatchString(get("lang")) {
		p.Lang = get("lang")
	}
	if refused := p.readType(); refused != nil {
		return refused, nil
	}
	if refused := p.readPKCE(); refused != nil {
		return refused, nil
	}
	if refused := p.readThumbprint(); refused != nil {
		return refused, nil
	}
	if refused := p.readResource(); refused != nil {
		return refused, nil
	}
	if refused := p.readPrompt(); refused != nil {
		return refused, nil
	}
	scopes, err := s.Pools.ScopesOf(r.Context(), p.Client)
	if err != nil {
		return nil, err
	}
	return p.readScopes(scopes), nil
}

// grantOf are the client's flows (AllowedOAuthFlows) for the response types.
var grantOf = map[string]string{"code": "code", "token": "implicit"}

func (p *Pending) readType() *refusal {
	switch flow := grantOf[p.ResponseType]; {
	case p.ResponseType == "":
		return &refusal{"invalid_request", ""}
	case flow == "":
		return &refusal{"unsupported_response_type", ""}
	case !p.Client.AllowedOAuthFlowsUserPoolClient || !slices.Contains(p.Client.AllowedOAuthFlows, flow),
		flow == "implicit" && p.Client.Extensions().DPoP == userpool.DPoPRequired: // there is no proof
		return &refusal{"unauthorized_client", ""}
	}
	return nil
}

// readPKCE takes S256 only, as Cognito does: plain protects nothing that a thief of
// the request cannot read.
func (p *Pending) readPKCE() *refusal {
	challenge, method := p.query.Get("code_challenge"), p.query.Get("code_challenge_method")
	switch {
	case challenge == "" && method == "":
		return nil
	case p.ResponseType != "code":
		return &refusal{"invalid_request", "PKCE is for the code grant"}
	case method != "S256":
		return &refusal{"invalid_request", "code_challenge_method must be S256"}
	case !challengeForm.MatchString(challenge):
		return &refusal{"invalid_request", "code_challenge is no SHA-256 digest in base64url"}
	}
	p.Challenge = challenge
	return nil
}

// readThumbprint reads the key that the code is for (RFC 9449, 10). To a client that
// does not use DPoP the parameter means nothing.
func (p *Pending) readThumbprint() *refusal {
	thumbprint := p.query.Get(thumbprintParameter)
	switch {
	case thumbprint == "" || p.Client.Extensions().DPoP == userpool.DPoPOff:
		return nil
	case !challengeForm.MatchString(thumbprint):
		return &refusal{"invalid_request", thumbprintParameter + " is no SHA-256 thumbprint in base64url"}
	}
	p.Thumbprint = thumbprint
	return nil
}

// readResource reads the resource that the access token is for (RFC 8707).
func (p *Pending) readResource() *refusal {
	values := p.query["resource"]
	switch {
	case len(values) == 0:
		return nil
	case len(values) > 1:
		return &refusal{"invalid_target", "only one resource can be asked for"}
	}
	u, err := url.Parse(values[0])
	if err != nil || !u.IsAbs() || u.Fragment != "" || strings.Contains(values[0], "#") ||
		u.Scheme == "http" && !slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, u.Hostname()) ||
		u.Scheme == "https" && u.Hostname() == "" {
		return &refusal{"invalid_target", "resource must be a URL with https, of localhost, or of a custom scheme"}
	}
	p.Resource = values[0]
	return nil
}

var prompts = []string{"none", "login", "select_account", "consent"}

// readPrompt reads what decides whether a session will do.
func (p *Pending) readPrompt() *refusal {
	p.Prompt = strings.Fields(p.query.Get("prompt"))
	for _, prompt := range p.Prompt {
		if !slices.Contains(prompts, prompt) || prompt == "none" && len(p.Prompt) > 1 {
			return &refusal{"invalid_request", "prompt is not valid"}
		}
	}
	if text := p.query.Get("max_age"); text != "" {
		age, err := strconv.ParseInt(text, 10, 32)
		if err != nil || age < 0 {
			return &refusal{"invalid_request", "max_age must be a number of seconds"}
		}
		p.MaxAge, p.HasMaxAge = time.Duration(age)*time.Second, true
	}
	if targets := p.query.Get("acr_values"); strings.TrimSpace(targets) != "" {
		if p.Levels = p.Pool.Levels(targets); len(p.Levels) == 0 {
			return &refusal{"invalid_request", "acr_values has no authentication level of the user pool"}
		}
	}
	return nil
}

// readScopes takes the scopes that are asked for, or all the client's. allowed are
// those.
func (p *Pending) readScopes(allowed []string) *refusal {
	for _, scope := range strings.Fields(p.query.Get("scope")) {
		if !slices.Contains(allowed, scope) {
			return &refusal{"invalid_scope", ""}
		}
		if !slices.Contains(p.Scopes, scope) {
			p.Scopes = append(p.Scopes, scope)
		}
	}
	if len(p.Scopes) == 0 {
		p.Scopes = allowed
	}
	for _, scope := range []string{"email", "phone", "profile"} {
		if slices.Contains(p.Scopes, scope) && !slices.Contains(p.Scopes, "openid") {
			return &refusal{"invalid_scope", ""}
		}
	}
	if len(p.Scopes) == 0 {
		return &refusal{"invalid_scope", ""} // all of them went since
	}
	return nil
}

// isText says whether a value can be stored and sent: valid UTF-8 without control
// characters.
func isText(v string) bool {
	return strings.ToValidUTF8(v, "") == v && !strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r == 0x7f })
}
