-- What users did that threat protection keeps a record of. Ids are UUIDs that sort
-- by time; doc is what userpool's AuthEvent tells of it, feedback what was said of
-- it since, or ''.
CREATE TABLE auth_events (
	pool_id    TEXT   NOT NULL,
	sub        TEXT   NOT NULL,
	id         TEXT   NOT NULL,
	type       TEXT   NOT NULL,
	response   TEXT   NOT NULL,
	doc        TEXT   NOT NULL,
	feedback   TEXT   NOT NULL,
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	PRIMARY KEY (pool_id, sub, id)
) WITHOUT ROWID;
CREATE INDEX auth_events_by_expiry ON auth_events (expires_at);
