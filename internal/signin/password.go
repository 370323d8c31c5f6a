package signin

import (
	"context"

	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
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
	return m.checkPassword(ctx, a, password)
}

// checkPassword proves the user by the password itself, and spends the session if
// there is one.
func (m *Machine) checkPassword(ctx context.Context, a *attempt, password string) error {
	if a.user == nil && a.pool.Migrates() {
		if err := m.migrate(ctx, a, password); err != nil {
			return err
		}
	}
	right, err := m.users.VerifyPassword(a.pool, a.user, password)
	if err != nil {
		return err
	}
	if !right || a.user == nil {
		return m.fail(ctx, a)
	}
	a.leaked = a.pool.ThreatMode(a.session.Flow) != userpool.ThreatOff && m.guard.Leaked(password)
	if err := m.findDevice(ctx, a); err != nil {
		return err
	}
	if began := a.session.ID == ""; !began || a.user.FailedSignIns > 0 {
		err := m.db.Update(ctx, func(tx *store.Tx) error {
			if !began {
				if err := a.spend(tx); err != nil {
					return err
				}
			}
			return forgive(tx, a)
		})
		if err != nil {
			return err
		}
	}
	if err := m.users.AdoptPassword(ctx, a.pool, a.user, password); err != nil {
		return err
	}
	a.proved("pwd")
	return nil
}
