package store

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
)

// PoolTable is a table that holds rows of pools, for those who read or write a
// pool whole and leave the meaning of its rows to others. Names are constants of
// the program.
type PoolTable struct {
	Name string
	Pool string   // the column with the pool's id; "" means pool_id
	Key  []string // the rest of the primary key
}

func (t PoolTable) pool() string {
	if t.Pool == "" {
		return "pool_id"
	}
	return t.Pool
}

// Column is a column of a PoolTable.
type Column struct {
	Name   string
	Number bool // BIGINT; otherwise TEXT
}

// insertedAtOnce is how many rows one statement inserts.
const insertedAtOnce = 50

// Columns returns the columns of a table, in the order of its layout, without
// that of the pool.
func (tx *Tx) Columns(t PoolTable) ([]Column, error) {
	rows, err := tx.query(`SELECT * FROM ` + t.Name + ` LIMIT 0`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, tx.fail(err)
	}
	var columns []Column
	for _, c := range types {
		if c.Name() != t.pool() {
			columns = append(columns, Column{Name: c.Name(), Number: c.DatabaseTypeName() != "TEXT"})
		}
	}
	return columns, nil
}

// PoolRows returns up to limit rows of a pool whose key sorts behind after, in
// the order of their keys; nil begins. The columns include the key's. A value is
// a string, an int64 or nil.
func (tx *Tx) PoolRows(t PoolTable, columns []Column, poolID string, after []any, limit int) ([][]any, error) {
	names := columnNames(columns)
	text, args := `SELECT `+strings.Join(names, ", ")+` FROM `+t.Name+` WHERE `+t.pool()+` = $1`, []any{poolID}
	key := strings.Join(t.Key, ", ")
	if after != nil {
		var places []string
		for _, v := range after {
			args = append(args, v)
			places = append(places, fmt.Sprintf("$%d", len(args)))
		}
		text += ` AND (` + key + `) > (` + strings.Join(places, ", ") + `)`
	}
	if key != "" {
		text += ` ORDER BY ` + key
	}
	args = append(args, limit)
	rows, err := tx.query(fmt.Sprintf("%s LIMIT $%d", text, len(args)), args...)
	return collect(rows, err, func(r *sql.Rows) ([]any, error) {
		values, targets := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			targets[i] = &values[i]
		}
		return values, r.Scan(targets...)
	})
}

// InsertPoolRows adds rows of a pool. Columns of the table that are not named get
// their default. A key or a unique value that is in use gives ErrExists.
func (tx *Tx) InsertPoolRows(t PoolTable, columns []Column, poolID string, rows [][]any) error {
	for len(rows) > 0 {
		n := 1
		if len(rows) >= insertedAtOnce {
			n = insertedAtOnce
		}
		args := make([]any, 0, n*(len(columns)+1))
		for _, row := range rows[:n] {
			args = append(append(args, poolID), row...)
		}
		if _, err := tx.exec(insertText(t, columns, n), args...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

func insertText(t PoolTable, columns []Column, rows int) string {
	var b strings.Builder
	b.WriteString(`INSERT INTO ` + t.Name + ` (` + strings.Join(append([]string{t.pool()}, columnNames(columns)...), ", ") + `) VALUES `)
	place := 0
	for row := range rows {
		if row > 0 {
			b.WriteString(", ")
		}
		for i := range len(columns) + 1 {
			place++
			separator := ", "
			if i == 0 {
				separator = "("
			}
			fmt.Fprintf(&b, "%s$%d", separator, place)
		}
		b.WriteString(")")
	}
	return b.String()
}

func columnNames(columns []Column) []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	return names
}

// PoolTables returns the names of all tables with rows of pools.
func (tx *Tx) PoolTables() ([]string, error) {
	all, err := tx.tables()
	if err != nil {
		return nil, err
	}
	names := []string{"user_pools"}
	for _, name := range all {
		columns, err := tx.Columns(PoolTable{Name: name, Pool: "-"})
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(columns, func(c Column) bool { return c.Name == "pool_id" }) {
			names = append(names, name)
		}
	}
	return names, nil
}
