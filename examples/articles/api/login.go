package main

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	sessionLife    = 8 * time.Hour
	maxPassword    = 1024    // bytes
	passwordRounds = 600_000 // of PBKDF2-SHA256, as OWASP has it
	loginAttempts  = 10      // in a minute from one address
	maxAddresses   = 10_000  // that are counted at a time
)

func hashPassword(password string, salt []byte, rounds int) ([]byte, error) {
	return pbkdf2.Key(sha256.New, password, salt, rounds, sha256.Size)
}

// setAdmin makes an admin or gives it another password, which ends its sessions.
func (s *store) setAdmin(ctx context.Context, name, password string) error {
	if len(password) > maxPassword {
		return errors.New("the admin's password is too long")
	}
	if same, err := s.checkAdmin(ctx, name, password); same || err != nil {
		return err
	}
	salt := make([]byte, 16)
	rand.Read(salt) // never fails
	hash, err := hashPassword(password, salt, s.rounds)
	if err != nil {
		return err
	}
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // nothing after Commit
	if _, err := tx.ExecContext(ctx, `INSERT INTO admins (name, rounds, salt, password) VALUES (?, ?, ?, ?)
		ON CONFLICT (name) DO UPDATE SET rounds = excluded.rounds, salt = excluded.salt, password = excluded.password`,
		name, s.rounds, salt, hash); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM admin_sessions WHERE admin = ?`, name); err != nil {
		return err
	}
	return tx.Commit()
}

// checkAdmin reports whether password is that of the admin. It takes as long for
// an admin who does not exist.
func (s *store) checkAdmin(ctx context.Context, name, password string) (bool, error) {
	var salt, want []byte
	rounds := s.rounds
	err := s.db.QueryRowContext(ctx, `SELECT rounds, salt, password FROM admins WHERE name = ?`, name).Scan(&rounds, &salt, &want)
	if errors.Is(err, sql.ErrNoRows) {
		salt, err = make([]byte, 16), nil
	}
	if err != nil {
		return false, err
	}
	got, err := hashPassword(password, salt, rounds)
	return subtle.ConstantTimeCompare(got, want) == 1, err
}

// startSession returns the cookie's value. The file holds only its hash, so that
// whoever reads a backup cannot be an admin by it.
func (s *store) startSession(ctx context.Context, admin string, now time.Time) (token string, err error) {
	if _, err := s.db.ExecContext(ctx, `DELETE FROM admin_sessions WHERE expires_at <= ?`, now.UnixMilli()); err != nil {
		return "", err
	}
	token = rand.Text()
	hash := sha256.Sum256([]byte(token))
	_, err = s.db.ExecContext(ctx, `INSERT INTO admin_sessions (token, admin, expires_at) VALUES (?, ?, ?)`,
		hash[:], admin, now.Add(sessionLife).UnixMilli())
	return token, err
}

// sessionAdmin returns the admin of a session, "" if it is none or over.
func (s *store) sessionAdmin(ctx context.Context, token string, now time.Time) (admin string, err error) {
	hash := sha256.Sum256([]byte(token))
	err = s.db.QueryRowContext(ctx, `SELECT admin FROM admin_sessions WHERE token = ? AND expires_at > ?`,
		hash[:], now.UnixMilli()).Scan(&admin)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return admin, err
}

func (s *store) endSession(ctx context.Context, token string) error {
	hash := sha256.Sum256([]byte(token))
	_, err := s.db.ExecContext(ctx, `DELETE FROM admin_sessions WHERE token = ?`, hash[:])
	return err
}

// attempts counts the logins from each address in the present minute.
type attempts struct {
	mu     sync.Mutex
	minute int64
	count  map[string]int
}

// allow counts a login and reports whether it may be tried. It counts before
// the password is looked at, so that many at once do not slip through.
func (a *attempts) allow(r *http.Request, now time.Time) bool {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if minute := now.Unix() / 60; minute != a.minute || a.count == nil {
		a.minute, a.count = minute, make(map[string]int)
	}
	if len(a.count) >= maxAddresses && a.count[host] == 0 {
		return false
	}
	a.count[host]++
	return a.count[host] <= loginAttempts
}
