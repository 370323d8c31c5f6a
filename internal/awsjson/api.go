package awsjson

import (
	"errors"
	"strings"

	"github.com/poolhouse/poolhouse/internal/apimodel"
	"github.com/poolhouse/poolhouse/internal/arn"
	"github.com/poolhouse/poolhouse/internal/fault"
)

// An api is in what the two services differ.
type api struct {
	signingName string
	resource    string     // the type in the ARN of a pool
	validation  fault.Code // for input that breaks the model's constraints
	separator   string     // between region and the rest in a pool's id
	notFound    func(poolID string) error
	allotments  []allotment
}

// apis are the services by signing name.
var apis = map[string]*api{
	"cognito-idp": {
		signingName: "cognito-idp",
		resource:    "userpool",
		validation:  fault.InvalidParameter,
		separator:   "_",
		notFound: func(poolID string) error {
			return fault.Errorf(fault.ResourceNotFound, "User pool %s does not exist.", poolID)
		},
		allotments: userPoolAllotments,
	},
	"cognito-identity": {
		signingName: "cognito-identity",
		resource:    "identitypool",
		validation:  fault.Validation,
		separator:   ":",
		notFound: func(poolID string) error {
			return fault.Errorf(fault.ResourceNotFound, "IdentityPool '%s' not found.", poolID)
		},
		allotments: identityPoolAllotments,
	},
}

// decodeError turns an error of apimodel.Decode into the service's.
func (a *api) decodeError(err error) error {
	if e, ok := errors.AsType[*apimodel.SerializationError](err); ok {
		return fault.New(fault.Serialization, e.Message)
	}
	if e, ok := errors.AsType[*apimodel.ValidationError](err); ok {
		return fault.New(a.validation, e.Error())
	}
	return err
}

// poolOf is the pool of this account and region that the input of r names, or "".
func (r *route) poolOf(account, region string, input any) string {
	if poolID := text(input, r.pool); poolID != "" {
		return poolID
	}
	poolID, ours := strings.CutPrefix(text(input, r.arn), r.service.arn(account, region, ""))
	if !ours {
		return ""
	}
	return poolID
}

// resourceOf is what a policy is asked about for a pool. Without a pool it is "*": a tag
// operation on anything else needs a policy for everything.
func (a *api) resourceOf(account, region, poolID string) string {
	if poolID == "" {
		return "*"
	}
	return a.arn(account, region, poolID)
}

func (a *api) arn(account, region, poolID string) string {
	return arn.New(a.signingName, region, account, a.resource+"/"+poolID)
}
