package userpool

import (
	"context"
	"errors"

	"github.com/poolhouse/poolhouse/internal/store"
)

// Delete removes the user called name and everything that belongs to it. The
// error is UserNotFoundException.
func (u *Users) Delete(ctx context.Context, pool *Pool, name string) error {
	return u.db.Update(ctx, func(tx *store.Tx) error {
		user, err := pool.Find(tx, name)
		if errors.Is(err, store.ErrNotFound) {
			return errNoUser
		}
		if err != nil {
			return err
		}
		return tx.DeleteUser(user)
	})
}
