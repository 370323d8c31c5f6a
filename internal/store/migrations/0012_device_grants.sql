-- What devices without a browser ask for (RFC 8628), by the keyed hash of their
-- device code. A person finds it by the user code, of which there is a keyed hash
-- too. Decided and spent grants stay until they expire, so that a late poll learns
-- what became of them. poll_interval is in milliseconds; sub is '' until a user has
-- allowed it.

CREATE TABLE device_grants (
	pool_id       TEXT   NOT NULL,
	id            TEXT   NOT NULL,
	user_code     TEXT   NOT NULL,
	client_id     TEXT   NOT NULL,
	state         TEXT   NOT NULL,
	sub           TEXT   NOT NULL,
	sealed        TEXT   NOT NULL,
	poll_interval BIGINT NOT NULL,
	polled_at     BIGINT NOT NULL,
	expires_at    BIGINT NOT NULL,
	PRIMARY KEY (pool_id, id)
);
CREATE UNIQUE INDEX device_grants_by_user_code ON device_grants (pool_id, user_code);
CREATE INDEX device_grants_by_client ON device_grants (pool_id, client_id);
CREATE INDEX device_grants_by_user ON device_grants (pool_id, sub);
CREATE INDEX device_grants_by_expiry ON device_grants (expires_at);
