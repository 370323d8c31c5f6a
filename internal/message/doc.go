// Package message holds the emails and text messages that Poolhouse sends to
// users: their texts, and the outbox in which they wait.
//
// A message is put into the outbox in the transaction of the change that causes
// it, so that neither exists without the other. Package userpool decides who gets
// which message and which template of the pool it follows; contents rest sealed
// by internal/keys in rows of internal/store. What is carried out is removed.
//
// Afterwards any node delivers it (Deliverer), by a Carrier, of which there are
// several in the packages below this one:
//
//	waiting ── a node takes it ──> leased ──> removed
//	   ^                             │  └───> dead: refused for good, expired, or tried too often
//	   └──── later, with backoff ────┴──── the node was lost and the lease ran out
//
// A message is sent outside of any transaction, so a node that is lost after the
// carrier took a message and before the row was removed lets another node send it
// once more. That is the only way to a second copy, and both have the same
// Parcel.ID, which emails carry as their Message-ID and webhooks as their
// Idempotency-Key. A node sends nothing that its lease does not leave time for,
// so two that are alive never send the same message.
//
// The texts of the deployment in several languages are in locales, one file for
// each; those that a pool sets win.
package message
