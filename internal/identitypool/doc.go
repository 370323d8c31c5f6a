// Package identitypool has the rules of identity pools: which logins they take,
// which identity a login is, how identities are linked and merged, which role an
// identity gets and the OpenID Connect tokens that tell of it.
//
// A login is a proven statement of a provider: "this is my subject s". Package
// login proves it. In a pool, provider and subject belong to one identity at
// most, which the key of a table sees to; an identity with several logins was
// linked. Where two identities turn out to be one, the logins of one go to the
// other, and the one without is disabled and leads to the other.
package identitypool
