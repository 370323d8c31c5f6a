// Package identity serves the operations of Amazon Cognito identity pools. None
// is built yet; each answers that.
package identity
