package store

import (
	"database/sql"
	"fmt"
)

// UserField is what a list of users is filtered and sorted by.
type UserField int

// The fields of UserQuery. ByAttribute needs UserQuery.Attribute.
const (
	AllUsers UserField = iota
	BySub
	ByUsername
	ByStatus
	ByEnabled
	ByAttribute
)

// UserQuery asks for a page of users by one indexed field. Each answer is in the
// order of (value, sub), and After names the last one of the page before, so
// that a page is found by index and inserts between two pages do no harm.
type UserQuery struct {
	PoolID    string
	Field     UserField
	Attribute string
	Value     string // "1" or "0" for ByEnabled
	Prefix    bool   // Value is a beginning; not for ByStatus and ByEnabled
	After     UserCursor
	Limit     int
}

// UserCursor is the place of a user in a list.
type UserCursor struct{ Value, Sub string }

// maxRune sorts, bytewise, behind any text that follows a prefix.
const maxRune = "\U0010FFFF"

// ListUsers returns up to q.Limit users and the cursor of the last.
func (tx *Tx) ListUsers(q UserQuery) ([]*User, UserCursor, error) {
	text, args, err := q.sql()
	if err != nil {
		return nil, UserCursor{}, err
	}
	type listed struct {
		user  *User
		value string
	}
	rows, err := tx.query(text, args...)
	found, err := collect(rows, err, func(r *sql.Rows) (listed, error) {
		var l listed
		var err error
		l.user, err = scanUser(r, &l.value)
		return l, err
	})
	if err != nil {
		return nil, UserCursor{}, err
	}
	users := make([]*User, len(found))
	var last UserCursor
	for i, l := range found {
		users[i] = l.user
		last = UserCursor{Value: l.value, Sub: l.user.Sub}
	}
	return users, last, nil
}

// sql is the query of one page.
func (q UserQuery) sql() (text string, args []any, err error) {
	low, high := q.Value, q.Value
	if q.Prefix {
		high += maxRune
	}
	switch q.Field {
	case AllUsers:
		text = `SELECT ` + userColumns + `, '' FROM users u WHERE u.pool_id = $1 AND u.sub > $2 ORDER BY u.sub LIMIT $3`
		args = []any{q.PoolID, q.After.Sub, q.Limit}
	case BySub:
		text = `SELECT ` + userColumns + `, '' FROM users u WHERE u.pool_id = $1 AND u.sub > $2
			AND u.sub >= $3 AND u.sub <= $4 ORDER BY u.sub LIMIT $5`
		args = []any{q.PoolID, q.After.Sub, low, high, q.Limit}
	case ByStatus:
		text = `SELECT ` + userColumns + `, '' FROM users u WHERE u.pool_id = $1 AND u.status = $2 AND u.sub > $3
			ORDER BY u.sub LIMIT $4`
		args = []any{q.PoolID, q.Value, q.After.Sub, q.Limit}
	case ByEnabled:
		text = `SELECT ` + userColumns + `, '' FROM users u WHERE u.pool_id = $1 AND u.enabled = $2 AND u.sub > $3
			ORDER BY u.sub LIMIT $4`
		args = []any{q.PoolID, boolInt(q.Value == "1"), q.After.Sub, q.Limit}
	case ByUsername:
		text = `SELECT ` + userColumns + `, n.name FROM user_names n JOIN users u ON u.pool_id = n.pool_id AND u.sub = n.sub
			WHERE n.pool_id = $1 AND n.kind = 0 AND n.name >= $2 AND n.name <= $3 AND n.name > $4 ORDER BY n.name LIMIT $5`
		args = []any{q.PoolID, low, high, q.After.Value, q.Limit}
	case ByAttribute:
		if !q.Prefix {
			// Said as a value and not as a range, PostgreSQL sees how few rows it is
			// and plans once; planning costs it more than the query.
			text = `SELECT ` + userColumns + `, a.value FROM user_attributes a JOIN users u ON u.pool_id = a.pool_id AND u.sub = a.sub
				WHERE a.pool_id = $1 AND a.name = $2 AND a.value = $3 AND a.sub > $4 ORDER BY a.sub LIMIT $5`
			args = []any{q.PoolID, q.Attribute, q.Value, q.After.Sub, q.Limit}
			break
		}
		// One range of the index, from the cursor to the last value.
		from := UserCursor{Value: low}
		if q.After.Value >= low {
			from = q.After
		}
		text = `SELECT ` + userColumns + `, a.value FROM user_attributes a JOIN users u ON u.pool_id = a.pool_id AND u.sub = a.sub
			WHERE a.pool_id = $1 AND a.name = $2 AND (a.value, a.sub) > ($3, $4) AND a.value <= $5
			ORDER BY a.value, a.sub LIMIT $6`
		args = []any{q.PoolID, q.Attribute, from.Value, from.Sub, high, q.Limit}
	default:
		return "", nil, fmt.Errorf("list users: unknown field %d", q.Field)
	}
	return text, args, nil
}
