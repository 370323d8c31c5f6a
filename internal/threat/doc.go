// Package threat is threat protection: it decides how risky a sign-in is, keeps
// records of what users do, and tells users of risky sign-ins.
//
// A pool in the mode OFF costs nothing: nothing is read and nothing written. In
// AUDIT events are kept; in ENFORCED risks have the consequences that
// SetRiskConfiguration set. What makes a risk is in assess.go.
//
// Records are written by one goroutine of a node, many in one transaction, so that
// no request waits for a commit, but a sign-in for the events of its user before it
// on this node; those of other nodes may lag behind. See recorder.go. What is to be compared with
// passwords that attackers know is in package leaked, where addresses are in geo.
//
// A nil Guard is one that does nothing.
package threat
