//go:build unix

package app_test

import (
	"crypto/rand"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"
)

// backends are the processes of a PostgreSQL server that work for one child.
// Nil stands for SQLite, which works within the child.
type backends struct {
	admin *sql.DB
	name  string // of the application
}

// openBackends returns a URL that gives the child's connections a name, and
// what finds them by it.
func openBackends(b *testing.B, databaseURL string) (string, *backends) {
	b.Helper()
	if !strings.HasPrefix(databaseURL, "postgres") {
		return databaseURL, nil
	}
	name := "poolhouse-bench-" + rand.Text()
	u, err := url.Parse(databaseURL)
	if err != nil {
		b.Fatal("the database's URL is not one")
	}
	q := u.Query()
	q.Set("application_name", name)
	u.RawQuery = q.Encode()
	admin := openSQL(b, databaseURL)
	b.Cleanup(func() { admin.Close() })
	return u.String(), &backends{admin, name}
}

// cpu is the processor time the backends used so far; 0 where that cannot be
// known, as of a server on another machine.
func (p *backends) cpu() (time.Duration, error) {
	if p == nil {
		return 0, nil
	}
	rows, err := p.admin.Query(`SELECT pid FROM pg_stat_activity WHERE application_name = $1`, p.name)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	var total time.Duration
	for rows.Next() {
		var pid int
		if err := rows.Scan(&pid); err != nil {
			return 0, err
		}
		// Linux: nanoseconds on a processor, then two other numbers.
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/schedstat", pid))
		if err != nil {
			continue
		}
		var used time.Duration
		if _, err := fmt.Sscan(string(text), (*int64)(&used)); err != nil {
			return 0, fmt.Errorf("schedstat: %w", err)
		}
		total += used
	}
	return total, rows.Err()
}
