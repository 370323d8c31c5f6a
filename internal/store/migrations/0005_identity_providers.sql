-- Identity providers, and who of their users signs in as which user of the
-- pool. Links name a provider by its id, not by its name, so that those of a
-- deleted provider count no more, although they are cleared away in steps, and
-- do not come back with a new provider of the old name.

-- refresh_at is when what a provider publishes of itself is read again; 0: never.
CREATE TABLE identity_providers (
	pool_id     TEXT   NOT NULL,
	id          TEXT   NOT NULL,
	name        TEXT   NOT NULL,
	type        TEXT   NOT NULL,
	doc         TEXT   NOT NULL,
	created_at  BIGINT NOT NULL,
	modified_at BIGINT NOT NULL,
	refresh_at  BIGINT NOT NULL,
	PRIMARY KEY (pool_id, id)
);
CREATE UNIQUE INDEX identity_providers_by_name ON identity_providers (pool_id, name);
CREATE INDEX identity_providers_by_refresh ON identity_providers (refresh_at);

-- Other names of providers, such as the domains of email addresses.
CREATE TABLE identity_provider_identifiers (
	pool_id     TEXT NOT NULL,
	identifier  TEXT NOT NULL,
	provider_id TEXT NOT NULL,
	PRIMARY KEY (pool_id, identifier)
) WITHOUT ROWID;
CREATE INDEX identity_provider_identifiers_by_provider ON identity_provider_identifiers (pool_id, provider_id);

-- The provider's user whose attribute has this value is the user sub. A link is
-- the profile's own where the user came into being by signing in through it.
CREATE TABLE identity_links (
	pool_id     TEXT   NOT NULL,
	provider_id TEXT   NOT NULL,
	attribute   TEXT   NOT NULL,
	value       TEXT   NOT NULL,
	sub         TEXT   NOT NULL,
	own         BIGINT NOT NULL,
	created_at  BIGINT NOT NULL,
	PRIMARY KEY (pool_id, provider_id, attribute, value)
) WITHOUT ROWID;
CREATE INDEX identity_links_by_user ON identity_links (pool_id, sub);

-- Providers that are gone but whose links are still being cleared away.
CREATE TABLE deleted_identity_providers (
	pool_id    TEXT   NOT NULL,
	id         TEXT   NOT NULL,
	deleted_at BIGINT NOT NULL,
	PRIMARY KEY (pool_id, id)
) WITHOUT ROWID;

-- What SetUserSettings sets, as userpool writes it; empty means nothing.
ALTER TABLE users ADD COLUMN mfa_options TEXT NOT NULL DEFAULT '';
