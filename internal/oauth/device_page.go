package oauth

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
)

const (
	devicePage        = "/device"
	deviceConfirmPage = "/device/confirm"

	// UserCodeParameter is where the address of the page /device may have the code.
	UserCodeParameter = "user_code"

	// DeviceParameter is where a page's address has what a device asks for, in
	// place of the parameters of an authorization request.
	DeviceParameter = "device_request"

	// ExpiredParameter tells the page /device that what the browser was at is over.
	ExpiredParameter = "expired"
)

// What pages carry of a device's request.
const (
	deviceHandlePurpose = keys.Purpose("device-page")
	maxDeviceHandle     = 1024 // bytes
)

// A DeviceRequest is what a device asks for, as pages see it.
type DeviceRequest struct {
	UserCode string            // WDJB-MJHT
	State    store.DeviceState // what was decided

	handle deviceHandle
}

// deviceHandle is what the addresses of pages carry, sealed: whoever has one was
// told the user code. Nothing in it leads to the device code.
type deviceHandle struct {
	ID       string `json:"g"` // of the grant
	UserCode string `json:"u"`

	// Session is the browser's session with which its user came to the page that
	// asks for consent, "" before.
	Session string `json:"s,omitzero"`
}

// values are the handle in an address.
func (s *Server) values(poolID string, h deviceHandle) (url.Values, error) {
	plain, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	sealed, err := s.Ring.Seal(deviceHandlePurpose, plain, poolID)
	return url.Values{DeviceParameter: {sealed}}, err
}

// EnterUserCode finds what a device asks for by the user code that somebody typed,
// and returns where the browser goes on: as after any authorization request. Wrong
// codes count against network, the part of the internet that the request is from
// ("" if that is not known), and the pool. Errors: CodeMismatchException,
// TooManyRequestsException.
func (s *Server) EnterUserCode(r *http.Request, typed, network string) (address string, err error) {
	site := SiteOf(r.Context())
	g, code, err := s.findUserCode(r.Context(), site.Pool.ID, typed, network)
	if err != nil {
		return "", err
	}
	q, err := s.values(site.Pool.ID, deviceHandle{ID: g.ID, UserCode: code})
	return site.Base + "/oauth2/authorize?" + q.Encode(), err
}

// pendingDevice is Pending for the pages of a device's request.
func (s *Server) pendingDevice(w http.ResponseWriter, r *http.Request) *Pending {
	p, err := s.readDevice(r)
	switch {
	case err != nil:
		s.internalError(w, r, err)
		return nil
	case p == nil:
		redirect(w, r, SiteOf(r.Context()).Base+devicePage+"?"+ExpiredParameter+"=1")
		return nil
	case !takesDevices(p.Client):
		s.toErrorPage(w, r, "unauthorized_client", p.Client.ID)
		return nil
	case !s.AllowClient(w, r, p.Client):
		return nil
	}
	return p
}

// readDevice reads what the query names, nil if that is nothing (any more).
func (s *Server) readDevice(r *http.Request) (*Pending, error) {
	site, query := SiteOf(r.Context()), r.URL.Query()
	text, once := single(query, DeviceParameter)
	if !once || len(text) > maxDeviceHandle {
		return nil, nil
	}
	plain, err := s.Ring.Open(deviceHandlePurpose, text, site.Pool.ID)
	if err != nil {
		return nil, nil
	}
	var h deviceHandle
	if err := json.Unmarshal(plain, &h); err != nil {
		return nil, err
	}
	var g *store.DeviceGrant
	err = s.DB.View(r.Context(), func(tx *store.Tx) (err error) {
		g, err = tx.DeviceGrant(site.Pool.ID, h.ID)
		return err
	})
	if errors.Is(err, store.ErrNotFound) || err == nil && g.State == store.DevicePending && !s.DB.Now().Before(g.ExpiresAt) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	pool, client, err := s.Pools.PoolClient(r.Context(), site.Pool.ID, g.ClientID)
	if fault.CodeOf(err) == fault.ResourceNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	content, err := s.openDevice(g)
	if err != nil {
		return nil, err
	}
	return &Pending{
		Site: site, Pool: pool, Client: client, Scopes: content.Scopes, Resource: content.Resource,
		Device: &DeviceRequest{UserCode: shownUserCode(h.UserCode), State: g.State, handle: h},
		carry:  url.Values{DeviceParameter: {text}},
	}, nil
}

// askConsent ends a sign-in that a device waits for: nothing is granted before the
// user has seen who asks for what, however the browser came here.
func (s *Server) askConsent(w http.ResponseWriter, r *http.Request, p *Pending, session *Session, also func(*store.Tx) error) {
	err := s.DB.Update(r.Context(), also)
	if errors.Is(err, store.ErrNotFound) { // the user was deleted meanwhile
		redirect(w, r, p.Path("/login"))
		return
	}
	h := p.Device.handle
	h.Session = session.ID
	q, sealed := s.values(p.Pool.ID, h)
	if err := errors.Join(err, sealed); err != nil {
		s.internalError(w, r, err)
		return
	}
	redirect(w, r, p.Site.Base+deviceConfirmPage+"?"+q.Encode())
}

// DeviceSession is the browser's session with which its user came to the page that
// asks for consent, nil if it has ended or is another one.
func (s *Server) DeviceSession(r *http.Request, p *Pending) (*Session, error) {
	session, err := s.Session(r)
	if err != nil || session == nil || session.ID != p.Device.handle.Session {
		return nil, err
	}
	return session, nil
}

// Decide allows or denies what a device asks for, in the name of the session's
// user. The first decision counts: pages show what became of the request.
func (s *Server) Decide(r *http.Request, p *Pending, session *Session, allow bool) error {
	id := p.Device.handle.ID
	err := s.DB.Update(r.Context(), func(tx *store.Tx) error {
		if !allow {
			return tx.DenyDeviceGrant(p.Pool.ID, id)
		}
		user, err := p.Pool.User(tx, session.User.Sub)
		if err != nil {
			return err
		}
		sealed, err := s.sealDevice(p.Pool.ID, id, deviceContent{
			Scopes: p.Scopes, Resource: p.Resource, AMR: session.AMR, AuthTime: session.AuthTime.UnixMilli(),
			OriginJTI: s.Tokens.NewOrigin(user), SSOSession: session.ID, Password: s.passwordMark(user),
		})
		if err != nil {
			return err
		}
		return tx.AllowDeviceGrant(p.Pool.ID, id, user.Sub, sealed)
	})
	if errors.Is(err, store.ErrNotFound) { // decided before, or the user was deleted
		return nil
	}
	return err
}
