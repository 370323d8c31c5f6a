// Package store keeps Poolhouse's rows: an engine for transactions over an
// embedded SQLite file or PostgreSQL, the migrations that lay out the tables,
// and one file per noun with the methods of [Tx] that read and write it.
//
// The engine knows no table but its own two (schema_migrations, changes). The
// rules of the domain live above, in userpool, keys, signin, token and iam; what
// they seal or hash reaches this package as opaque text. Its behaviour is held
// to one suite on both databases by package storetest.
//
// SQL is written once, in the subset both speak: $1 parameters, ON CONFLICT,
// RETURNING, TEXT and BIGINT columns, times as unix milliseconds. What must
// differ stands in dialect.go.
package store
