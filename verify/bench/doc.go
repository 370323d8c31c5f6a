// Package bench holds package verify against other libraries: tokens that are
// wrong, with go-jose and golang-jwt as oracles, and the time and memory that a
// token takes. It is a module of its own so that those libraries stay out of
// everybody else's builds, and has nothing but tests:
//
//	cd verify/bench && go test -bench . -benchmem ./...
package bench
