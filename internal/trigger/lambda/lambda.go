// Package lambda calls functions through the Invoke API of AWS Lambda, at AWS
// or at whatever else speaks it: LocalStack, SAM, the runtime interface emulator
// of Lambda's container images.
package lambda

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/poolhouse/poolhouse/internal/awscall"
	"github.com/poolhouse/poolhouse/internal/trigger"
)

// Options say where functions are called.
type Options struct {
	awscall.Options

	// Function is the name to call in place of the ARN that the pool has. The
	// runtime interface emulator knows one name, "function".
	Function string
	// Region is the one to sign for where the function's name is no ARN.
	Region string
}

// Runner calls functions of one Lambda API.
type Runner struct {
	o      Options
	client *awscall.Client
}

// New returns a Runner. It fails if the options cannot be.
func New(o Options) (*Runner, error) {
	client, err := awscall.New(o.Options)
	if err != nil {
		return nil, err
	}
	return &Runner{o, client}, nil
}

// Invoke calls a function and waits for its answer, as trigger.Runner says.
func (r *Runner) Invoke(ctx context.Context, function string, event []byte) ([]byte, error) {
	region := r.o.Region
	if parts := strings.Split(function, ":"); len(parts) > 3 && parts[0] == "arn" {
		region = parts[3]
	}
	name := function
	if r.o.Function != "" {
		name = r.o.Function
	}
	resp, err := r.client.Post(ctx, awscall.Request{
		Service: "lambda", Region: region,
		// The colons of an ARN are encoded, as every SDK does.
		Path:   "/2015-03-31/functions/" + strings.ReplaceAll(url.PathEscape(name), ":", "%3A") + "/invocations",
		Header: http.Header{"Content-Type": {"application/json"}, "X-Amz-Invocation-Type": {"RequestResponse"}},
		Body:   event,
		Most:   trigger.MaxResponse,
	})
	switch {
	case errors.Is(err, awscall.ErrTooLarge):
		return nil, trigger.ErrTooLarge
	case err != nil:
		return nil, &trigger.InvocationError{Name: "ServiceException", Err: err}
	case resp.Status != http.StatusOK:
		// Throttled and failed calls may do better the next time; one that is
		// refused will not.
		again := resp.Status >= 500 || resp.Status == http.StatusTooManyRequests || resp.Status == http.StatusRequestTimeout
		return nil, &trigger.InvocationError{Name: resp.ErrorName(), Err: fmt.Errorf("the Lambda API answers with status %d", resp.Status), Final: !again}
	}
	failed := resp.Header.Get("X-Amz-Function-Error") != ""
	// The emulator tells of an error in the body alone.
	if said, ok := trigger.ParseFunctionError(resp.Body); ok {
		return nil, said
	}
	if failed {
		return nil, &trigger.FunctionError{Type: "Unhandled", Message: string(resp.Body)}
	}
	return resp.Body, nil
}
