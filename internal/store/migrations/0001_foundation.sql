-- Everything a user with a password needs. TEXT and BIGINT only; times are unix
-- milliseconds, 0 meaning never; keys begin with the pool so that a pool's rows
-- sit together. Columns named sealed_* hold ciphertext of internal/keys. Rows that
-- are little more than their key are kept WITHOUT ROWID, which saves SQLite one
-- of two look-ups.

CREATE TABLE changes (
	name    TEXT   NOT NULL PRIMARY KEY,
	version BIGINT NOT NULL
);

CREATE TABLE data_keys (
	id         BIGINT NOT NULL PRIMARY KEY,
	sealed_key TEXT   NOT NULL,
	created_at BIGINT NOT NULL
);

CREATE TABLE access_keys (
	id            TEXT   NOT NULL PRIMARY KEY,
	name          TEXT   NOT NULL,
	sealed_secret TEXT   NOT NULL,
	policy        TEXT   NOT NULL,
	created_at    BIGINT NOT NULL,
	revoked_at    BIGINT NOT NULL
);

CREATE TABLE user_pools (
	id          TEXT   NOT NULL PRIMARY KEY,
	name        TEXT   NOT NULL,
	doc         TEXT   NOT NULL,
	created_at  BIGINT NOT NULL,
	modified_at BIGINT NOT NULL
);

-- Pools that are gone but whose rows are still being cleared away in steps.
CREATE TABLE deleted_user_pools (
	id         TEXT   NOT NULL PRIMARY KEY,
	deleted_at BIGINT NOT NULL
);

CREATE TABLE user_pool_clients (
	pool_id     TEXT   NOT NULL,
	id          TEXT   NOT NULL,
	name        TEXT   NOT NULL,
	doc         TEXT   NOT NULL,
	created_at  BIGINT NOT NULL,
	modified_at BIGINT NOT NULL,
	PRIMARY KEY (pool_id, id)
);
CREATE UNIQUE INDEX user_pool_clients_by_id ON user_pool_clients (id);

CREATE TABLE signing_keys (
	pool_id        TEXT   NOT NULL,
	kid            TEXT   NOT NULL,
	token_use      TEXT   NOT NULL,
	sealed_private TEXT   NOT NULL,
	created_at     BIGINT NOT NULL,
	active_at      BIGINT NOT NULL,
	retire_at      BIGINT NOT NULL,
	PRIMARY KEY (pool_id, kid)
);

CREATE TABLE users (
	pool_id                 TEXT   NOT NULL,
	sub                     TEXT   NOT NULL,
	username                TEXT   NOT NULL,
	status                  TEXT   NOT NULL,
	enabled                 BIGINT NOT NULL,
	attributes              TEXT   NOT NULL,
	sealed_password         TEXT   NOT NULL,
	sealed_password_history TEXT   NOT NULL,
	password_expires_at     BIGINT NOT NULL,
	failed_sign_ins         BIGINT NOT NULL,
	last_failed_at          BIGINT NOT NULL,
	signed_out_at           BIGINT NOT NULL,
	created_at              BIGINT NOT NULL,
	modified_at             BIGINT NOT NULL,
	PRIMARY KEY (pool_id, sub)
);
CREATE INDEX users_by_status ON users (pool_id, status, sub);
CREATE INDEX users_by_enabled ON users (pool_id, enabled, sub);

-- What a user can be called by: the username and the claimed aliases.
CREATE TABLE user_names (
	pool_id TEXT   NOT NULL,
	name    TEXT   NOT NULL,
	kind    BIGINT NOT NULL,
	sub     TEXT   NOT NULL,
	PRIMARY KEY (pool_id, name, kind)
) WITHOUT ROWID;

-- The search index of ListUsers: the beginning of each attribute's value.
CREATE TABLE user_attributes (
	pool_id TEXT NOT NULL,
	name    TEXT NOT NULL,
	value   TEXT NOT NULL,
	sub     TEXT NOT NULL,
	PRIMARY KEY (pool_id, name, value, sub)
) WITHOUT ROWID;

CREATE TABLE codes (
	pool_id    TEXT   NOT NULL,
	sub        TEXT   NOT NULL,
	purpose    TEXT   NOT NULL,
	hash       TEXT   NOT NULL,
	target     TEXT   NOT NULL,
	attempts   BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	PRIMARY KEY (pool_id, sub, purpose)
);
CREATE INDEX codes_by_expiry ON codes (expires_at);

-- Counters of what may be tried only so often: codes asked for, codes guessed,
-- passwords guessed for names that nobody has.
CREATE TABLE attempts (
	pool_id    TEXT   NOT NULL,
	subject    TEXT   NOT NULL,
	action     TEXT   NOT NULL,
	count      BIGINT NOT NULL,
	last_at    BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	PRIMARY KEY (pool_id, subject, action)
);
CREATE INDEX attempts_by_expiry ON attempts (expires_at);

-- Challenge sessions that were used.
CREATE TABLE spent_sessions (
	pool_id    TEXT   NOT NULL,
	id         TEXT   NOT NULL,
	expires_at BIGINT NOT NULL,
	PRIMARY KEY (pool_id, id)
) WITHOUT ROWID;
CREATE INDEX spent_sessions_by_expiry ON spent_sessions (expires_at);

CREATE TABLE revoked_tokens (
	pool_id    TEXT   NOT NULL,
	origin_jti TEXT   NOT NULL,
	revoked_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	PRIMARY KEY (pool_id, origin_jti)
) WITHOUT ROWID;
CREATE INDEX revoked_tokens_by_expiry ON revoked_tokens (expires_at);

-- The live generation of each refresh token family, for clients that rotate.
CREATE TABLE refresh_rotations (
	pool_id    TEXT   NOT NULL,
	origin_jti TEXT   NOT NULL,
	generation BIGINT NOT NULL,
	rotated_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	PRIMARY KEY (pool_id, origin_jti)
) WITHOUT ROWID;
CREATE INDEX refresh_rotations_by_expiry ON refresh_rotations (expires_at);

CREATE TABLE messages (
	id         TEXT   NOT NULL PRIMARY KEY,
	pool_id    TEXT   NOT NULL,
	username   TEXT   NOT NULL,
	recipient  TEXT   NOT NULL,
	sealed_doc TEXT   NOT NULL,
	created_at BIGINT NOT NULL
);
CREATE INDEX messages_by_time ON messages (created_at, id);
