// Package userimport brings users into pools from CSV files (import jobs).
//
// A job is created, gets its file by a signed URL, and is started. From then on
// any node of the deployment works on it: the job's row says when it is due, and
// the node that takes it puts that time ahead, again with each batch of rows, so
// that another goes on where the batch ended should the node be lost. A batch,
// its counters and the place in the file are one transaction: no row counts
// twice, and none is left out.
//
//	Created ── Start ──> Pending ── a node takes it ──> InProgress ──> Succeeded, Failed
//	   └── a day later ──> Expired         └─────── Stop ──────┴─────> Stopped
//
// Cognito's state Stopping is never seen: a batch looks at the state first, so
// that nothing is imported once Stop has answered.
//
// The file rests sealed in pieces and is removed once the job has ended. The log
// (Log) tells what was not imported and why, without a word of the file in it.
// The rules for a user are in internal/userpool.
package userimport
