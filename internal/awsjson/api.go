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

// resource is the pool that the input of r names, and the ARN that a policy is
// asked about. Without a pool of this account and region the ARN is "*": a tag
// operation on anything else needs a policy for everything.
func (r *route) resource(account, region string, input any) (poolID, name string) {
	prefix := arn.New(r.service.signingName, region, account, r.service.resource+"/")
	poolID = text(input, r.pool)
	if poolID == "" {
		var ours bool
		if poolID, ours = strings.CutPrefix(text(input, r.arn), prefix); !ours {
			poolID = ""
		}
	}
	if poolID == "" {
		return "", "*"
	}
	return poolID, prefix + poolID
}
