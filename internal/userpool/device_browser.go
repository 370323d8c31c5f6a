package userpool

import (
	"context"
	"crypto/rand"
	"errors"

	"github.com/poolhouse/poolhouse/internal/srp"
	"github.com/poolhouse/poolhouse/internal/store"
)

// Browser is a browser on the login pages that is to be a device of its user's.
type Browser struct {
	Device    *NewDevice // as its sign-in gave it out
	Name      string     // for people
	IPAddress string     // "" if unknown
	Remember  bool       // the user wants it; where users are not asked every device is remembered
}

// AsksToRemember says whether users decide which of their devices are remembered.
func (p *Pool) AsksToRemember() bool {
	return p.DeviceConfiguration != nil && p.DeviceConfiguration.DeviceOnlyRememberedOnUserPrompt
}

// KeepBrowser keeps a browser as a device. The device's secret is nobody's: the
// browser shows a cookie that the pages sealed, and nobody can prove it by SRP. It
// is listed and forgotten like others. Whoever is no user any more keeps none.
func (u *Users) KeepBrowser(ctx context.Context, pool *Pool, sub string, b Browser) error {
	verifier := srp.NewVerifier(b.Device.GroupKey, b.Device.Key, rand.Text())
	form, err := verifier.MarshalBinary()
	if err != nil {
		return err
	}
	sealed, err := u.ring.Seal(devicePurpose, form, pool.ID, sub, b.Device.Key)
	if err != nil {
		return err
	}
	err = u.db.Update(ctx, func(tx *store.Tx) error {
		if _, err := tx.User(pool.ID, sub); err != nil {
			return err
		}
		return keepDevice(tx, &store.Device{
			PoolID: pool.ID, Sub: sub, Key: b.Device.Key, GroupKey: b.Device.GroupKey, Name: b.Name,
			SealedVerifier: sealed, Remembered: b.Remember || !pool.AsksToRemember(), LastIP: b.IPAddress,
		})
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}
