-- Domains of pools, at most one of each kind: a prefix below the deployment's
-- suffix, and a host name of the owner's. A domain belongs to one pool in the
-- whole deployment. The doc is the configuration.

CREATE TABLE user_pool_domains (
	pool_id     TEXT   NOT NULL,
	kind        TEXT   NOT NULL,
	domain      TEXT   NOT NULL,
	doc         TEXT   NOT NULL,
	created_at  BIGINT NOT NULL,
	modified_at BIGINT NOT NULL,
	PRIMARY KEY (pool_id, kind)
);
CREATE UNIQUE INDEX user_pool_domains_by_domain ON user_pool_domains (domain);

-- The regions that a pool is said to be replicated to.
CREATE TABLE user_pool_replicas (
	pool_id     TEXT   NOT NULL,
	region      TEXT   NOT NULL,
	status      TEXT   NOT NULL,
	tags        TEXT   NOT NULL,
	created_at  BIGINT NOT NULL,
	modified_at BIGINT NOT NULL,
	PRIMARY KEY (pool_id, region)
);

-- Requests per second that were set for a category of operations, for the
-- whole deployment.
CREATE TABLE provisioned_limits (
	category    TEXT   NOT NULL PRIMARY KEY,
	value       BIGINT NOT NULL,
	modified_at BIGINT NOT NULL
);
