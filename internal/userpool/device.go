package userpool

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/poolhouse/poolhouse/internal/arn"
	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/srp"
	"github.com/poolhouse/poolhouse/internal/store"
)

const (
	// MaxDevicePage is the most devices that a page has.
	MaxDevicePage = 60

	// maxDevices is how many devices a user may have; one more drives out the one
	// that was used longest ago.
	maxDevices = 100

	devicePurpose      keys.Purpose = "device"
	deviceGroupPurpose keys.Purpose = "device-group"

	// forgottenDevice is how long a forgotten device's key stays known: longer than
	// any access token that could confirm it again.
	forgottenDevice = MaxTokenTTL + time.Hour
)

var (
	errNoDevice         = fault.New(fault.ResourceNotFound, "Device does not exist.")
	errInvalidDeviceKey = fault.New(fault.InvalidParameter, "Invalid device key given.")
)

// TracksDevices says whether sign-ins belong to devices.
func (p *Pool) TracksDevices() bool { return p.DeviceConfiguration != nil }

// TrustsRememberedDevices says whether a remembered device spares its user the
// second factor.
func (p *Pool) TrustsRememberedDevices() bool {
	return p.DeviceConfiguration != nil && p.DeviceConfiguration.ChallengeRequiredOnNewDevice
}

// NewDevice is what a client gets to make a device of its own with.
type NewDevice struct {
	Key      string // <region>_<uuid>
	GroupKey string // what stands for the pool's name in the hashes of SRP
}

// NewDevice makes up a device for a sign-in of the user. Nothing is written: the
// access token names the device that it may confirm.
func (u *Users) NewDevice(pool *Pool, user *store.User) *NewDevice {
	region, _, _ := strings.Cut(pool.ID, "_")
	return &NewDevice{Key: region + "_" + uuid.NewString(), GroupKey: u.deviceGroup(pool.ID, user.Sub)}
}

// deviceGroup is the group of a user's devices: always the same nine characters.
func (u *Users) deviceGroup(poolID, sub string) string {
	return "-" + base64.RawURLEncoding.EncodeToString(u.ring.MAC(deviceGroupPurpose, poolID, sub)[:6])
}

// DeviceConfirmation is a device as its client confirms it.
type DeviceConfirmation struct {
	Key            string
	TokenDeviceKey string // the device that the access token names
	Name           string // as the client calls it, or ""
	Salt           string // base64
	Verifier       string // base64: g^x of the device's secret
	IPAddress      string // that it is confirmed from
}

