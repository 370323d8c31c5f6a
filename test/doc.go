// Package test drives the built poolhouse binary from outside, as its users do:
// with the AWS CLI, the AWS SDK for Go and plain HTTP, on SQLite and PostgreSQL.
// Each test tells one thing that users may rely on.
package test
