// Package signin is the machine that turns proofs of identity into tokens.
//
// A sign-in begins with a flow (USER_SRP_AUTH, USER_PASSWORD_AUTH, ...) and goes
// on through challenges (PASSWORD_VERIFIER, NEW_PASSWORD_REQUIRED, ...) until
// tokens are issued or it is refused:
//
//	Start ── flow ──┐
//	                ├─> proven? ── no ──> the challenge the step asked for
//	Respond ─ step ─┘      │
//	                      yes
//	                       └─> next: what is still demanded (a new password,
//	                           a device, a second factor, ...), else tokens
//
// A step (one file per flow or challenge) checks one proof and says what it
// proved or which challenge must follow for it; steps never call each other.
// Machine.next alone decides where a sign-in goes, from what was proven and the
// state of the user: it asks each of the demands in their order, next.go.
//
// Between two requests the whole state travels in the Session string (for SRP
// also as SECRET_BLOCK), sealed and bound to pool and client, so that any node
// can go on with it. A session lives as long as the client's
// AuthSessionValidity. It is spent by the step that succeeds with it, once
// across all nodes; a step that fails leaves it usable.
//
// USER_AUTH lets the user choose the first factor, choice.go; a code, otp.go, a
// passkey, web_authn.go, or a password. It may be told the level to reach,
// step_up.go.
//
// A device of the user's that a request names proves itself too, in place of a
// second factor where the pool trusts it and else behind it, see device.go.
//
// Wrong passwords count against the user in all flows alike, see lockout.go, and
// so do wrong codes, apart from them, see judge in mfa.go.
// Names that nobody has get the same answers after the same work, where the
// client asks for that (PreventUserExistenceErrors).
//
// The operations in internal/idp, the login pages and the OAuth grants drive
// this machine. Rules about users are in internal/userpool, tokens in
// internal/token.
package signin