// ConfirmDevice keeps a device that a sign-in gave out. It says whether the user
// must decide that it be remembered. Errors: InvalidParameterException,
// DeviceKeyExistsException, UserNotFoundException.
func (u *Users) ConfirmDevice(ctx context.Context, pool *Pool, sub string, c DeviceConfirmation) (ask bool, err error) {
	if !pool.TracksDevices() || c.Key != c.TokenDeviceKey || !deviceKeyPattern.MatchString(c.Key) {
		return false, errInvalidDeviceKey
	}
	sealed, err := u.sealDevice(pool.ID, sub, c)
	if err != nil {
		return false, err
	}
	ask = pool.DeviceConfiguration.DeviceOnlyRememberedOnUserPrompt
	err = u.db.Update(ctx, func(tx *store.Tx) error {
		if _, err := tx.User(pool.ID, sub); err != nil {
			return err
		}
		forgotten, err := tx.DeviceForgotten(pool.ID, sub, c.Key)
		if err != nil {
			return err
		}
		if forgotten {
			return errInvalidDeviceKey
		}
		return keepDevice(tx, &store.Device{
			PoolID: pool.ID, Sub: sub, Key: c.Key, GroupKey: u.deviceGroup(pool.ID, sub), Name: c.Name,
			SealedVerifier: sealed, Remembered: !ask, LastIP: c.IPAddress,
		})
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return false, errNoUser
	case errors.Is(err, store.ErrExists):
		return false, fault.New(fault.DeviceKeyExists, "Device already exists.")
	}
	return ask, err
}

// keepDevice adds a device as of now, and drives out those that are too many.
func keepDevice(tx *store.Tx, d *store.Device) error {
	d.CreatedAt, d.ModifiedAt, d.AuthenticatedAt = tx.Now(), tx.Now(), tx.Now()
	if err := tx.InsertDevice(d); err != nil {
		return err
	}
	stale, err := tx.StaleDevices(d.PoolID, d.Sub, maxDevices)
	if err != nil {
		return err
	}
	for _, key := range stale {
		if err := tx.ForgetDevice(d.PoolID, d.Sub, key, tx.Now().Add(forgottenDevice)); err != nil {
			return err
		}
	}
	return nil
}

// Device returns a device of a user, or ResourceNotFoundException.
func (u *Users) Device(ctx context.Context, pool *Pool, sub, key string) (*store.Device, error) {
	var d *store.Device
	err := u.db.View(ctx, func(tx *store.Tx) (err error) {
		d, err = pool.Device(tx, sub, key)
		return err
	})
	return d, noDevice(err)
}

// Device returns a device of a user, or store.ErrNotFound, for keys of any form.
func (p *Pool) Device(tx *store.Tx, sub, key string) (*store.Device, error) {
	if !deviceKeyPattern.MatchString(key) {
		return nil, store.ErrNotFound
	}
	return tx.Device(p.ID, sub, key)
}

// ListDevices returns up to limit devices of a user, in the order of their keys,
// and the token of the next page, as Pools.List does. The error is
// InvalidParameterException.
func (u *Users) ListDevices(ctx context.Context, pool *Pool, sub, token string, limit int) (devices []*store.Device, next string, err error) {
	list := "devices of " + pool.ID + " " + sub
	after, err := PageAfter(list, token)
	if err != nil {
		return nil, "", err
	}
	if err := u.db.View(ctx, func(tx *store.Tx) (err error) {
		devices, err = tx.ListDevices(pool.ID, sub, after, limit+1)
		return err
	}); err != nil {
		return nil, "", fmt.Errorf("list devices: %w", err)
	}
	if len(devices) > limit {
		devices = devices[:limit]
		next = PageToken(list, devices[limit-1].Key)
	}
	return devices, next, nil
}

// RememberDevice sets whether a device is remembered. The error is
// ResourceNotFoundException.
func (u *Users) RememberDevice(ctx context.Context, pool *Pool, sub, key string, remembered bool) error {
	return noDevice(u.db.Update(ctx, func(tx *store.Tx) error {
		return tx.RememberDevice(pool.ID, sub, key, remembered)
	}))
}

// ForgetDevice removes a device, and with it the worth of its refresh tokens. The
// error is ResourceNotFoundException.
func (u *Users) ForgetDevice(ctx context.Context, pool *Pool, sub, key string) error {
	return noDevice(u.db.Update(ctx, func(tx *store.Tx) error {
		return tx.ForgetDevice(pool.ID, sub, key, tx.Now().Add(forgottenDevice))
	}))
}

func noDevice(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return errNoDevice
	}
	return err
}

// DeviceARN is the Amazon Resource Name of a device of the user called username.
func (p *Pools) DeviceARN(d *store.Device, username string) string {
	region, _, _ := strings.Cut(d.PoolID, "_")
	return arn.New("cognito-idp", region, p.accountID, "owner/"+username+"."+d.PoolID+"/device/"+d.Key)
}

// DeviceVerifier returns what SRP knows of a device's secret.
func (u *Users) DeviceVerifier(d *store.Device) (v srp.Verifier, err error) {
	b, err := u.ring.Open(devicePurpose, d.SealedVerifier, d.PoolID, d.Sub, d.Key)
	if err == nil {
		err = v.UnmarshalBinary(b)
	}
	if err != nil {
		return srp.Verifier{}, fmt.Errorf("verifier of device %s: %w", d.Key, err)
	}
	return v, nil
}

// sealDevice seals the verifier that a client made. The error is
// InvalidParameterException.
func (u *Users) sealDevice(poolID, sub string, c DeviceConfirmation) (string, error) {
	v, err := parseDeviceVerifier(c.Salt, c.Verifier)
	if err != nil {
		return "", invalid("Invalid device secret verifier config given.")
	}
	form, err := v.MarshalBinary()
	if err != nil {
		return "", err
	}
	return u.ring.Seal(devicePurpose, form, poolID, sub, c.Key)
}

// maxDeviceSecret is longer than the base64 of any verifier.
const maxDeviceSecret = 1024

func parseDeviceVerifier(salt, verifier string) (srp.Verifier, error) {
	if len(salt) > maxDeviceSecret || len(verifier) > maxDeviceSecret {
		return srp.Verifier{}, srp.ErrVerifier
	}
	s, err := base64.StdEncoding.DecodeString(salt)
	if err != nil {
		return srp.Verifier{}, err
	}
	v, err := base64.StdEncoding.DecodeString(verifier)
	if err != nil {
		return srp.Verifier{}, err
	}
	return srp.ParseVerifier(s, v)
}

// deviceKeyPattern is the form of the keys that NewDevice makes.
var deviceKeyPattern = regexp.MustCompile(`^[a-z0-9-]{1,18}_[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
