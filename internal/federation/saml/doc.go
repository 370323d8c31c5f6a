// Package saml proves what SAML 2.0 identity providers say of their users: that a
// response holds one assertion, signed by the provider whose metadata is known,
// for us, now. It keeps nothing; that an assertion is used once is its caller's to
// see to, by the assertion's ID.
//
// A response comes from whoever sends it, so the order matters. The bytes, the
// elements and the prefixes in scope are bounded, and with them the work; there may
// be nothing of XML that SAML has no use for: document types, entities, comments,
// processing instructions. The document must then have the one shape that a response
// can have: an assertion, a child of the response, and signatures of exactly these
// two, each over the whole of its parent and nothing else. The signature is checked
// by the certificates of the metadata; what it says of its own key is not looked at.
// Only then is the assertion read, from the bytes that the signature covers and never
// from those that came.
package saml
