-- What clients with a back-channel logout URI made of tokens: their own session,
-- by the sid that the ID token told them. session_id is the browser's session that
-- it came through ('': none did), and origin_jti the newest sign-in within it.
-- Whatever ends one of these turns the row into a notice, in the same transaction.

CREATE TABLE client_sessions (
	pool_id    TEXT   NOT NULL,
	sid        TEXT   NOT NULL,
	client_id  TEXT   NOT NULL,
	sub        TEXT   NOT NULL,
	session_id TEXT   NOT NULL,
	origin_jti TEXT   NOT NULL,
	expires_at BIGINT NOT NULL,
	PRIMARY KEY (pool_id, sid)
);
CREATE INDEX client_sessions_by_session ON client_sessions (pool_id, session_id, client_id);
CREATE INDEX client_sessions_by_origin ON client_sessions (pool_id, origin_jti);
CREATE INDEX client_sessions_by_user ON client_sessions (pool_id, sub);
CREATE INDEX client_sessions_by_expiry ON client_sessions (expires_at);

-- Sessions that clients must be told the end of. due_at is when a node may do so,
-- and is put ahead by the node that takes the notice (its lease, under the name in
-- runner); 0 means that nobody will try again. A notice outlives its user.
CREATE TABLE logout_notices (
	pool_id    TEXT   NOT NULL,
	sid        TEXT   NOT NULL,
	client_id  TEXT   NOT NULL,
	sub        TEXT   NOT NULL,
	runner     TEXT   NOT NULL,
	attempts   BIGINT NOT NULL,
	last_error TEXT   NOT NULL,
	due_at     BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	PRIMARY KEY (pool_id, sid)
);
CREATE INDEX logout_notices_by_due ON logout_notices (due_at, created_at, sid);
CREATE INDEX logout_notices_by_expiry ON logout_notices (expires_at);
