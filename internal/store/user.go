package store

import (
	"encoding/json"
	"fmt"
	"time"
)

// User is one row of a pool's directory, without what other tables derive from
// it. Sealed fields are ciphertext; empty means none.
type User struct {
	PoolID   string
	Sub      string // UUID, the key
	Username string // as first written; never changes
	Status   string // UNCONFIRMED, CONFIRMED, FORCE_CHANGE_PASSWORD, ...
	Enabled  bool

	Attributes map[string]string
	MFAOptions string // what SetUserSettings sets, as userpool writes it; empty means nothing

	SealedPassword        string
	SealedPasswordHistory string
	PasswordExpiresAt     time.Time // of a temporary password; zero: never

	FailedSignIns int       // consecutive wrong passwords
	LastFailedAt  time.Time // of the newest of them
	SignedOutAt   time.Time // tokens from before it are dead

	MFA UserMFA

	CreatedAt  time.Time
	ModifiedAt time.Time

	// Groups are filled by what reads a user to give tokens, User, FindUser and
	// RefreshUser, in no order. AddGroupMember and its like alone change them.
	Groups []UserGroup

	// Names and Index follow from the fields above and the pool's settings. They
	// are given to InsertUser and UpdateUser and not filled by reads.
	Names []UserName
	Index []AttributeIndex
}

// UserMFA is what a user has and chose of second factors, named as the challenges
// are. Its lists are never written to in place.
type UserMFA struct {
	Enabled   []string `json:"enabled,omitempty"`
	Preferred string   `json:"preferred,omitempty"` // one of Enabled

	// SoftwareToken says that an authenticator app was verified, and TokenName
	// what the user calls it. Its secret is in the table software_tokens.
	SoftwareToken bool   `json:"softwareToken,omitempty"`
	TokenName     string `json:"tokenName,omitempty"`
}

// text is how the column mfa holds it.
func (m UserMFA) text() (string, error) {
	if len(m.Enabled) == 0 && m.Preferred == "" && !m.SoftwareToken && m.TokenName == "" {
		return "", nil
	}
	b, err := json.Marshal(m)
	return string(b), err
}

// NameKind says what a name of a user is. Where two users match one name, the
// lower kind wins.
type NameKind int

// The kinds of names, in the order they are looked at.
const (
	NameUsername NameKind = iota
	NameEmail
	NamePhoneNumber
	NamePreferredUsername
)

// UserName is a name, folded if the pool ignores case, by which a user is found.
type UserName struct {
	Name string
	Kind NameKind
}

// AttributeIndex is an entry of the search index: a value folded and cut as the
// pool's search wants it.
type AttributeIndex struct {
	Name  string
	Value string
}

// NameTakenError says which of a user's names belongs to another user. It
// matches ErrExists.
type NameTakenError struct{ Name UserName }

func (e *NameTakenError) Error() string        { return fmt.Sprintf("name of kind %d is taken", e.Name.Kind) }
func (e *NameTakenError) Is(target error) bool { return target == ErrExists }

const userColumns = `u.pool_id, u.sub, u.username, u.status, u.enabled, u.attributes, u.sealed_password,
	u.sealed_password_history, u.password_expires_at, u.failed_sign_ins, u.last_failed_at,
	u.signed_out_at, u.created_at, u.modified_at, u.mfa_options, u.mfa`

