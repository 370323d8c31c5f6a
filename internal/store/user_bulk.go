package store

import (
	"database/sql"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// groups are how many rows or keys one statement of many has, largest first. They
// are few, so that there are few texts to prepare. Each statement costs
// PostgreSQL a round trip; SQLite has none, and its driver looks through all
// parameters for each.
func (k Kind) groups() []int {
	if k == Postgres {
		return []int{200, 50, 10, 1}
	}
	return []int{20, 5, 1}
}

// NamesTaken returns those of the names, of any kind, by which users of a pool are
// found already.
func (tx *Tx) NamesTaken(poolID string, names []string) ([]UserName, error) {
	return lookUp(tx, `SELECT name, kind FROM user_names WHERE pool_id = $1 AND name IN (`, poolID, names,
		func(r *sql.Rows) (n UserName, err error) { return n, r.Scan(&n.Name, &n.Kind) })
}

// SubsTaken returns those of the subs that users of a pool have.
func (tx *Tx) SubsTaken(poolID string, subs []string) ([]string, error) {
	return lookUp(tx, `SELECT sub FROM users WHERE pool_id = $1 AND sub IN (`, poolID, subs,
		func(r *sql.Rows) (sub string, err error) { return sub, r.Scan(&sub) })
}

func lookUp[T any](tx *Tx, query, poolID string, keys []string, scan func(*sql.Rows) (T, error)) ([]T, error) {
	var found []T
	size := tx.kind.groups()[0]
	for group := range slices.Chunk(keys, size) {
		args := []any{poolID}
		for i := range size { // the last group says its last key again
			args = append(args, group[min(i, len(group)-1)])
		}
		rows, err := tx.query(query+placeholders(2, size)+`)`, args...)
		part, err := collect(rows, err, scan)
		if err != nil {
			return nil, err
		}
		found = append(found, part...)
	}
	return found, nil
}

// InsertUsers adds users of one pool with their names and index, in few
// statements. A name that is taken, or that two of them have, gives ErrExists,
// and the transaction must not commit.
func (tx *Tx) InsertUsers(users []*User) error {
	var rows, names, index [][]any
	for _, u := range users {
		attributes, err := json.Marshal(u.Attributes)
		if err != nil {
			return err
		}
		rows = append(rows, []any{u.PoolID, u.Sub, u.Username, u.Status, boolInt(u.Enabled), string(attributes), u.SealedPassword,
			u.SealedPasswordHistory, millis(u.PasswordExpiresAt), u.FailedSignIns, millis(u.LastFailedAt),
			millis(u.SignedOutAt), millis(u.CreatedAt), millis(u.ModifiedAt)})
		for _, n := range u.Names {
			names = append(names, []any{u.PoolID, n.Name, int64(n.Kind), u.Sub})
		}
		for _, e := range u.Index {
			index = append(index, []any{u.PoolID, e.Name, e.Value, u.Sub})
		}
	}
	if err := tx.insertRows(`user_names (pool_id, name, kind, sub)`, names); err != nil {
		return err
	}
	if err := tx.insertRows(`users (pool_id, sub, username, status, enabled, attributes, sealed_password,
		sealed_password_history, password_expires_at, failed_sign_ins, last_failed_at, signed_out_at, created_at, modified_at)`, rows); err != nil {
		return err
	}
	return tx.insertRows(`user_attributes (pool_id, name, value, sub)`, index)
}

// insertRows inserts rows into a table, of which none may be there.
func (tx *Tx) insertRows(table string, rows [][]any) error {
	for len(rows) > 0 {
		sizes := tx.kind.groups()
		size := sizes[slices.IndexFunc(sizes, func(n int) bool { return n <= len(rows) })]
		columns := len(rows[0])
		var values strings.Builder
		args := make([]any, 0, size*columns)
		for i, row := range rows[:size] {
			if i > 0 {
				values.WriteString(", ")
			}
			values.WriteString("(" + placeholders(1+i*columns, columns) + ")")
			args = append(args, row...)
		}
		n, err := tx.exec(`INSERT INTO `+table+` VALUES `+values.String()+` ON CONFLICT DO NOTHING`, args...)
		if err != nil {
			return err
		}
		if n != int64(size) {
			return ErrExists
		}
		rows = rows[size:]
	}
	return nil
}

// placeholders are count parameters from $first on.
func placeholders(first, count int) string {
	var b strings.Builder
	for i := range count {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("$" + strconv.Itoa(first+i))
	}
	return b.String()
}
