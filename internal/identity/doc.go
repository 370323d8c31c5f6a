// Package identity serves the operations of Amazon Cognito identity pools. A
// method takes what the API model names, calls package identitypool, and shows
// what that answers.
package identity
