// Package awserror tells which errors of AWS services are final for a message.
package awserror

import (
	"errors"
	"slices"

	"github.com/aws/smithy-go"

	"github.com/poolhouse/poolhouse/internal/message"
)

// Of marks an error as final if AWS gave it one of the codes.
func Of(err error, final ...string) error {
	if api, ok := errors.AsType[smithy.APIError](err); ok && slices.Contains(final, api.ErrorCode()) {
		return message.Refuse(err)
	}
	return err
}