func scanUser(row interface{ Scan(...any) error }, extra ...any) (*User, error) {
	var (
		u                                               User
		attributes, mfa                                 string
		enabled, expires, failed, out, created, changed int64
	)
	dst := append([]any{&u.PoolID, &u.Sub, &u.Username, &u.Status, &enabled, &attributes, &u.SealedPassword,
		&u.SealedPasswordHistory, &expires, &u.FailedSignIns, &failed, &out, &created, &changed, &u.MFAOptions, &mfa}, extra...)
	if err := row.Scan(dst...); err != nil {
		return nil, notFound(err)
	}
	if err := json.Unmarshal([]byte(attributes), &u.Attributes); err != nil {
		return nil, fmt.Errorf("attributes of user %s: %w", u.Sub, err)
	}
	if mfa != "" {
		if err := json.Unmarshal([]byte(mfa), &u.MFA); err != nil {
			return nil, fmt.Errorf("second factors of user %s: %w", u.Sub, err)
		}
	}
	u.Enabled = enabled != 0
	u.PasswordExpiresAt = fromMillis(expires)
	u.LastFailedAt = fromMillis(failed)
	u.SignedOutAt = fromMillis(out)
	u.CreatedAt = fromMillis(created)
	u.ModifiedAt = fromMillis(changed)
	return &u, nil
}

// User returns the user with the given sub, or ErrNotFound.
func (tx *Tx) User(poolID, sub string) (*User, error) {
	return scanUserInGroups(tx.queryRow(`SELECT `+userColumns+`, `+userGroups+` FROM users u
		WHERE u.pool_id = $1 AND u.sub = $2`, poolID, sub))
}

// FindUser returns the user called name, which the caller has folded as the pool
// demands; failing that the user whose sub is sub. It returns ErrNotFound if
// there is neither. It is one query, since every sign-in begins with it.
func (tx *Tx) FindUser(poolID, name, sub string) (*User, error) {
	return scanUserInGroups(tx.queryRow(`SELECT `+userColumns+`, `+userGroups+` FROM users u WHERE u.pool_id = $1 AND u.sub = COALESCE(
		(SELECT n.sub FROM user_names n WHERE n.pool_id = $1 AND n.name = $2 ORDER BY n.kind LIMIT 1), $3)`,
		poolID, name, sub))
}

// NameOwner returns the sub of the user that holds the name, or ErrNotFound.
func (tx *Tx) NameOwner(poolID string, name UserName) (string, error) {
	var sub string
	err := tx.queryRow(`SELECT sub FROM user_names WHERE pool_id = $1 AND name = $2 AND kind = $3`,
		poolID, name.Name, int64(name.Kind)).Scan(&sub)
	return sub, notFound(err)
}

