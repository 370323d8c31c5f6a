package store

import "time"

// DeviceState is what became of a DeviceGrant.
type DeviceState string

// The states of a device grant. Only a pending one becomes allowed or denied, and
// only an allowed one spent.
const (
	DevicePending DeviceState = "pending"
	DeviceAllowed DeviceState = "allowed"
	DeviceDenied  DeviceState = "denied"
	DeviceSpent   DeviceState = "spent" // its tokens were given
)

// DeviceGrant is what a device asks for that its user decides on elsewhere.
type DeviceGrant struct {
	PoolID       string
	ID           string // keyed hash of the device code
	UserCode     string // keyed hash of the user code
	ClientID     string
	State        DeviceState
	Sub          string // of the user who allowed it, or ""
	Sealed       string // what was asked for and, once it is allowed, proven
	PollInterval time.Duration
	PolledAt     time.Time // zero: never
	ExpiresAt    time.Time
}

// InsertDeviceGrant adds a pending grant. A user code that another grant of the
// pool has gives ErrExists, a client that is gone ErrNotFound.
func (tx *Tx) InsertDeviceGrant(g *DeviceGrant) error {
	there, err := tx.exists(`SELECT 1 FROM user_pool_clients WHERE pool_id = $1 AND id = $2`, g.PoolID, g.ClientID)
	if err != nil {
		return err
	}
	if !there {
		return ErrNotFound
	}
	added, err := tx.exec(`INSERT INTO device_grants (pool_id, id, user_code, client_id, state, sub, sealed, poll_interval, polled_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, '', $6, $7, 0, $8) ON CONFLICT (pool_id, user_code) DO NOTHING`,
		g.PoolID, g.ID, g.UserCode, g.ClientID, string(DevicePending), g.Sealed, g.PollInterval.Milliseconds(), millis(g.ExpiresAt))
	if err == nil && added == 0 {
		return ErrExists
	}
	return err
}

const deviceGrantColumns = `pool_id, id, user_code, client_id, state, sub, sealed, poll_interval, polled_at, expires_at`

func scanDeviceGrant(row interface{ Scan(...any) error }) (*DeviceGrant, error) {
	var g DeviceGrant
	var interval, polled, expires int64
	if err := row.Scan(&g.PoolID, &g.ID, &g.UserCode, &g.ClientID, &g.State, &g.Sub, &g.Sealed, &interval, &polled, &expires); err != nil {
		return nil, notFound(err)
	}
	g.PollInterval = time.Duration(interval) * time.Millisecond
	g.PolledAt, g.ExpiresAt = fromMillis(polled), fromMillis(expires)
	return &g, nil
}

// DeviceGrant returns a grant, decided or expired ones included, or ErrNotFound.
func (tx *Tx) DeviceGrant(poolID, id string) (*DeviceGrant, error) {
	return scanDeviceGrant(tx.queryRow(`SELECT `+deviceGrantColumns+` FROM device_grants WHERE pool_id = $1 AND id = $2`, poolID, id))
}

// DeviceGrantByUserCode is DeviceGrant by the keyed hash of the user code.
func (tx *Tx) DeviceGrantByUserCode(poolID, userCode string) (*DeviceGrant, error) {
	return scanDeviceGrant(tx.queryRow(`SELECT `+deviceGrantColumns+` FROM device_grants
		WHERE pool_id = $1 AND user_code = $2`, poolID, userCode))
}

// PollDeviceGrant notes that a device asked now, and how long it shall wait.
func (tx *Tx) PollDeviceGrant(poolID, id string, interval time.Duration) error {
	return mustAffect(tx.exec(`UPDATE device_grants SET polled_at = $3, poll_interval = $4 WHERE pool_id = $1 AND id = $2`,
		poolID, id, millis(tx.Now()), interval.Milliseconds()))
}

// AllowDeviceGrant allows a pending grant for a user. One that is not pending, and
// a user who is gone, give ErrNotFound.
func (tx *Tx) AllowDeviceGrant(poolID, id, sub, sealed string) error {
	return mustAffect(tx.exec(`UPDATE device_grants SET state = $3, sub = $4, sealed = $5
		WHERE pool_id = $1 AND id = $2 AND state = $6 AND EXISTS (SELECT 1 FROM users WHERE pool_id = $1 AND sub = $4)`,
		poolID, id, string(DeviceAllowed), sub, sealed, string(DevicePending)))
}

// DenyDeviceGrant denies a pending grant. One that is not gives ErrNotFound.
func (tx *Tx) DenyDeviceGrant(poolID, id string) error {
	return mustAffect(tx.exec(`UPDATE device_grants SET state = $3 WHERE pool_id = $1 AND id = $2 AND state = $4`,
		poolID, id, string(DeviceDenied), string(DevicePending)))
}

// SpendDeviceGrant spends an allowed grant. One that is not gives ErrNotFound, so
// that a use counts once.
func (tx *Tx) SpendDeviceGrant(poolID, id string) error {
	return mustAffect(tx.exec(`UPDATE device_grants SET state = $3 WHERE pool_id = $1 AND id = $2 AND state = $4`,
		poolID, id, string(DeviceSpent), string(DeviceAllowed)))
}

// deleteDeviceGrants removes what devices ask for in the name of a client: up to
// some bound, since whoever knows a client without a secret can ask. What stays
// means nothing without the client, and expires.
func (tx *Tx) deleteDeviceGrants(poolID, clientID string) error {
	const most = 1000
	_, err := tx.exec(`DELETE FROM device_grants WHERE pool_id = $1 AND id IN
		(SELECT id FROM device_grants WHERE pool_id = $1 AND client_id = $2 LIMIT $3)`, poolID, clientID, most)
	return err
}
