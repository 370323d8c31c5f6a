-- Identity pools, the identities in them, and the logins that identities have. The
-- column is not called pool_id, since user pools have no part in it.

CREATE TABLE identity_pools (
	id          TEXT   NOT NULL PRIMARY KEY,
	name        TEXT   NOT NULL,
	doc         TEXT   NOT NULL,
	created_at  BIGINT NOT NULL,
	modified_at BIGINT NOT NULL
);

-- Deleted ones whose identities are not all cleared away yet.
CREATE TABLE deleted_identity_pools (
	id         TEXT   NOT NULL PRIMARY KEY,
	deleted_at BIGINT NOT NULL
);

-- authenticated: it had a login once. merged_into: the identity that its logins went
-- to, '' while it is not disabled.
CREATE TABLE identities (
	identity_pool_id TEXT   NOT NULL,
	id               TEXT   NOT NULL,
	authenticated    BIGINT NOT NULL,
	merged_into      TEXT   NOT NULL,
	created_at       BIGINT NOT NULL,
	modified_at      BIGINT NOT NULL,
	PRIMARY KEY (identity_pool_id, id)
);

-- Most calls name the identity alone.
CREATE UNIQUE INDEX identities_by_id ON identities (id);
CREATE INDEX identities_merged ON identities (identity_pool_id, merged_into);

-- digest is that of the subject, which is too long for a key.
CREATE TABLE identity_logins (
	identity_pool_id TEXT NOT NULL,
	provider         TEXT NOT NULL,
	digest           TEXT NOT NULL,
	subject          TEXT NOT NULL,
	identity_id      TEXT NOT NULL,
	PRIMARY KEY (identity_pool_id, provider, digest)
);

CREATE INDEX identity_logins_by_identity ON identity_logins (identity_pool_id, identity_id, provider, digest);
