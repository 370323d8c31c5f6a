-- Devices that users have confirmed, each with the verifier of a secret of its
-- own, and sessions of pools that keep a record of them.

CREATE TABLE user_devices (
	pool_id          TEXT   NOT NULL,
	sub              TEXT   NOT NULL,
	device_key       TEXT   NOT NULL,
	group_key        TEXT   NOT NULL,
	name             TEXT   NOT NULL,
	sealed_verifier  TEXT   NOT NULL,
	remembered       BIGINT NOT NULL,
	last_ip          TEXT   NOT NULL,
	created_at       BIGINT NOT NULL,
	modified_at      BIGINT NOT NULL,
	authenticated_at BIGINT NOT NULL,
	PRIMARY KEY (pool_id, sub, device_key)
);

-- Devices that were forgotten, for as long as there can be access tokens with
-- which they could be confirmed again.
CREATE TABLE forgotten_devices (
	pool_id    TEXT   NOT NULL,
	sub        TEXT   NOT NULL,
	device_key TEXT   NOT NULL,
	expires_at BIGINT NOT NULL,
	PRIMARY KEY (pool_id, sub, device_key)
) WITHOUT ROWID;
CREATE INDEX forgotten_devices_by_expiry ON forgotten_devices (expires_at);

-- The id of a token session is the origin_jti of its tokens. The parent is the
-- browser's session that it came through, if it came through one.
CREATE TABLE user_sessions (
	pool_id        TEXT   NOT NULL,
	id             TEXT   NOT NULL,
	kind           TEXT   NOT NULL,
	sub            TEXT   NOT NULL,
	client_id      TEXT   NOT NULL,
	parent_id      TEXT   NOT NULL,
	device_type    TEXT   NOT NULL,
	last_ip        TEXT   NOT NULL,
	created_at     BIGINT NOT NULL,
	last_active_at BIGINT NOT NULL,
	expires_at     BIGINT NOT NULL,
	PRIMARY KEY (pool_id, id)
);
CREATE INDEX user_sessions_by_user ON user_sessions (pool_id, sub);
CREATE INDEX user_sessions_by_expiry ON user_sessions (expires_at);
