// Package devserver holds what only `poolhouse dev` has: the inbox of all
// messages, the calls of trigger functions, the movable clock, the reset, and a
// certificate made on the spot. The demo pool is a seed, see package app.
//
// Its handlers are reachable from this machine only: they refuse requests under
// a host name that is not loopback (a page of a foreign site can point its name
// here) and changes that another origin's page sends. Package app mounts them
// under /_poolhouse/ and nowhere else.
package devserver
