-- Jobs that import users from CSV files. due_at is when the background has to
-- look at a job the next time, 0 for never; while a node works on one it lies
-- ahead, so that no other does.

CREATE TABLE user_import_jobs (
	pool_id        TEXT   NOT NULL,
	id             TEXT   NOT NULL,
	name           TEXT   NOT NULL,
	role_arn       TEXT   NOT NULL,
	hash_algorithm TEXT   NOT NULL,
	status         TEXT   NOT NULL,
	message        TEXT   NOT NULL,
	receiving      TEXT   NOT NULL,
	upload         TEXT   NOT NULL,
	upload_rows    BIGINT NOT NULL,
	next_byte      BIGINT NOT NULL,
	line           BIGINT NOT NULL,
	imported       BIGINT NOT NULL,
	skipped        BIGINT NOT NULL,
	failed         BIGINT NOT NULL,
	runner         TEXT   NOT NULL,
	due_at         BIGINT NOT NULL,
	created_at     BIGINT NOT NULL,
	started_at     BIGINT NOT NULL,
	completed_at   BIGINT NOT NULL,
	PRIMARY KEY (pool_id, id)
);
CREATE INDEX user_import_jobs_by_time ON user_import_jobs (pool_id, created_at, id);
CREATE INDEX user_import_jobs_by_due ON user_import_jobs (due_at);

-- The files, in pieces of the same size, until their jobs have ended.
CREATE TABLE user_import_chunks (
	pool_id     TEXT   NOT NULL,
	job_id      TEXT   NOT NULL,
	upload      TEXT   NOT NULL,
	n           BIGINT NOT NULL,
	sealed_data TEXT   NOT NULL,
	PRIMARY KEY (pool_id, job_id, upload, n)
);

-- What was not imported and why, so many lines a page.
CREATE TABLE user_import_log (
	pool_id TEXT   NOT NULL,
	job_id  TEXT   NOT NULL,
	page    BIGINT NOT NULL,
	lines   TEXT   NOT NULL,
	PRIMARY KEY (pool_id, job_id, page)
);
