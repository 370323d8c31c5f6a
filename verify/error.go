package verify

// Code says why a token was not accepted. The constants are errors themselves,
// to be compared by errors.Is.
type Code string

const (
	// ErrMissing: there is no token.
	ErrMissing Code = "missing"
	// ErrMalformed: it is no JWT, is ambiguous, or lacks a claim all tokens have.
	ErrMalformed Code = "malformed"
	// ErrTooLarge: it is longer than Config.MaxTokenBytes.
	ErrTooLarge Code = "too_large"
	// ErrAlgorithm: it is not signed by RS256.
	ErrAlgorithm Code = "algorithm"
	// ErrUnknownKey: the pool has no key of that id.
	ErrUnknownKey Code = "unknown_key"
	// ErrSignature: the signature is not of the pool's key.
	ErrSignature Code = "signature"
	// ErrExpired: the time of the exp claim has come.
	ErrExpired Code = "expired"
	// ErrNotYetValid: the time of the nbf or the iat claim has not come.
	ErrNotYetValid Code = "not_yet_valid"
	// ErrIssuer: the iss claim is missing or none of the pools.
	ErrIssuer Code = "issuer"
	// ErrClient: it was issued to another app client.
	ErrClient Code = "client"
	// ErrAudience: an access token for another resource, or for none.
	ErrAudience Code = "audience"
	// ErrTokenUse: an ID token where an access token is wanted, or the reverse.
	ErrTokenUse Code = "token_use"
	// ErrScope: it does not have the scopes.
	ErrScope Code = "scope"
	// ErrGroup: its user is in none of the groups.
	ErrGroup Code = "group"
	// ErrRejected: a check of Pool.Checks refused it.
	ErrRejected Code = "rejected"
	// ErrRevoked: its sign-in was revoked, or the user signed out everywhere.
	ErrRevoked Code = "revoked"
	// ErrUserNotFound: there is no such user, or no more.
	ErrUserNotFound Code = "user_not_found"
	// ErrUserInactive: the user is disabled.
	ErrUserInactive Code = "user_inactive"
	// ErrBound: it is bound to a key of its client, and came without a proof of that.
	ErrBound Code = "bound"
	// ErrUnbound: it came with a proof but is bound to no key, or Pool.BoundOnly
	// wants it to be.
	ErrUnbound Code = "unbound"
	// ErrProof: the proof of possession is not good, which the cause tells: a
	// dpop.Error.
	ErrProof Code = "proof"
	// ErrProofNonce: the proof has no nonce of ours, or an old one. The client shall
	// try again with Verifier.Nonce.
	ErrProofNonce Code = "proof_nonce"
	// ErrProofsUnavailable: whether the proof was used before could not be found out.
	ErrProofsUnavailable Code = "proofs_unavailable"
	// ErrKeysUnavailable: the pool's keys could not be fetched. The token may be
	// good; try again later.
	ErrKeysUnavailable Code = "keys_unavailable"
	// ErrRevocationUnavailable: whether the token was revoked could not be found
	// out. The token may be good; try again later.
	ErrRevocationUnavailable Code = "revocation_unavailable"
)

// messages are the codes in words.
var messages = map[Code]string{
	ErrMissing:               "token is missing",
	ErrMalformed:             "token is malformed",
	ErrTooLarge:              "token is too large",
	ErrAlgorithm:             "token is signed by another algorithm",
	ErrUnknownKey:            "token is signed by an unknown key",
	ErrSignature:             "token has a wrong signature",
	ErrExpired:               "token has expired",
	ErrNotYetValid:           "token is not valid yet",
	ErrIssuer:                "token is from an unknown issuer",
	ErrClient:                "token was issued to another client",
	ErrAudience:              "token is for another audience",
	ErrTokenUse:              "token is of the wrong use",
	ErrScope:                 "token lacks a scope",
	ErrGroup:                 "token lacks a group",
	ErrRejected:              "token was rejected",
	ErrRevoked:               "token has been revoked",
	ErrUserNotFound:          "user does not exist",
	ErrUserInactive:          "user is inactive",
	ErrBound:                 "token is bound to a key and came without a proof of it",
	ErrUnbound:               "token is not bound to a key",
	ErrProof:                 "proof of possession is not valid",
	ErrProofNonce:            "proof of possession lacks a current nonce",
	ErrProofsUnavailable:     "proofs of possession cannot be checked",
	ErrKeysUnavailable:       "keys are unavailable",
	ErrRevocationUnavailable: "revocations are unavailable",
}

// Error is the code in words.
func (c Code) Error() string {
	if message, ok := messages[c]; ok {
		return "verify: " + message
	}
	return "verify: " + string(c)
}

// Error is what [Verifier.Verify] returns when it does not accept a token. It
// holds nothing of the token.
type Error struct {
	Code Code
	// Err is the cause where there is one beyond the token, such as a failed
	// fetch of keys. It is for logs, not for whoever sent the token.
	Err error
}

// Error is the code in words, and the cause.
func (e *Error) Error() string {
	if e.Err != nil {
		return e.Code.Error() + ": " + e.Err.Error()
	}
	return e.Code.Error()
}

// Is reports whether target is the error's Code.
func (e *Error) Is(target error) bool { return target == error(e.Code) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// fail is an error without a cause.
func fail(code Code) error { return &Error{Code: code} }
