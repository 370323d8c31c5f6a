// Package backchannel tells clients that sessions of theirs are over (OpenID Connect
// Back-Channel Logout 1.0).
//
// Whatever ends a session leaves a notice in the database, in the same transaction
// (store.ClientSession). Any node takes notices that are due, for the time of a lease,
// makes a logout token for each, posts it to the client and removes the notice once
// the client has taken it. What fails is tried again for some hours. So none is lost,
// and a node that is lost between the post and the removal lets a client hear twice;
// the jti tells.
//
// Clients are strangers: they are given five seconds, what they answer is not read,
// and a redirect is a failure. Of one host few are told at once, and while it does not
// answer it is asked once in a while, so that it delays nobody else.
package backchannel
