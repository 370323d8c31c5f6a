-- Passkeys of users. id and public_key are base64url; public_key is in COSE and
-- no secret. An authenticator's id is some user's only once in a pool.
CREATE TABLE passkeys (
	pool_id    TEXT   NOT NULL,
	sub        TEXT   NOT NULL,
	id         TEXT   NOT NULL,
	rp_id      TEXT   NOT NULL,
	name       TEXT   NOT NULL,
	attachment TEXT   NOT NULL,
	transports TEXT   NOT NULL,
	public_key TEXT   NOT NULL,
	sign_count BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	PRIMARY KEY (pool_id, sub, id)
);
CREATE UNIQUE INDEX passkeys_by_id ON passkeys (pool_id, id);
