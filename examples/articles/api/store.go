package main

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver
	sqlite "modernc.org/sqlite/lib"

	"github.com/poolhouse/poolhouse/verify"
	"github.com/poolhouse/poolhouse/verify/middleware"
)

//go:embed schema.sql
var schema string

// store keeps users, articles and admins in an SQLite file.
type store struct {
	db     *sql.DB
	rounds int // of PBKDF2 for new passwords
}

func openStore(ctx context.Context, file string) (*store, error) {
	name := url.URL{Scheme: "file", Opaque: url.PathEscape(file), RawQuery: url.Values{
		"_pragma": {"journal_mode(WAL)", "busy_timeout(5000)", "foreign_keys(1)"},
		"_txlock": {"immediate"},
	}.Encode()}
	db, err := sql.Open("sqlite", name.String())
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", file, err)
	}
	if _, err := db.ExecContext(ctx, schema); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", file, err), db.Close())
	}
	return &store{db, passwordRounds}, nil
}

func (s *store) close() error { return s.db.Close() }

// user is an author, known by the email address of the pool.
type user struct {
	ID        int64
	Email     string
	Active    bool
	CreatedAt time.Time
	Articles  int // how many; only in lists
}

// findUser returns the user of an address, or verify.ErrUserNotFound. Addresses
// that differ in case are one.
func (s *store) findUser(ctx context.Context, email string) (*user, error) {
	var u user
	var created int64
	err := s.db.QueryRowContext(ctx, `SELECT id, email, active, created_at FROM users WHERE email = ?`, strings.ToLower(email)).
		Scan(&u.ID, &u.Email, &u.Active, &created)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, verify.ErrUserNotFound
	}
	u.CreatedAt = time.UnixMilli(created)
	return &u, err
}

// createUser makes the user of an address. If somebody was faster its error is
// middleware.ErrUserExists, and the middleware looks again.
func (s *store) createUser(ctx context.Context, email string, now time.Time) (*user, error) {
	u := user{Email: strings.ToLower(email), Active: true, CreatedAt: now}
	err := s.db.QueryRowContext(ctx, `INSERT INTO users (email, active, created_at) VALUES (?, 1, ?) RETURNING id`,
		u.Email, now.UnixMilli()).Scan(&u.ID)
	if coded, ok := errors.AsType[interface {
		error
		Code() int
	}](err); ok && coded.Code() == sqlite.SQLITE_CONSTRAINT_UNIQUE {
		return nil, middleware.ErrUserExists
	}
	return &u, err
}

// users returns up to limit users, newest first, from below the id before if
// that is not 0, and the before of the next page, 0 if there is none.
func (s *store) users(ctx context.Context, before int64, limit int) (page []user, next int64, err error) {
	rows, err := s.db.QueryContext(ctx, `
		SELECT id, email, active, created_at, (SELECT count(*) FROM articles WHERE author_id = users.id)
		FROM users WHERE ? = 0 OR id < ? ORDER BY id DESC LIMIT ?`, before, before, limit+1)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var u user
		var created int64
		if err := rows.Scan(&u.ID, &u.Email, &u.Active, &created, &u.Articles); err != nil {
			return nil, 0, err
		}
		u.CreatedAt = time.UnixMilli(created)
		page = append(page, u)
	}
	if len(page) > limit {
		page = page[:limit]
		next = page[limit-1].ID
	}
	return page, next, rows.Err()
}

// setActive lets a user in, or not any more from the next request on.
func (s *store) setActive(ctx context.Context, id int64, active bool) error {
	_, err := s.db.ExecContext(ctx, `UPDATE users SET active = ? WHERE id = ?`, active, id)
	return err
}

// createArticle stores an article of author.
func (s *store) createArticle(ctx context.Context, author *user, name string, now time.Time) (article, error) {
	now = now.UTC().Truncate(time.Millisecond)
	a := article{Name: name, Author: author.Email, CreatedAt: now}
	err := s.db.QueryRowContext(ctx, `INSERT INTO articles (name, author_id, created_at) VALUES (?, ?, ?) RETURNING id`,
		name, author.ID, now.UnixMilli()).Scan(&a.ID)
	return a, err
}

// articles returns a page of articles as users does of users.
func (s *store) articles(ctx context.Context, before int64, limit int) (page []article, next int64, err error) {
	rows, err := s.db.QueryContext(ctx, `
		SELECT articles.id, name, email, articles.created_at FROM articles JOIN users ON users.id = author_id
		WHERE ? = 0 OR articles.id < ? ORDER BY articles.id DESC LIMIT ?`, before, before, limit+1)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	page = []article{} // [] in JSON
	for rows.Next() {
		var a article
		var created int64
		if err := rows.Scan(&a.ID, &a.Name, &a.Author, &created); err != nil {
			return nil, 0, err
		}
		a.CreatedAt = time.UnixMilli(created).UTC()
		page = append(page, a)
	}
	if len(page) > limit {
		page = page[:limit]
		next = page[limit-1].ID
	}
	return page, next, rows.Err()
}

// deleteArticle removes an article if it is there.
func (s *store) deleteArticle(ctx context.Context, id int64) error {
	_, err := s.db.ExecContext(ctx, `DELETE FROM articles WHERE id = ?`, id)
	return err
}
