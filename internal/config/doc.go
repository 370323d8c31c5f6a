// Package config holds what an operator can set about a server: one struct per
// command with defaults and a Validate method.
//
// The struct tags are read by the command line parser in cmd/poolhouse: each
// field is a flag and an environment variable POOLHOUSE_<FLAG>. The commands there
// make package app's Options from a validated configuration.
package config
