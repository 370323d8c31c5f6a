package dpop

// Error says why a proof is not accepted. It holds nothing of the proof.
type Error string

const (
	// ErrMalformed: it is no signed JWT, is ambiguous, too long or lacks a claim.
	ErrMalformed Error = "malformed"
	// ErrType: its typ is not dpop+jwt.
	ErrType Error = "type"
	// ErrAlgorithm: it is signed by none of Algorithms.
	ErrAlgorithm Error = "algorithm"
	// ErrKey: its key is missing, not public, or not one of its algorithm.
	ErrKey Error = "key"
	// ErrSignature: the signature is not of its key.
	ErrSignature Error = "signature"
	// ErrMethod: it was made for another HTTP method.
	ErrMethod Error = "method"
	// ErrURL: it was made for another address.
	ErrURL Error = "url"
	// ErrTime: it was made too long ago, or in the future.
	ErrTime Error = "time"
	// ErrToken: it was made for another access token, or for none.
	ErrToken Error = "token"
	// ErrNonce: it has no nonce of the server's, or one that is too old. The client
	// shall try again with that of the answer.
	ErrNonce Error = "nonce"
	// ErrReplayed: it was used before.
	ErrReplayed Error = "replayed"
)

// messages are the errors in words, fit for error_description (RFC 6749, 5.2).
var messages = map[Error]string{
	ErrMalformed: "The DPoP proof is malformed",
	ErrType:      "The DPoP proof is not of the type dpop+jwt",
	ErrAlgorithm: "The DPoP proof is signed by an algorithm that is not supported",
	ErrKey:       "The DPoP proof has no public key of its algorithm",
	ErrSignature: "The DPoP proof has a wrong signature",
	ErrMethod:    "The DPoP proof is for another HTTP method",
	ErrURL:       "The DPoP proof is for another address",
	ErrTime:      "The DPoP proof was not made just now",
	ErrToken:     "The DPoP proof is not for the access token",
	ErrNonce:     "The DPoP proof needs the nonce of the header DPoP-Nonce",
	ErrReplayed:  "The DPoP proof was used before",
}

// Error is the error in words.
func (e Error) Error() string {
	if message, ok := messages[e]; ok {
		return message
	}
	return "dpop: " + string(e)
}
