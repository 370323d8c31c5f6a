-- Second factors. A user's choice among them is read with the user at every
-- sign-in, so it is a column of the user: JSON, '' for none.
ALTER TABLE users ADD COLUMN mfa TEXT NOT NULL DEFAULT '';

-- The secrets of authenticator apps: the one that counts, and the one that was
-- handed out last and waits for its first code. '' stands for none. last_step is
-- the time step of the newest code that was used, so that none is used twice.
CREATE TABLE software_tokens (
	pool_id        TEXT   NOT NULL,
	sub            TEXT   NOT NULL,
	sealed_secret  TEXT   NOT NULL,
	sealed_pending TEXT   NOT NULL,
	last_step      BIGINT NOT NULL,
	PRIMARY KEY (pool_id, sub)
);

-- Sessions of sign-ins that are too long to travel, until they expire.
CREATE TABLE kept_sessions (
	pool_id    TEXT   NOT NULL,
	id         TEXT   NOT NULL,
	sealed     TEXT   NOT NULL,
	expires_at BIGINT NOT NULL,
	PRIMARY KEY (pool_id, id)
);
CREATE INDEX kept_sessions_by_expiry ON kept_sessions (expires_at);
