// Package esdk encrypts messages in the format of the AWS Encryption SDK, so
// that the functions which Cognito's custom senders call decrypt their codes
// with the published SDKs, unchanged.
//
// A message is of version 2 under the suite 0x0578, which is what the SDKs
// write themselves: AES-256-GCM, a key derived by HKDF-SHA512, key commitment,
// and an ECDSA P-384 signature. The data key is of this message only; a [Keyring] wraps
// it under a key that the function can use: an AES or RSA key that both know, or
// a key of AWS KMS or of what speaks its API.
//
// Source: "AWS Encryption SDK message format reference" and "algorithms
// reference" in its developer guide, and the specification at
// github.com/awslabs/aws-encryption-sdk-specification.
package esdk
