// Package sts serves a security token service for the credentials that Poolhouse
// mints itself: AssumeRoleWithWebIdentity, which takes tokens of identity pools,
// GetCallerIdentity and GetSessionToken, in AWS's query protocol of version
// 2011-06-15 (a form in, XML out).
//
// A request of this protocol has no X-Amz-Target and is a form: [Ours] tells it
// from the others that are posted to the same path. AssumeRoleWithWebIdentity is
// not signed; what it shows is the token. The others are signed for the service
// sts, by access keys or by temporary credentials.
//
// Source: AWS STS API reference; "Query protocol" in the Smithy specification.
package sts
