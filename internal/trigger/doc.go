// Package trigger calls the functions that a user pool names in its
// LambdaConfig, with the events that Amazon Cognito would send them.
//
// Each kind of trigger has its file: what is asked (the request of the event),
// what may be answered (its response), and a method of Invoker that asks. Event
// and answer are JSON as AWS sends it (developer guide, "Customizing user pool
// workflows with Lambda triggers"; the types of aws-lambda-go/events).
//
// The Invoker bounds what a function can do to the caller: how long it may take,
// how often it is tried, how much it may answer. What a function answers is an
// outsider's text: what does not have the form is InvalidLambdaResponseException,
// a function that fails is UserLambdaValidationException, and one that cannot be
// called or does not answer is UnexpectedLambdaException.
//
// Who calls the functions (the Lambda API, HTTP, a local program, Go functions of
// the same process) is behind Runner. When to ask which function, and what its
// answer changes, is decided in internal/userpool, internal/signin and
// internal/token. Triggers are never asked within a transaction.
package trigger
