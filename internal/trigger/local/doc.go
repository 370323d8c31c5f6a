// Package local calls functions that are programs of this machine: a handler
// for Node.js or Python, or a program that speaks Lambda's runtime API itself, as Go
// and Rust functions do. What runs in AWS Lambda runs here, unchanged.
//
// A program is started when its function is first called and kept. Each serves
// one call at a time, as in Lambda, and asks for events over HTTP: GET
// /2018-06-01/runtime/invocation/next, then POST .../{id}/response or
// .../{id}/error. Each program has a listener of its own on a port of loopback,
// which ends with it. Node.js and Python have the client in a small bootstrap
// that is part of this package; their runtime API is below an unguessable path.
// Programs that bring their own client take the address to be a host and a port
// only. On Linux connections of other users are closed, whatever the program;
// elsewhere, on a machine with users who do not trust each other, prefer Node.js,
// Python or a webhook.
//
// A program gets a bare environment: nothing of the server's settings and
// secrets. It is in a process group of its own, which is killed when a call takes
// too long, when it needs too much memory, and when the server ends. One that
// ends by itself is started anew by the next call; one that cannot even start is
// tried less and less often. What it prints is in the server's log, in lines
// of bounded length and number.
//
// Limits of memory hold on Linux only: the size of the program in memory is
// looked at ten times a second, and its data segment is limited to twice as much and
// 512 MB (RLIMIT_DATA). It is no sandbox: a program may do what the server's
// operating system user may do.
//
// Source: "Using the Lambda runtime API for custom runtimes" in the AWS Lambda
// developer guide.
package local
