// Package sigv4 verifies AWS Signature Version 4 on an HTTP request.
//
// [Parse] reads the signature a request carries, as an Authorization header or
// as presigned query parameters, and says whose key it names. The caller looks
// the key up (internal/iam holds what the key may do; internal/awsjson joins
// the two), checks the scope and calls [Signature.Verify] with the secret and
// the body it has read. Every error is a *fault.Error with AWS's code and text.
//
// The payload hash is always that of the whole body in hand: the JSON APIs have
// no unsigned and no chunked payloads. The canonical request and the signing
// key stand in functions of their own that take the payload hash as an
// argument, so that chunked forms can be built on them without touching this.
//
// The request must be the one the server received: verify before anything
// strips a path prefix or edits headers, and let a proxy keep the Host header.
//
// Source: "Create a signed AWS API request" in the AWS IAM User Guide.
package sigv4
