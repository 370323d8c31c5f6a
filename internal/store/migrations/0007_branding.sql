-- How the login pages of app clients look, and the documents they link to.

-- The style sheet and logo of the classic pages, for one client or, with the
-- client id ALL, for the others of a pool. logo is the digest of an image, or
-- empty.
CREATE TABLE ui_customizations (
	pool_id     TEXT   NOT NULL,
	client_id   TEXT   NOT NULL,
	css         TEXT   NOT NULL,
	logo        TEXT   NOT NULL,
	created_at  BIGINT NOT NULL,
	modified_at BIGINT NOT NULL,
	PRIMARY KEY (pool_id, client_id)
);

-- Styles of managed login. The doc names the images, which stand apart.
CREATE TABLE branding_styles (
	pool_id     TEXT   NOT NULL,
	id          TEXT   NOT NULL,
	client_id   TEXT   NOT NULL,
	doc         TEXT   NOT NULL,
	created_at  BIGINT NOT NULL,
	modified_at BIGINT NOT NULL,
	PRIMARY KEY (pool_id, id)
);
CREATE UNIQUE INDEX branding_styles_by_client ON branding_styles (pool_id, client_id);

-- Images of both, found by the SHA-256 of their bytes (in hexadecimal digits),
-- and gone with what uses them: an image that two use is here twice. The data is
-- base64.
CREATE TABLE branding_images (
	pool_id TEXT NOT NULL,
	digest  TEXT NOT NULL,
	owner   TEXT NOT NULL,
	format  TEXT NOT NULL,
	data    TEXT NOT NULL,
	PRIMARY KEY (pool_id, digest, owner)
);
CREATE INDEX branding_images_by_owner ON branding_images (pool_id, owner);

-- Terms of use and privacy policies: links by language, as JSON.
CREATE TABLE terms (
	pool_id     TEXT   NOT NULL,
	id          TEXT   NOT NULL,
	client_id   TEXT   NOT NULL,
	name        TEXT   NOT NULL,
	source      TEXT   NOT NULL,
	enforcement TEXT   NOT NULL,
	links       TEXT   NOT NULL,
	created_at  BIGINT NOT NULL,
	modified_at BIGINT NOT NULL,
	PRIMARY KEY (pool_id, id)
);
CREATE UNIQUE INDEX terms_by_client ON terms (pool_id, client_id, name);
