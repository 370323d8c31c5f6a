-- SAML providers whose assertions identity pools take, as IAM keeps them on AWS.
-- metadata is the provider's own document; doc is what is configured beside it.

CREATE TABLE saml_providers (
	name        TEXT   NOT NULL PRIMARY KEY,
	metadata    TEXT   NOT NULL,
	doc         TEXT   NOT NULL,
	created_at  BIGINT NOT NULL,
	modified_at BIGINT NOT NULL
);

-- Assertions that were used, by the digest of issuer and ID. All pools share them,
-- since an assertion names none.
CREATE TABLE spent_assertions (
	id         TEXT   NOT NULL PRIMARY KEY,
	expires_at BIGINT NOT NULL
);
CREATE INDEX spent_assertions_by_expiry ON spent_assertions (expires_at);
