// Package token issues, verifies, renews and revokes the tokens of user pools:
// the ID and access tokens (signed, RFC 7515 and 7519), and the refresh tokens
// (sealed, opaque).
//
// What a token means is told by three things. The signature, by a key of the
// pool and the use from internal/keys, says that we made it. The user's row says
// when the user was last signed out everywhere. And a row per revoked sign-in,
// named by origin_jti, says that all its tokens are dead. Nothing is written when
// tokens are issued, but for pools that track the sessions of their users, see
// session.go, and clients that rotate refresh tokens, see rotation.go: they keep a
// row per sign-in.
//
// The ids jti, origin_jti and event_id have the layout of UUID version 7 (RFC
// 9562), whose first 48 bits are the time in milliseconds. Clients see opaque
// UUIDs; here it decides exactly whether a sign-in came before a sign-out, which
// auth_time and iat in whole seconds cannot. See uuid.go.
//
// internal/signin, the OAuth grants and internal/idp ask an Issuer for tokens and
// let it check those that come back; pools and clients are from
// internal/userpool. Errors for the caller are *fault.Error with Cognito's texts.
package token
