package identity

import (
	"github.com/poolhouse/poolhouse/internal/awsjson"
	"github.com/poolhouse/poolhouse/internal/identityapi"
)

// API is the service with all its operations.
func API() awsjson.Service {
	service := awsjson.Service{TargetPrefix: identityapi.TargetPrefix, SigningName: identityapi.SigningName}
	for _, op := range identityapi.AllOperations() {
		service.Operations = append(service.Operations, awsjson.NotBuilt(op))
	}
	return service
}
