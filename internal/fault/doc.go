// Package fault is the one error type that crosses Poolhouse's layers: an
// Amazon Cognito error code with its message.
//
// Domain packages return a *Error for everything a caller did or asked wrongly.
// The edges render it: awsjson as an AWS JSON error, oauth as an OAuth error,
// hosted as a page. Any other error is a defect or an outage; the edges log it
// and answer InternalErrorException without detail.
package fault
