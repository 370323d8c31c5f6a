package signin

import (
	"context"

	"github.com/poolhouse/poolhouse/internal/store"
)

// startPassword is the flow USER_PASSWORD_AUTH and, for administrators,
// ADMIN_USER_PASSWORD_AUTH: the password itself is sent.
func (m *Machine) startPassword(ctx context.Context, a *attempt) error {
	password, err := a.require("PASSWORD")
	if err != nil {
		return err
	}
	release, err := m.find(ctx, a)
	if err != nil {
		return err
	}
	defer release()
	right, err := m.users.VerifyPassword(a.pool, a.user, password)
	if err != nil {
		return err
	}
	if !right || a.user == nil {
		return m.fail(ctx, a)
	}
	if err := m.findDevice(ctx, a); err != nil {
		return err
	}
	if a.user.FailedSignIns > 0 {
		if err := m.db.Update(ctx, func(tx *store.Tx) error { return forgive(tx, a) }); err != nil {
			return err
		}
	}
	if err := m.users.AdoptPassword(ctx, a.pool, a.user, password); err != nil {
		return err
	}
	a.proved("pwd")
	return nil
}
