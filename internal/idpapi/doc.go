// Package idpapi is the contract of the Cognito user pools API
// (AWSCognitoIdentityProviderService, 2016-04-18): inputs, outputs, nested
// structures, enumerations and operation descriptors.
//
// All but this file is written by tools/apigen from AWS's API model. Package
// apimodel decodes and checks requests with the descriptors; awsjson dispatches
// on them; idp implements the operations. Behaviour does not belong here.
package idpapi
