// Package login proves the logins that identity pools take: ID tokens of user
// pools here and on AWS, of OpenID Connect providers, Google and Apple, access
// tokens of Facebook and Amazon, assertions of SAML providers. It keeps nothing but
// the providers' keys.
//
// Tokens of user pools of this deployment are checked by its own keys, without a
// request. Keys of others come by discovery (OpenID Connect Discovery 1.0) from
// the issuer that the name of the provider gives, never from an address that a
// token names.
package login
