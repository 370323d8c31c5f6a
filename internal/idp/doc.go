// Package idp is the user-pool API: one method per operation, named like it, in
// the file of its noun.
//
// A method turns its input into a call of the domain (userpool, signin, token)
// and the answer into its output; rules live in the domain. operations.go is the
// only list of the operations. Inputs come decoded and checked against the API
// model by awsjson, which also renders errors; shapes are internal/idpapi's.
package idp
