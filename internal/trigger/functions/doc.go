// Package functions reads which functions a deployment has and how each is
// called, and calls them: at a Lambda API, as a webhook, as a local program. It
// holds the keys, too, under which the codes for custom senders are encrypted.
//
// Pools name functions and keys by ARN, and here those are names only. The
// configuration is one JSON file, see File; it holds secrets or names the files
// that do, so it belongs to the operator, not to those who configure pools.
package functions
