-- Groups of users. Memberships name a group by its id, not by its name, so that
-- those of a deleted group count no more, although they are cleared away in
-- steps, and do not come back with a new group of the old name.

CREATE TABLE user_groups (
	pool_id     TEXT   NOT NULL,
	id          TEXT   NOT NULL,
	name        TEXT   NOT NULL,
	description TEXT   NOT NULL,
	role_arn    TEXT   NOT NULL,
	precedence  BIGINT,
	created_at  BIGINT NOT NULL,
	modified_at BIGINT NOT NULL,
	PRIMARY KEY (pool_id, id)
);
CREATE UNIQUE INDEX user_groups_by_name ON user_groups (pool_id, name);

-- Every sign-in reads the memberships of a user: they sit together.
CREATE TABLE user_group_members (
	pool_id  TEXT   NOT NULL,
	sub      TEXT   NOT NULL,
	group_id TEXT   NOT NULL,
	added_at BIGINT NOT NULL,
	PRIMARY KEY (pool_id, sub, group_id)
) WITHOUT ROWID;
CREATE INDEX user_group_members_by_group ON user_group_members (pool_id, group_id, sub);

-- Groups that are gone but whose memberships are still being cleared away.
CREATE TABLE deleted_user_groups (
	pool_id    TEXT   NOT NULL,
	id         TEXT   NOT NULL,
	deleted_at BIGINT NOT NULL,
	PRIMARY KEY (pool_id, id)
) WITHOUT ROWID;
