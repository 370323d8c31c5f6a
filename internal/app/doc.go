// Package app puts a server together and runs it: the one place where all other
// packages meet.
//
// New opens the database and the keys, makes the domain packages and the edge,
// and routes requests to them; Serve answers on the listeners that Listen opened,
// does the housekeeping and shuts down gracefully. The commands in cmd/poolhouse
// make its Options from a configuration of package config.
package app
