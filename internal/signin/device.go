package signin

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/srp"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// The two challenges that prove a device: it has a secret of its own and signs
// in by SRP as a user does.
const (
	deviceSRPAuth          = "DEVICE_SRP_AUTH"
	devicePasswordVerifier = "DEVICE_PASSWORD_VERIFIER"
)

// What a session knows of its device.
const (
	deviceProven  = 1 // it took part
	deviceTrusted = 2 // and it stands for the second factor
)

// errNoDevice makes clients drop the device they hold and ask again without it,
// with the session of the request that got it: it must not be spent.
var errNoDevice = fault.New(fault.ResourceNotFound, "Device does not exist.")

// findDevice reads the device that the request names, if the pool tracks
// devices. It must be one of the user's.
func (m *Machine) findDevice(ctx context.Context, a *attempt) error {
	key := a.parameters["DEVICE_KEY"]
	if key == "" || !a.pool.TracksDevices() {
		return nil
	}
	return m.readDevice(ctx, a, key)
}

func (m *Machine) readDevice(ctx context.Context, a *attempt, key string) error {
	err := m.db.View(ctx, func(tx *store.Tx) (err error) {
		a.device, err = a.pool.Device(tx, a.user.Sub, key)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return errNoDevice
	}
	return err
}

// demandTrustedDevice asks for the proof of a remembered device where that
// spares the user the second factor.
func (m *Machine) demandTrustedDevice(ctx context.Context, a *attempt) error {
	if !a.pool.TrustsRememberedDevices() || a.unproven() || a.riskWantsFactor() {
		return nil
	}
	// A device spares a factor that the user has. Where there is none yet, it must
	// not be a way to never have one.
	if need, err := a.secondFactor(); err == nil && need.Challenge == userpool.MFASetup {
		return nil
	}
	if a.session.Hosted {
		return m.recognize(ctx, a, func(d *store.Device) bool { return d.Remembered })
	}
	return m.demandProof(ctx, a, func(d *store.Device) bool { return d.Remembered })
}

// demandDevice asks for the proof of any device that the user has.
func (m *Machine) demandDevice(ctx context.Context, a *attempt) error {
	if a.session.Hosted {
		return m.recognize(ctx, a, func(*store.Device) bool { return true })
	}
	return m.demandProof(ctx, a, func(*store.Device) bool { return true })
}

// demandProof asks for the proof of the device that the request names. The
// requests before do not matter: not every client that names a device beside a
// password can prove it after a code. Who names none that there is gets a new
// one with the tokens.
func (m *Machine) demandProof(ctx context.Context, a *attempt, of func(*store.Device) bool) error {
	if a.session.Trust >= deviceProven {
		return nil
	}
	if a.device == nil {
		if err := m.findDevice(ctx, a); err != nil && !errors.Is(err, errNoDevice) {
			return err
		}
	}
	if a.device == nil || !of(a.device) {
		return nil
	}
	if slices.Contains(a.session.Proved, "pwd") {
		a.session.Password = passwordDigest(a.user)
	}
	a.session.Device = a.device.Key
	a.ask = deviceSRPAuth
	return nil
}

// behindSecondFactor is what a session that asks for a device is kept by: the id
// of the one that the second factor was proven in.
func behindSecondFactor(id string) string { return id + " device" }

// leadToDevice keeps the session that asks for a device after a second factor.
// amazon-cognito-identity-js does not take it from that answer: it goes on with
// the session before.
func (m *Machine) leadToDevice(ctx context.Context, a *attempt, sealed string) error {
	if a.session.Second == "" {
		return nil
	}
	return m.db.Update(ctx, func(tx *store.Tx) error {
		return tx.KeepSession(a.pool.ID, behindSecondFactor(a.session.ID), sealed, m.db.Now().Add(a.client.SessionTTL()))
	})
}

// followToDevice finds that session where the response has the one before.
func (m *Machine) followToDevice(ctx context.Context, a *attempt) error {
	if a.session.Challenge == deviceSRPAuth {
		return nil
	}
	var sealed string
	err := m.db.View(ctx, func(tx *store.Tx) (err error) {
		sealed, err = tx.KeptSession(a.pool.ID, behindSecondFactor(a.session.ID))
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return errInvalidSession
	}
	if err == nil {
		a.session, err = m.open(ctx, a.pool, a.client, sealed)
	}
	return err
}

// startDevice is the answer to DEVICE_SRP_AUTH. It always asks for
// DEVICE_PASSWORD_VERIFIER, whose session is the same one: the proof is one step
// in two requests.
func (m *Machine) startDevice(ctx context.Context, a *attempt) error {
	text, err := a.require("SRP_A")
	if err != nil {
		return err
	}
	if err := m.challengedDevice(ctx, a); err != nil {
		return err
	}
	clientA, err := srp.ParseA(text)
	if err != nil {
		return fault.New(fault.InvalidParameter, "Invalid SRP_A value")
	}
	verifier, err := m.users.DeviceVerifier(a.device)
	if err != nil {
		return err
	}
	server, err := srp.NewServer(verifier, clientA)
	if err != nil {
		return fmt.Errorf("srp: %w", err)
	}
	if a.session.SRP, err = server.MarshalBinary(); err != nil {
		return fmt.Errorf("srp: %w", err)
	}
	a.ask = devicePasswordVerifier
	a.block, a.same = true, true
	a.params = map[string]string{
		"SALT":       verifier.Salt(),
		"SRP_B":      server.B(),
		"DEVICE_KEY": a.device.Key,
		"USERNAME":   a.user.Username,
	}
	return nil
}

// verifyDevice is the answer to DEVICE_PASSWORD_VERIFIER.
func (m *Machine) verifyDevice(ctx context.Context, a *attempt) error {
	if err := m.challengedDevice(ctx, a); err != nil {
		return err
	}
	claim, err := a.claim(a.device.GroupKey, a.device.Key)
	if err != nil {
		return err
	}
	var server srp.Server
	if err := server.UnmarshalBinary(a.session.SRP); err != nil {
		return errInvalidSession
	}
	verifier, err := m.users.DeviceVerifier(a.device)
	if err != nil {
		return err
	}
	right := server.Verify(verifier, claim)
	err = m.judge(ctx, a, func(tx *store.Tx) (refused, err error) {
		if !right {
			return errIncorrect, nil
		}
		err = tx.AuthenticateDevice(a.pool.ID, a.user.Sub, a.device.Key, a.origin.IPAddress)
		if errors.Is(err, store.ErrNotFound) { // forgotten meanwhile
			return nil, errNoDevice
		}
		return nil, err
	})
	if err != nil {
		return err
	}
	a.session.SRP = nil
	a.session.Trust = deviceProven
	if a.device.Remembered && a.pool.TrustsRememberedDevices() {
		a.session.Trust = deviceTrusted
	}
	return nil
}

// challengedDevice reads the device that the challenge is about, which the
// response must name.
func (m *Machine) challengedDevice(ctx context.Context, a *attempt) error {
	key, err := a.require("DEVICE_KEY")
	if err != nil {
		return err
	}
	if key != a.session.Device {
		return errNoDevice
	}
	if err := a.proofStill(); err != nil {
		return err
	}
	return m.readDevice(ctx, a, key)
}

// deviceOf is the device that a finished sign-in belongs to: the proven one or,
// where the pool tracks devices, a new one that the user may confirm.
func (m *Machine) deviceOf(a *attempt) (key string, fresh *userpool.NewDevice) {
	switch {
	case a.session.Trust >= deviceProven:
		return a.session.Device, nil
	case a.pool.TracksDevices():
		fresh = m.users.NewDevice(a.pool, a.user)
		return fresh.Key, fresh
	}
	return "", nil
}
