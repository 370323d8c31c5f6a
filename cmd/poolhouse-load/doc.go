// Poolhouse-load measures a server that speaks Amazon Cognito's API, Poolhouse
// or another: it makes users and drives a mix of operations at a given
// concurrency, or a given rate, for a given time, and reports how many were
// answered, how fast, and what that cost in processor time.
//
//	poolhouse-load --create --users 1000 --operations sign-in-srp=1,get-user=9
//	poolhouse-load --user-pool-id us-east-1_Demo00000 --client-id demo0client000000000000000 \
//		--operations sign-in-srp --duration 30s --server-pid $(pgrep -x poolhouse) --output json
//
// # What is measured
//
// An operation is what a user of the API asks for: a sign-in by SRP is one
// operation of two requests. Its latency is the time spent waiting for answers,
// so an SRP client's own exponentiations do not count. Under --rate it is counted
// from the moment the operation was due: a server that falls behind shows it in
// the latencies, not in fewer samples. Latencies are those of operations that
// succeeded; the others are counted by error.
//
// An operation begun within --duration is waited for. The warm-up before it is a
// run of its own, so that the processor times, read while nothing is under way,
// belong to the measured operations alone.
//
// # What the client costs
//
// Requests are plain HTTP/1.1 over one kept connection for each worker; what
// needs a signature is signed with the AWS SDK's signer, without the SDK's
// client, whose middleware costs several times a get-user request. An SRP
// sign-in costs the client two fixed-base exponentiations and one with a 512-bit
// exponent, 0.6 of what it costs the server; g^x of a user is not kept,
// it is a tenth of that. The report names the client's processor time, because
// both sides share the processors when they share a machine.
//
// Exit status: 0; 1 if the run failed or more operations failed than
// --max-error-rate allows; 2 for wrong flags.
//
// The files: main.go and options.go (flags), mix.go (which operation is next),
// api.go (requests), pool.go and users.go (what a run needs), signin.go and
// tokens.go (the operations), drive.go (pace), recorder.go, histogram.go, cpu*.go
// and report.go (figures). Package srp is the only one of Poolhouse's own it
// uses.
package main
