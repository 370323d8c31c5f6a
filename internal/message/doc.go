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
// A message is sent outside of any transaction. So it goes once more if a node is
// lost after the carrier took it and before the row was removed, or if the
// carrier's answer is lost. Those are the only ways to another copy, and all have
// the same Parcel.ID, which emails carry as their Message-ID and webhooks as their
// Idempotency-Key. A node sends nothing that its lease does not leave time for, so
// two that run never send the same message.
//
// The texts of the deployment in several languages are in locales, one file for
// each; those that a pool sets win.
package message
