package store

import (
	"errors"
	"time"
)

// An id can be reserved for a pool whose rows are written in many transactions
// before the pool itself is. The reservation is a row among the deleted pools
// with a time to come. Whoever writes moves that time on; if he stops, the id
// becomes that of a deleted pool, whose rows ClearDeletedUserPool clears away.

// ErrReserved says that an id is reserved, or that a reservation is not, or no
// longer, the caller's.
var ErrReserved = errors.New("reserved")

// ReserveUserPool reserves an id until a time to come. Up to step rows of each
// table that an earlier pool of the id left behind are removed first; while done
// is false there may be more, nothing is reserved yet, and the caller asks again.
// It returns ErrExists if there is such a pool and ErrReserved if the id is
// another's.
func (tx *Tx) ReserveUserPool(id string, until time.Time, step int) (done bool, err error) {
	exists, err := tx.exists(`SELECT 1 FROM user_pools WHERE id = $1`, id)
	if err != nil {
		return false, err
	}
	if exists {
		return false, ErrExists
	}
	reserved, err := tx.reserved(id)
	if err != nil {
		return false, err
	}
	if reserved {
		return false, ErrReserved
	}
	if done, err = tx.ClearDeletedUserPool(id, step); err != nil || !done {
		return false, err
	}
	_, err = tx.exec(`INSERT INTO deleted_user_pools (id, deleted_at) VALUES ($1, $2)
		ON CONFLICT (id) DO UPDATE SET deleted_at = excluded.deleted_at`, id, millis(until))
	return err == nil, err
}

// ExtendReservation moves the end of a reservation on from what it was; a time
// that has come gives it up. It returns ErrReserved if it ended before or is
// another's.
func (tx *Tx) ExtendReservation(id string, was, until time.Time) error {
	return reservedOnly(tx.exec(`UPDATE deleted_user_pools SET deleted_at = $3 WHERE id = $1 AND deleted_at = $2 AND deleted_at > $4`,
		id, millis(was), millis(until), millis(tx.Now())))
}

// EndReservation ends a reservation in the transaction that makes the pool, and
// lets every node know. It returns ErrReserved like ExtendReservation.
func (tx *Tx) EndReservation(id string, was time.Time) error {
	if err := reservedOnly(tx.exec(`DELETE FROM deleted_user_pools WHERE id = $1 AND deleted_at = $2 AND deleted_at > $3`,
		id, millis(was), millis(tx.Now()))); err != nil {
		return err
	}
	return tx.changeConfig()
}

func reservedOnly(affected int64, err error) error {
	if err == nil && affected == 0 {
		return ErrReserved
	}
	return err
}

// reserved says whether an id is reserved now.
func (tx *Tx) reserved(id string) (bool, error) {
	var until int64
	err := notFound(tx.queryRow(`SELECT deleted_at FROM deleted_user_pools WHERE id = $1`, id).Scan(&until))
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil && until > millis(tx.Now()), err
}
