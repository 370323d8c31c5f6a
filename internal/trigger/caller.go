package trigger

import "context"

// Caller is what a request says to functions beside its subject. It travels in
// the context from the operation to whatever asks a function, since it concerns
// nobody on the way.
type Caller struct {
	ClientID       string            // the app client; "" for administrators who name none
	ClientMetadata map[string]string // shown as clientMetadata
	ValidationData map[string]string // shown as validationData
}

type callerKey struct{}

// WithCaller returns a context with what a request says.
func WithCaller(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// CallerFrom is what the request of ctx says: nothing if nobody said what.
func CallerFrom(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey{}).(Caller)
	return c
}
