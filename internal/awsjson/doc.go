// Package awsjson is the edge of both Cognito APIs: AWS JSON 1.1 over HTTP.
//
// A Handler takes POST / and walks every request along one road: find the
// operation by X-Amz-Target, read the signature and look its key up, read at
// most 1 MB (2 MB for operations that say so), verify, decode and validate by
// the API model, count against the rate limits, decide by policy, call the
// method, render what it returns. Who has no valid signature is turned away
// before anything is decoded; the rate limit and the policy come after decoding
// because they are told by pool. A body that does not decode counts against the
// limits all the same. Where the input names no pool but something in one, the
// method asks the policy, by Authorize, as soon as it knows the pool.
//
// The methods are typed functions wrapped by Handle; packages idp and identity
// list them. A method learns about its caller through RequestFrom, answers with
// a struct, and refuses with a *fault.Error. Any other error, and a panic, is
// logged and shown as InternalErrorException without detail.
//
// What is served beside the API, at the domains of pools and to verifiers, counts
// in the same limiter (Allow, AllowAll); requests to domains stand in the same log
// and metrics (ObserveDomain).
//
// Package apimodel holds the codec, sigv4 verifies signatures, iam decides.
//
// Source: "AWS JSON 1.1 protocol" of the Smithy specification.
package awsjson
