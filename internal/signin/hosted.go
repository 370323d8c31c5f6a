package signin

import (
	"context"
	"errors"

	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// The login pages drive the machine as a client of their own kind: what the app
// client allows in the API (ExplicitAuthFlows) and its secret are not asked, as in
// Cognito, for the pages are the server's. In exchange a sign-in on them yields no
// tokens but a proven user, of whom the authorization request then gets what it may
// have, and its sessions are good on the pages only.

// Proven is a user of whom everything is proven that is demanded.
type Proven struct {
	User *store.User
	AMR  []string // the methods that proved it

	// Device is the key of the user's device that the browser is, "" for none.
	// NewDevice is what it may be kept as then (userpool.Users.KeepBrowser), if the
	// pool tracks devices.
	Device    string
	NewDevice *userpool.NewDevice
}

// hostedFlows are those that the pages begin.
var hostedFlows = map[string]bool{"USER_PASSWORD_AUTH": true, "USER_AUTH": true, customFlow: true}

// checkCaller checks the secret hash of an API call.
func (a *attempt) checkCaller(username string, hosted bool) error {
	if hosted {
		return nil
	}
	return a.client.CheckSecretHash(username, a.parameters["SECRET_HASH"])
}

func (a *attempt) proven(fresh *userpool.NewDevice) *Proven {
	who := &Proven{User: a.user, AMR: a.session.Proved, NewDevice: fresh}
	if fresh == nil {
		who.Device = a.session.Device
	}
	return who
}

// recognize takes the browser for the device that the pages found it to be, if the
// user has that still. It is not asked for a proof: the pages have it from a
// cookie that only they can make.
func (m *Machine) recognize(ctx context.Context, a *attempt, of func(*store.Device) bool) error {
	if a.session.Trust >= deviceProven || len(a.browsers) == 0 || !a.pool.TracksDevices() {
		return nil
	}
	var found *store.Device
	err := m.db.Update(ctx, func(tx *store.Tx) (err error) {
		found = nil
		for _, key := range a.browsers {
			d, err := a.pool.Device(tx, a.user.Sub, key)
			switch {
			case errors.Is(err, store.ErrNotFound): // forgotten, or another user's
			case err != nil:
				return err
			case of(d):
				found = d
				return tx.AuthenticateDevice(a.pool.ID, a.user.Sub, d.Key, a.origin.IPAddress)
			}
		}
		return nil
	})
	if err != nil || found == nil {
		return err
	}
	a.device, a.session.Device, a.session.Trust = found, found.Key, deviceProven
	if found.Remembered && a.pool.TrustsRememberedDevices() {
		a.session.Trust = deviceTrusted
	}
	return nil
}

// Resend sends another code for a second factor that waits for one, and returns
// the challenge with the session that takes it. That session lives and dies with
// the one before. Errors are NotAuthorizedException for what is no such session,
// LimitExceededException and CodeDeliveryFailureException.
func (m *Machine) Resend(ctx context.Context, in SetUp) (*Outcome, error) {
	a := &attempt{pool: in.Pool, client: in.Client}
	var err error
	if a.session, err = m.open(ctx, in.Pool, in.Client, in.Session); err != nil {
		return nil, err
	}
	s := &a.session
	if s.Hosted != in.Hosted || s.Code == "" || s.Nobody == 1 || len(s.Proved) == 0 ||
		s.Challenge != userpool.FactorSMS && s.Challenge != userpool.FactorEmail {
		return nil, errInvalidSession
	}
	release, err := m.resume(ctx, a, s.Name)
	if err != nil {
		return nil, err
	}
	defer release()
	if err := a.proofStill(); err != nil {
		return nil, err
	}
	if !a.user.Enabled || !s.SetUp && a.user.Attributes[userpool.FactorAttribute(s.Challenge)] != s.Target {
		return nil, errInvalidSession
	}
	if err := m.askCode(ctx, a, s.Challenge, s.Target, nothing); err != nil {
		return nil, err
	}
	a.same = true
	return m.challenge(ctx, a)
}
