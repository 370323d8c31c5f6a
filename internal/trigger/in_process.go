package trigger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// Functions runs Go functions of this process, by ARN. It must not be changed
// while it is used.
type Functions map[string]func(ctx context.Context, event json.RawMessage) (response json.RawMessage, err error)

// Invoke calls a function. An error that it returns, or a panic, is a
// *FunctionError; a name that is not there is ResourceNotFoundException. A
// function that does not heed ctx is left behind when ctx ends.
func (f Functions) Invoke(ctx context.Context, function string, event []byte) ([]byte, error) {
	fn := f[function]
	if fn == nil {
		return nil, &InvocationError{Name: "ResourceNotFoundException", Err: fmt.Errorf("no function %q", function), Final: true}
	}
	type result struct {
		answer json.RawMessage
		err    error
	}
	done := make(chan result, 1)
	go func() {
		var r result
		defer func() {
			if p := recover(); p != nil {
				r = result{err: &FunctionError{Type: "panic", Message: fmt.Sprint(p)}}
			}
			done <- r
		}()
		r.answer, r.err = fn(ctx, event)
	}()
	select {
	case r := <-done:
		if r.err == nil || errors.Is(r.err, context.DeadlineExceeded) {
			return r.answer, r.err
		}
		if _, ok := errors.AsType[*FunctionError](r.err); ok {
			return nil, r.err
		}
		return nil, &FunctionError{Type: "Error", Message: r.err.Error()}
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
