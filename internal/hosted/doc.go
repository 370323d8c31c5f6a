// Package hosted serves the login pages of user pools: sign-in and all its
// challenges, sign-up, forgotten passwords, and the page where users look after
// their account. They are plain forms that work without JavaScript; the one script
// is for passkeys, which cannot do without.
//
// A page that belongs to an authorization request has the request's parameters in
// its address (see package oauth, which checks them and gives the answer to the
// client). What a sign-in has come to between two pages is in the cookie
// page-data, sealed: nothing is kept for people who never finish, and any node
// can serve the next page. Forms answer with a redirect, so that going back and
// reloading do no harm: one that was wrong to its page again, at an address that
// says why (refusal.go). One that is sent twice leads where the first one led, though
// its code is spent (twice.go).
//
// The pages have no rules of their own. They drive the machine of package signin
// and ask package userpool, as the operations in package idp do, and turn their
// faults into sentences (failure.go).
//
// Each page is a file here and one in page/. The texts are in locale/, the look
// comes from the client's managed-login branding or the pool's classic
// customization (look.go, appearance.go).
package hosted
