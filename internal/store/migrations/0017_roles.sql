-- Roles whose temporary credentials identity pools hand out. trust and policy are
-- IAM documents.

CREATE TABLE roles (
	name        TEXT   NOT NULL PRIMARY KEY,
	path        TEXT   NOT NULL,
	trust       TEXT   NOT NULL,
	policy      TEXT   NOT NULL,
	created_at  BIGINT NOT NULL,
	modified_at BIGINT NOT NULL
);
