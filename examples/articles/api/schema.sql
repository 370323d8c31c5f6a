-- Times are milliseconds since 1970.
CREATE TABLE IF NOT EXISTS users (
	id         INTEGER PRIMARY KEY,
	email      TEXT NOT NULL UNIQUE, -- in lower case
	active     INTEGER NOT NULL,
	created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS articles (
	id         INTEGER PRIMARY KEY,
	name       TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 50),
	author_id  INTEGER NOT NULL REFERENCES users (id),
	created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS articles_by_author ON articles (author_id);

CREATE TABLE IF NOT EXISTS admins (
	name     TEXT PRIMARY KEY,
	rounds   INTEGER NOT NULL,
	salt     BLOB NOT NULL,
	password BLOB NOT NULL -- PBKDF2 of it
) STRICT;

CREATE TABLE IF NOT EXISTS admin_sessions (
	token      BLOB PRIMARY KEY, -- SHA-256 of the cookie
	admin      TEXT NOT NULL REFERENCES admins (name),
	expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS admin_sessions_by_expiry ON admin_sessions (expires_at);
