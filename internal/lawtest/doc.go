// Package lawtest holds the source of Poolhouse to its own rules: who may import
// whom, how long a file may be, which package names there are not. It has tests
// only. docs/architecture.md explains the import law; the table that counts is
// the one in imports_test.go.
package lawtest
