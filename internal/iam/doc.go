// Package iam says who may call which operation on which pool: access keys,
// the principals they stand for and the policy documents those carry.
//
// A [Policy] is AWS's identity-based policy language cut down to what decides
// over pools: Effect, Action and Resource with wildcards. Everything else is
// refused when the document is parsed, because leaving a Condition unread would
// widen a grant. The policies of roles, whose sessions identity pools hand out,
// may have conditions and variables about the session as well: see [RolePolicy]
// and [TrustPolicy]. internal/sigv4 proves that a request was made with a key;
// internal/awsjson looks the key's [Principal] up and asks it here.
//
// Source: "IAM JSON policy elements reference" and "Policy evaluation logic" in
// the AWS IAM User Guide.
package iam
