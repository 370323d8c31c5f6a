// Package storetest opens databases for tests and holds every kind of them to
// one behaviour. Tests of any package that needs a store call SQLite, Memory or
// Postgres; package store's own tests call Run with each.
package storetest
