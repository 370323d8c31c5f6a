-- Authorization codes, by their keyed hash. A code that was used stays until it
-- expires, so that a second use is known for what it is: it ends the sign-in
-- that the first one gave, which origin_jti names.

CREATE TABLE oauth_codes (
	pool_id    TEXT   NOT NULL,
	id         TEXT   NOT NULL,
	client_id  TEXT   NOT NULL,
	sub        TEXT   NOT NULL,
	origin_jti TEXT   NOT NULL,
	sealed     TEXT   NOT NULL,
	used_at    BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	PRIMARY KEY (pool_id, id)
);
CREATE INDEX oauth_codes_by_expiry ON oauth_codes (expires_at);

-- What waits for a browser to come back and cannot travel in its addresses:
-- authorization requests that were pushed, and those of users who are at their
-- identity provider.
CREATE TABLE oauth_requests (
	pool_id    TEXT   NOT NULL,
	id         TEXT   NOT NULL,
	client_id  TEXT   NOT NULL,
	sealed     TEXT   NOT NULL,
	expires_at BIGINT NOT NULL,
	PRIMARY KEY (pool_id, id)
);
CREATE INDEX oauth_requests_by_expiry ON oauth_requests (expires_at);
