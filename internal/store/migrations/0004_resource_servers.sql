-- APIs with scopes of their own, which app clients may ask for.

CREATE TABLE resource_servers (
	pool_id     TEXT   NOT NULL,
	identifier  TEXT   NOT NULL,
	name        TEXT   NOT NULL,
	scopes      TEXT   NOT NULL,
	created_at  BIGINT NOT NULL,
	modified_at BIGINT NOT NULL,
	PRIMARY KEY (pool_id, identifier)
);
