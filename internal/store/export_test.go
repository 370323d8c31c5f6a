package store

import (
	"context"
	"database/sql"
	"strings"
)

// ExplainListUsers is SQLite's plan for the query of ListUsers.
func ExplainListUsers(ctx context.Context, db *DB, q UserQuery) (plan string, err error) {
	text, args, err := q.sql()
	if err != nil {
		return "", err
	}
	return explain(ctx, db, text, args...)
}

// ExplainRevocationEvents is SQLite's plan for the query of RevocationEvents.
func ExplainRevocationEvents(ctx context.Context, db *DB) (plan string, err error) {
	return explain(ctx, db, revocationEventsQuery, "pool", 0, "", 0, 10)
}

func explain(ctx context.Context, db *DB, text string, args ...any) (plan string, err error) {
	err = db.View(ctx, func(tx *Tx) error {
		rows, err := tx.query(`EXPLAIN QUERY PLAN `+text, args...)
		steps, err := collect(rows, err, func(r *sql.Rows) (string, error) {
			var id, parent, unused int
			var detail string
			return detail, r.Scan(&id, &parent, &unused, &detail)
		})
		plan = strings.Join(steps, "\n")
		return err
	})
	return plan, err
}
