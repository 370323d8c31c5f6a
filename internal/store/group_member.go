package store

import (
	"database/sql"
	"fmt"
	"strconv"
	"strings"
)

// UserGroup is what a user's row tells of a group the user is in.
type UserGroup struct {
	Name       string
	Precedence *int32 // nil means none
	RoleARN    string // empty means none
}

// userGroups is a column beside userColumns: the groups of u, a line for each,
// the fields of it between tabs. So a sign-in learns of them without a query of
// its own, and what was changed or deleted counts on every node at once. Names,
// precedences and ARNs have neither lines nor tabs.
const userGroups = `(SELECT string_agg(g.name || '` + "\t" + `' || COALESCE(CAST(g.precedence AS TEXT), '') || '` + "\t" + `' || g.role_arn, '` + "\n" + `')
	FROM user_group_members m JOIN user_groups g ON g.pool_id = m.pool_id AND g.id = m.group_id
	WHERE m.pool_id = u.pool_id AND m.sub = u.sub)`

// groupFits says whether a group's fields can stand in userGroups.
func groupFits(g *Group) error {
	if strings.ContainsAny(g.Name+g.RoleARN, "\t\n") {
		return fmt.Errorf("group %q: name or role has a tab or a line break", g.Name)
	}
	return nil
}

// scanUserInGroups reads userColumns, userGroups and what follows them.
func scanUserInGroups(row interface{ Scan(...any) error }, extra ...any) (*User, error) {
	var text sql.NullString
	u, err := scanUser(row, append([]any{&text}, extra...)...)
	if err != nil || text.String == "" {
		return u, err
	}
	for line := range strings.SplitSeq(text.String, "\n") {
		fields := strings.Split(line, "\t")
		if len(fields) != 3 {
			return nil, fmt.Errorf("groups of user %s: %d fields", u.Sub, len(fields))
		}
		group := UserGroup{Name: fields[0], RoleARN: fields[2]}
		if fields[1] != "" {
			n, err := strconv.ParseInt(fields[1], 10, 32)
			if err != nil {
				return nil, fmt.Errorf("groups of user %s: %w", u.Sub, err)
			}
			group.Precedence = new(int32(n))
		}
		u.Groups = append(u.Groups, group)
	}
	return u, nil
}

// AddGroupMember puts a user into a group. Being in it already is no error.
func (tx *Tx) AddGroupMember(poolID, groupID, sub string) error {
	_, err := tx.exec(`INSERT INTO user_group_members (pool_id, sub, group_id, added_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (pool_id, sub, group_id) DO NOTHING`, poolID, sub, groupID, millis(tx.Now()))
	return err
}

// RemoveGroupMember takes a user out of a group. Not being in it is no error.
func (tx *Tx) RemoveGroupMember(poolID, groupID, sub string) error {
	_, err := tx.exec(`DELETE FROM user_group_members WHERE pool_id = $1 AND sub = $2 AND group_id = $3`, poolID, sub, groupID)
	return err
}

// GroupMember says whether a user is in a group.
func (tx *Tx) GroupMember(poolID, groupID, sub string) (bool, error) {
	return tx.exists(`SELECT 1 FROM user_group_members WHERE pool_id = $1 AND sub = $2 AND group_id = $3`, poolID, sub, groupID)
}

// ListGroupsOfUser returns up to limit groups of a user whose name sorts behind
// after.
func (tx *Tx) ListGroupsOfUser(poolID, sub, after string, limit int) ([]*Group, error) {
	return collectGroups(tx.query(`SELECT `+groupColumns+` FROM user_group_members m
		JOIN user_groups g ON g.pool_id = m.pool_id AND g.id = m.group_id
		WHERE m.pool_id = $1 AND m.sub = $2 AND g.name > $3 ORDER BY g.name LIMIT $4`, poolID, sub, after, limit))
}

// ListUsersInGroup returns up to limit members of a group whose sub sorts behind
// after.
func (tx *Tx) ListUsersInGroup(poolID, groupID, after string, limit int) ([]*User, error) {
	rows, err := tx.query(listUsersInGroup, poolID, groupID, after, limit)
	return collect(rows, err, func(r *sql.Rows) (*User, error) { return scanUser(r) })
}

const listUsersInGroup = `SELECT ` + userColumns + ` FROM user_group_members m
	JOIN users u ON u.pool_id = m.pool_id AND u.sub = m.sub
	WHERE m.pool_id = $1 AND m.group_id = $2 AND m.sub > $3 ORDER BY m.sub LIMIT $4`
