// Package identityapi is the contract of the Cognito identity pools API
// (AWSCognitoIdentityService, 2014-06-30): inputs, outputs, nested structures,
// enumerations and operation descriptors.
//
// All but this file is written by tools/apigen from AWS's API model. Package
// apimodel decodes and checks requests with the descriptors; awsjson dispatches
// on them; identity implements the operations. Behaviour does not belong here.
package identityapi
