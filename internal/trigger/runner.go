package trigger

import "context"

// Runner calls functions. The Lambda API, HTTP endpoints, local programs and functions of the same process each are
// one; which of them calls a function is decided by the function's name, an ARN.
type Runner interface {
	// Invoke gives the event, a JSON document, to a function and returns what the function answers, a JSON document.
	// It returns a *FunctionError when the function itself failed, and any other error, best an *InvocationError,
	// when the function could not be called or did not answer before ctx ended. It may be called by several
	// goroutines at once. It calls once: the Invoker tries again. InvocationID(ctx) is the same for all tries of one
	// call.
	Invoke(ctx context.Context, function string, event []byte) (response []byte, err error)
}

// FunctionError says that a function ran and failed: it threw an exception or returned an error.
type FunctionError struct {
	// Type is the name that the function's runtime gives the error, such as "Error" or "ValueError". It may be empty.
	Type string
	// Message is what the function said. It reaches the caller of the operation.
	Message string
}

// Error returns what the function said, after the error's type where it has one.
func (e *FunctionError) Error() string {
	if e.Type == "" {
		return "function failed: " + e.Message
	}
	return "function failed: " + e.Type + ": " + e.Message
}

// InvocationError says that a function could not be called.
type InvocationError struct {
	// Name is what the caller of the operation is told, as AWS Lambda names its errors: "AccessDeniedException",
	// "ResourceNotFoundException". It holds letters only.
	Name string
	// Err is the cause, for the log.
	Err error
	// Final says that another try would end the same.
	Final bool
}

// Error returns the name and the cause.
func (e *InvocationError) Error() string {
	if e.Err == nil {
		return e.Name
	}
	return e.Name + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *InvocationError) Unwrap() error { return e.Err }

type invocationKey struct{}

// WithInvocationID gives the next call an id, for what is called again later and must be known again.
func WithInvocationID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, invocationKey{}, id)
}

// InvocationID is the id of the call that ctx belongs to, a UUID if nobody gave another; "" outside of Runner.Invoke.
func InvocationID(ctx context.Context) string {
	id, _ := ctx.Value(invocationKey{}).(string)
	return id
}
