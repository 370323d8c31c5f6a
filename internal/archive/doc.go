// Package archive writes a whole user pool into one encrypted file and makes the
// pool of it again, in the same or another deployment and on either database.
//
// A file is an age file (https://age-encryption.org/v1), for recipients or a
// passphrase, of lines of JSON (format.go; docs/export.md is the contract):
//
//	{"format":"poolhouse-user-pool","version":1,"pool":"us-east-1_AbCdEf123",...}
//	{"table":"users","columns":["sub","username",...],"secrets":["sealed_password"]}
//	["5f0c...","ada",...]
//	...
//	{"end":true,"rows":{"users":1,...},"sha256":"..."}
//
// Which tables there are, and what of them is secret, is told once, in
// tables.go. Secrets are sealed under the keys of their deployment in the
// database; in the file they are open, and the import seals them anew.
//
// An export reads one snapshot. An import writes in bounded transactions under a
// reservation of the pool's id (store/reserve.go); what makes the pool visible
// comes with the last of them. If it breaks off, what it wrote is cleared away,
// by itself or by any server.
package archive
