// Package sigv4 checks requests that clients signed by AWS Signature Version 4
// with the temporary credentials that an identity pool of a Poolhouse server gave
// them, so that an API can authorize by identity, role and tags. It needs nothing
// but the standard library.
//
//	v, err := sigv4.New(sigv4.Config{
//		Server:  "https://id.example.com",
//		Region:  "us-east-1",
//		Service: "execute-api",
//		Key:     sigv4.AccessKey{ID: "AKIA...", Secret: "..."},
//	})
//	...
//	http.ListenAndServe(addr, v.Middleware(handler))
//
// and in the handler:
//
//	session, _ := sigv4.FromContext(r.Context())
//	if !session.Allows("notes:Read", "arn:aws:notes:::"+session.IdentityID+"/1") { ... }
//
// # What is checked
//
// All forms of the signature: in the Authorization header or in the query
// (presigned), over the whole body, over a body in signed chunks
// (STREAMING-AWS4-HMAC-SHA256-PAYLOAD, also with a signed trailer), and, where
// [Config.AllowUnsignedPayload] permits it, over no body at all. The region and
// the service must be those of the Config, the time must be now, and the Host
// header and every x-amz-* header must be signed. A body in signed chunks is
// checked while it is read: a handler sees only bytes that were checked, and an
// error in the place of the end if the rest is missing or was changed. Any other
// body is read and checked before the handler is called.
//
// The request must be the one that the client signed: verify before anything
// strips a path prefix or edits headers, and let a proxy keep the Host header.
//
// As AWS has it, a signature does not tell empty and dot segments of a path from
// none (but for S3), nor the order of the values of one query parameter: route by
// the cleaned path, as http.ServeMux does, and do not let a parameter be repeated
// where its order matters. Trailers of HTTP are under no signature; requests that
// announce such of the names x-amz-* are refused.
//
// # Keys
//
// Nobody but Poolhouse can open a session token. The verifier asks it for the
// session and for the signing key that its secret gives for one day, one region
// and one service; with that key nobody can sign for another service, nor for
// Poolhouse itself. To ask, the API has an access key whose policy allows
// poolhouse:GetSigningKey on arn:aws:sts:<region>:<account>:signing-key/<service>.
// Answers are kept for [Config.CacheFor] at most, so that a policy that became
// stricter, or a role that was removed, tells after that time.
//
// Source: "AWS Signature Version 4 for API requests" in the AWS IAM User Guide;
// "Signature calculations for the Authorization header: transferring payload in
// multiple chunks" in the Amazon S3 API reference.
package sigv4
