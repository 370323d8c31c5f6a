-- Messages on their way out. due_at is when a node may take a message, and is put
-- ahead by the node that takes it (its lease, under the name in runner); 0 means
-- that nobody will try again. After expires_at what it says is worth nothing.
CREATE TABLE outbox (
	pool_id    TEXT   NOT NULL,
	id         TEXT   NOT NULL,
	sub        TEXT   NOT NULL,
	medium     TEXT   NOT NULL,
	sealed_doc TEXT   NOT NULL,
	runner     TEXT   NOT NULL,
	attempts   BIGINT NOT NULL,
	last_error TEXT   NOT NULL,
	due_at     BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	PRIMARY KEY (pool_id, id)
);
CREATE INDEX outbox_by_due ON outbox (due_at, created_at, id);
CREATE INDEX outbox_by_user ON outbox (pool_id, sub);