// InsertUser adds a user with its names and index. A name that is taken gives a
// *NameTakenError.
func (tx *Tx) InsertUser(u *User) error {
	attributes, err := json.Marshal(u.Attributes)
	if err != nil {
		return err
	}
	mfa, err := u.MFA.text()
	if err != nil {
		return err
	}
	if err := tx.claimNames(u, u.Names); err != nil {
		return err
	}
	if _, err := tx.exec(`INSERT INTO users (pool_id, sub, username, status, enabled, attributes, sealed_password,
		sealed_password_history, password_expires_at, failed_sign_ins, last_failed_at, signed_out_at, created_at, modified_at, mfa_options,
		mfa)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
		u.PoolID, u.Sub, u.Username, u.Status, boolInt(u.Enabled), string(attributes), u.SealedPassword,
		u.SealedPasswordHistory, millis(u.PasswordExpiresAt), u.FailedSignIns, millis(u.LastFailedAt),
		millis(u.SignedOutAt), millis(u.CreatedAt), millis(u.ModifiedAt), u.MFAOptions, mfa); err != nil {
		return err
	}
	return tx.addIndex(u, u.Index)
}

// UpdateUser replaces the row old by u, which has the same key, and whatever
// changed of its names and index. Both must carry their Names and Index.
func (tx *Tx) UpdateUser(old, u *User) error {
	attributes, err := json.Marshal(u.Attributes)
	if err != nil {
		return err
	}
	mfa, err := u.MFA.text()
	if err != nil {
		return err
	}
	gone, added := difference(old.Names, u.Names)
	for _, n := range gone {
		if _, err := tx.exec(`DELETE FROM user_names WHERE pool_id = $1 AND name = $2 AND kind = $3 AND sub = $4`,
			u.PoolID, n.Name, int64(n.Kind), u.Sub); err != nil {
			return err
		}
	}
	if err := tx.claimNames(u, added); err != nil {
		return err
	}
	goneIndex, addedIndex := difference(old.Index, u.Index)
	if err := tx.removeIndex(u, goneIndex); err != nil {
		return err
	}
	if err := tx.addIndex(u, addedIndex); err != nil {
		return err
	}
	n, err := tx.exec(`UPDATE users SET status = $3, enabled = $4, attributes = $5, sealed_password = $6,
		sealed_password_history = $7, password_expires_at = $8, failed_sign_ins = $9, last_failed_at = $10,
		signed_out_at = $11, modified_at = $12, mfa_options = $13, mfa = $14 WHERE pool_id = $1 AND sub = $2`,
		u.PoolID, u.Sub, u.Status, boolInt(u.Enabled), string(attributes), u.SealedPassword,
		u.SealedPasswordHistory, millis(u.PasswordExpiresAt), u.FailedSignIns, millis(u.LastFailedAt),
		millis(u.SignedOutAt), millis(u.ModifiedAt), u.MFAOptions, mfa)
	if err := mustAffect(n, err); err != nil {
		return err
	}
	if u.SignedOutAt.After(old.SignedOutAt) {
		if err := tx.deleteTokenSessions(u.PoolID, u.Sub); err != nil {
			return err
		}
		if err := tx.EndClientSessionsOf(u.PoolID, u.Sub); err != nil {
			return err
		}
		if err := tx.addRevocationEvent(u.PoolID, UserSignedOut, u.Sub, u.SignedOutAt, tx.Now().Add(tokenLife)); err != nil {
			return err
		}
	}
	switch {
	case u.Enabled == old.Enabled:
		return nil
	case u.Enabled:
		return tx.addUserEvent(old, UserEnabled)
	}
	if err := tx.EndClientSessionsOf(u.PoolID, u.Sub); err != nil {
		return err
	}
	return tx.addUserEvent(old, UserDisabled)
}

// SetSignInFailures records the count of consecutive wrong passwords and the
// time of the newest; zero values clear them.
func (tx *Tx) SetSignInFailures(poolID, sub string, count int, at time.Time) error {
	return mustAffect(tx.exec(`UPDATE users SET failed_sign_ins = $3, last_failed_at = $4 WHERE pool_id = $1 AND sub = $2`,
		poolID, sub, count, millis(at)))
}

// SignOutUser makes all tokens issued until at worthless.
func (tx *Tx) SignOutUser(poolID, sub string, at time.Time) error {
	if err := mustAffect(tx.exec(`UPDATE users SET signed_out_at = $3 WHERE pool_id = $1 AND sub = $2`, poolID, sub, millis(at))); err != nil {
		return err
	}
	if err := tx.deleteTokenSessions(poolID, sub); err != nil {
		return err
	}
	if err := tx.EndClientSessionsOf(poolID, sub); err != nil {
		return err
	}
	return tx.addRevocationEvent(poolID, UserSignedOut, sub, at, tx.Now().Add(tokenLife))
}

// DeleteUser removes the user and everything that hangs on it. u must carry its
// Names and Index.
func (tx *Tx) DeleteUser(u *User) error {
	for _, n := range u.Names {
		if _, err := tx.exec(`DELETE FROM user_names WHERE pool_id = $1 AND name = $2 AND kind = $3 AND sub = $4`,
			u.PoolID, n.Name, int64(n.Kind), u.Sub); err != nil {
			return err
		}
	}
	if err := tx.removeIndex(u, u.Index); err != nil {
		return err
	}
	if _, err := tx.exec(`DELETE FROM codes WHERE pool_id = $1 AND sub = $2`, u.PoolID, u.Sub); err != nil {
		return err
	}
	if _, err := tx.exec(`DELETE FROM attempts WHERE pool_id = $1 AND subject = $2`, u.PoolID, u.Sub); err != nil {
		return err
	}
	if _, err := tx.exec(`DELETE FROM user_group_members WHERE pool_id = $1 AND sub = $2`, u.PoolID, u.Sub); err != nil {
		return err
	}
	if _, err := tx.exec(`DELETE FROM identity_links WHERE pool_id = $1 AND sub = $2`, u.PoolID, u.Sub); err != nil {
		return err
	}
	if err := tx.deleteDevices(u.PoolID, u.Sub); err != nil {
		return err
	}
	if err := tx.deleteUserSessions(u.PoolID, u.Sub); err != nil {
		return err
	}
	if err := tx.EndClientSessionsOf(u.PoolID, u.Sub); err != nil {
		return err
	}
	if _, err := tx.exec(`DELETE FROM auth_events WHERE pool_id = $1 AND sub = $2`, u.PoolID, u.Sub); err != nil {
		return err
	}
	if err := tx.DeleteSoftwareToken(u.PoolID, u.Sub); err != nil {
		return err
	}
	if _, err := tx.exec(`DELETE FROM passkeys WHERE pool_id = $1 AND sub = $2`, u.PoolID, u.Sub); err != nil {
		return err
	}
	if _, err := tx.exec(`DELETE FROM outbox WHERE pool_id = $1 AND sub = $2`, u.PoolID, u.Sub); err != nil {
		return err
	}
	if _, err := tx.exec(`DELETE FROM device_grants WHERE pool_id = $1 AND sub = $2`, u.PoolID, u.Sub); err != nil {
		return err
	}
	if err := mustAffect(tx.exec(`DELETE FROM users WHERE pool_id = $1 AND sub = $2`, u.PoolID, u.Sub)); err != nil {
		return err
	}
	return tx.addUserEvent(u, UserDeleted)
}

// CountUsers counts a pool's users, giving up at limit.
func (tx *Tx) CountUsers(poolID string, limit int) (int, error) {
	var n int
	err := tx.queryRow(`SELECT COUNT(*) FROM (SELECT 1 AS one FROM users WHERE pool_id = $1 LIMIT $2) AS counted`,
		poolID, limit).Scan(&n)
	return n, err
}

func (tx *Tx) claimNames(u *User, names []UserName) error {
	for _, n := range names {
		affected, err := tx.exec(`INSERT INTO user_names (pool_id, name, kind, sub) VALUES ($1, $2, $3, $4)
			ON CONFLICT (pool_id, name, kind) DO NOTHING`, u.PoolID, n.Name, int64(n.Kind), u.Sub)
		if err != nil {
			return err
		}
		if affected == 0 {
			return &NameTakenError{Name: n}
		}
	}
	return nil
}

func (tx *Tx) addIndex(u *User, entries []AttributeIndex) error {
	for _, e := range entries {
		if _, err := tx.exec(`INSERT INTO user_attributes (pool_id, name, value, sub) VALUES ($1, $2, $3, $4)
			ON CONFLICT (pool_id, name, value, sub) DO NOTHING`, u.PoolID, e.Name, e.Value, u.Sub); err != nil {
			return err
		}
	}
	return nil
}

func (tx *Tx) removeIndex(u *User, entries []AttributeIndex) error {
	for _, e := range entries {
		if _, err := tx.exec(`DELETE FROM user_attributes WHERE pool_id = $1 AND name = $2 AND value = $3 AND sub = $4`,
			u.PoolID, e.Name, e.Value, u.Sub); err != nil {
			return err
		}
	}
	return nil
}

// difference returns what only old has and what only now has.
func difference[T comparable](old, now []T) (gone, added []T) {
	before := make(map[T]bool, len(old))
	for _, v := range old {
		before[v] = true
	}
	for _, v := range now {
		if !before[v] {
			added = append(added, v)
		}
		delete(before, v)
	}
	for _, v := range old {
		if before[v] {
			gone = append(gone, v)
		}
	}
	return gone, added
}
