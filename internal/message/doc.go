// Package message holds the emails and text messages that Poolhouse sends to
// users: their texts, and the outbox in which they wait.
//
// A message is put into the outbox in the transaction of the change that causes
// it, so that neither exists without the other. What carries it from there (the
// inbox of a development server reads it in place) is not known to the callers.
// Package userpool decides who gets which message and which template of the
// pool it follows; contents rest sealed by internal/keys in rows of
// internal/store.
package message
