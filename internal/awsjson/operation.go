package awsjson

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/poolhouse/poolhouse/internal/apimodel"
)

// An Operation is one entry of a Service's list. Make it with Handle or
// NotBuilt.
type Operation struct {
	model *apimodel.Operation
	input func() any // a new *In
	call  func(ctx context.Context, input any) (output any, err error)

	pool, arn []int // the fields of In that name the pool, nil if it has none

	maxBody int64 // in bytes

	byMethod bool // see AuthorizedByMethod
}

// Handle serves op by method. The method may keep its input; it gets a new one
// for each call. A nil output is rendered as {}.
func Handle[In, Out any](op *apimodel.Operation, method func(context.Context, *In) (*Out, error)) Operation {
	t := reflect.TypeFor[In]()
	pool := stringField(t, "UserPoolId")
	if pool == nil {
		pool = stringField(t, "IdentityPoolId")
	}
	return Operation{
		model: op,
		input: func() any { return new(In) },
		call: func(ctx context.Context, input any) (any, error) {
			return method(ctx, input.(*In))
		},
		pool: pool,
		arn:  stringField(t, "ResourceArn"),

		maxBody: MaxBody,
	}
}

// WithMaxBody is the operation with another bound on the body of its requests
// than MaxBody, in bytes.
func (o Operation) WithMaxBody(n int64) Operation {
	o.maxBody = n
	return o
}

// AuthorizedByMethod is for an operation whose input names something in a pool and
// not the pool: its method asks Authorize about the pool that it finds. One that asks
// about none gives an internal error for its answer.
func (o Operation) AuthorizedByMethod() Operation {
	o.byMethod = true
	return o
}

// NotBuilt is for an operation of the API that this version does not serve. It
// answers UnknownOperationException, a 4xx, because clients retry a 5xx.
func NotBuilt(op *apimodel.Operation) Operation { return Operation{model: op} }

// Name is the operation's name in the API.
func (o Operation) Name() string { return o.model.Name }

// Built reports whether the operation was made by Handle.
func (o Operation) Built() bool { return o.call != nil }

// check finds an input type that is not the one generated for the operation.
func (o Operation) check() error {
	if !o.Built() {
		return nil
	}
	var (
		serialization *apimodel.SerializationError
		validation    *apimodel.ValidationError
	)
	err := apimodel.Decode(o.model.Input, []byte("{}"), o.input())
	if err == nil || errors.As(err, &serialization) || errors.As(err, &validation) {
		return nil
	}
	return fmt.Errorf("operation %s: %w", o.model.Name, err)
}

func stringField(t reflect.Type, name string) []int {
	if t.Kind() != reflect.Struct {
		return nil
	}
	f, ok := t.FieldByName(name)
	if !ok || f.Type.Kind() != reflect.String {
		return nil
	}
	return f.Index
}

// text is the string field of input at index, or "" if index is nil.
func text(input any, index []int) string {
	if index == nil {
		return ""
	}
	return reflect.ValueOf(input).Elem().FieldByIndex(index).String()
}
