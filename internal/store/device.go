package store

import (
	"database/sql"
	"time"
)

// Device is a device that a user has confirmed. SealedVerifier is ciphertext.
type Device struct {
	PoolID          string
	Sub             string // of the user
	Key             string
	GroupKey        string // what its secret was hashed with
	Name            string
	SealedVerifier  string
	Remembered      bool
	LastIP          string // "" if unknown
	CreatedAt       time.Time
	ModifiedAt      time.Time
	AuthenticatedAt time.Time // when it last took part in a sign-in
}

const deviceColumns = `pool_id, sub, device_key, group_key, name, sealed_verifier, remembered, last_ip,
	created_at, modified_at, authenticated_at`

func scanDevice(row interface{ Scan(...any) error }) (*Device, error) {
	var d Device
	var remembered, created, modified, authenticated int64
	if err := row.Scan(&d.PoolID, &d.Sub, &d.Key, &d.GroupKey, &d.Name, &d.SealedVerifier, &remembered, &d.LastIP,
		&created, &modified, &authenticated); err != nil {
		return nil, notFound(err)
	}
	d.Remembered = remembered != 0
	d.CreatedAt, d.ModifiedAt, d.AuthenticatedAt = fromMillis(created), fromMillis(modified), fromMillis(authenticated)
	return &d, nil
}

// Device returns a user's device, or ErrNotFound.
func (tx *Tx) Device(poolID, sub, key string) (*Device, error) {
	return scanDevice(tx.queryRow(`SELECT `+deviceColumns+` FROM user_devices
		WHERE pool_id = $1 AND sub = $2 AND device_key = $3`, poolID, sub, key))
}

// HasDevice says whether the user has the device.
func (tx *Tx) HasDevice(poolID, sub, key string) (bool, error) {
	return tx.exists(`SELECT 1 FROM user_devices WHERE pool_id = $1 AND sub = $2 AND device_key = $3`, poolID, sub, key)
}

// ListDevices returns up to limit devices of a user whose key sorts behind after.
func (tx *Tx) ListDevices(poolID, sub, after string, limit int) ([]*Device, error) {
	rows, err := tx.query(`SELECT `+deviceColumns+` FROM user_devices
		WHERE pool_id = $1 AND sub = $2 AND device_key > $3 ORDER BY device_key LIMIT $4`, poolID, sub, after, limit)
	return collect(rows, err, func(r *sql.Rows) (*Device, error) { return scanDevice(r) })
}

// StaleDevices returns the keys of a user's devices but for the keep that took
// part in a sign-in last, beginning with the one that did so longest ago.
func (tx *Tx) StaleDevices(poolID, sub string, keep int) ([]string, error) {
	var n int
	if err := tx.queryRow(`SELECT COUNT(*) FROM user_devices WHERE pool_id = $1 AND sub = $2`, poolID, sub).Scan(&n); err != nil {
		return nil, err
	}
	if n <= keep {
		return nil, nil
	}
	rows, err := tx.query(`SELECT device_key FROM user_devices WHERE pool_id = $1 AND sub = $2
		ORDER BY authenticated_at, device_key LIMIT $3`, poolID, sub, n-keep)
	return collect(rows, err, func(r *sql.Rows) (string, error) {
		var key string
		return key, r.Scan(&key)
	})
}

// InsertDevice adds a device; a key that the user has gives ErrExists.
func (tx *Tx) InsertDevice(d *Device) error {
	n, err := tx.exec(`INSERT INTO user_devices (`+deviceColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING`,
		d.PoolID, d.Sub, d.Key, d.GroupKey, d.Name, d.SealedVerifier, boolInt(d.Remembered), d.LastIP,
		millis(d.CreatedAt), millis(d.ModifiedAt), millis(d.AuthenticatedAt))
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrExists
	}
	return nil
}

// RememberDevice sets whether a device is remembered.
func (tx *Tx) RememberDevice(poolID, sub, key string, remembered bool) error {
	return mustAffect(tx.exec(`UPDATE user_devices SET remembered = $4, modified_at = $5
		WHERE pool_id = $1 AND sub = $2 AND device_key = $3`, poolID, sub, key, boolInt(remembered), millis(tx.Now())))
}

// AuthenticateDevice notes that a device takes part in a sign-in now.
func (tx *Tx) AuthenticateDevice(poolID, sub, key, ip string) error {
	return mustAffect(tx.exec(`UPDATE user_devices SET last_ip = $4, authenticated_at = $5
		WHERE pool_id = $1 AND sub = $2 AND device_key = $3`, poolID, sub, key, ip, millis(tx.Now())))
}

// ForgetDevice removes a device. Until the given time its key is known as that
// of a forgotten one.
func (tx *Tx) ForgetDevice(poolID, sub, key string, until time.Time) error {
	if err := mustAffect(tx.exec(`DELETE FROM user_devices WHERE pool_id = $1 AND sub = $2 AND device_key = $3`,
		poolID, sub, key)); err != nil {
		return err
	}
	_, err := tx.exec(`INSERT INTO forgotten_devices (pool_id, sub, device_key, expires_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (pool_id, sub, device_key) DO UPDATE SET expires_at = excluded.expires_at`, poolID, sub, key, millis(until))
	return err
}

// DeviceForgotten says whether the key is that of a forgotten device.
func (tx *Tx) DeviceForgotten(poolID, sub, key string) (bool, error) {
	return tx.exists(`SELECT 1 FROM forgotten_devices WHERE pool_id = $1 AND sub = $2 AND device_key = $3`, poolID, sub, key)
}

// deleteDevices removes all devices of a user who goes.
func (tx *Tx) deleteDevices(poolID, sub string) error {
	if _, err := tx.exec(`DELETE FROM user_devices WHERE pool_id = $1 AND sub = $2`, poolID, sub); err != nil {
		return err
	}
	_, err := tx.exec(`DELETE FROM forgotten_devices WHERE pool_id = $1 AND sub = $2`, poolID, sub)
	return err
}
