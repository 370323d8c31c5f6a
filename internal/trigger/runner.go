package trigger

import "context"

// Runner calls functions. The Lambda API, HTTP endpoints, local programs and functions of the same process each are
// one; which of them calls a function is decided by the function's name, an ARN.
type Runner interface {
	// Invoke gives the event, a JSON document, to a function and returns what the function answers, a JSON document.
	// It returns a *FunctionError when the function itself failed, and any other error when the function could not
	// be called or did not answer before ctx ended. It may be called by several goroutines at once.
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
