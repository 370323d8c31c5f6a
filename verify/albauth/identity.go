package albauth

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/poolhouse/poolhouse/verify/middleware"
)

// Identity is what a load balancer says of a user: the claims of the identity
// provider's userInfo. It does not change and may be shared.
type Identity struct {
	claims                  object
	subject, client, signer string
}

// Subject is the claim sub.
func (i *Identity) Subject() string { return i.subject }

// ClientID is the client that the listener's rule signed the user in to.
func (i *Identity) ClientID() string { return i.client }

// Signer is the ARN of the load balancer.
func (i *Identity) Signer() string { return i.signer }

// Text is the claim of that name if it is a string.
func (i *Identity) Text(name string) string { return i.claims.text(name) }

// Claim is the claim of that name as JSON, nil if there is none.
func (i *Identity) Claim(name string) json.RawMessage {
	return append(json.RawMessage(nil), i.claims[name]...)
}

// EmailVerified reports whether the claim email belongs to the user. Cognito's
// userInfo has it as a string, others as a boolean.
func (i *Identity) EmailVerified() bool {
	raw := string(i.claims["email_verified"])
	return raw == "true" || raw == `"true"`
}

type identityKey struct{}

// WithIdentity lets Verifier.Source keep the identity of each request for From. It
// stands outside the middleware's Handler and refuses nothing.
func WithIdentity(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), identityKey{}, new(*Identity))))
	})
}

// From returns the identity that Verifier.Source found in the request with this
// context. Whether its access token was good, too, is the middleware's to say.
func From(ctx context.Context) (*Identity, bool) {
	kept, _ := ctx.Value(identityKey{}).(**Identity)
	if kept == nil || *kept == nil {
		return nil, false
	}
	return *kept, true
}

// ByEmail is a Key that finds users by the email address in the load balancer's
// data, if it is verified. It needs Verifier.Source and WithIdentity.
func ByEmail(ctx context.Context, _ *middleware.Caller) (string, error) {
	i, ok := From(ctx)
	switch {
	case !ok:
		return "", errors.New("albauth: no identity: WithIdentity is not around the middleware, or its Source is another")
	case !i.EmailVerified():
		return "", nil
	}
	return i.Text("email"), nil
}
