-- The log that verifiers of tokens follow, see revocation_event.go. recorded_at
-- and id are the place in the log, effective_at is when it took effect.
CREATE TABLE revocation_events (
	pool_id      TEXT   NOT NULL,
	recorded_at  BIGINT NOT NULL,
	id           TEXT   NOT NULL,
	kind         TEXT   NOT NULL,
	subject      TEXT   NOT NULL,
	effective_at BIGINT NOT NULL,
	expires_at   BIGINT NOT NULL,
	PRIMARY KEY (pool_id, recorded_at, id)
) WITHOUT ROWID;
CREATE INDEX revocation_events_by_expiry ON revocation_events (expires_at);
