// Package stsclient gets temporary credentials from a security token service
// elsewhere (AWS, MinIO, Ceph, SeaweedFS, versitygw): it shows the token of an
// identity, for which that service trusts Poolhouse as an OpenID Connect
// provider, and is given credentials of a role that the service keeps.
//
// Source: AssumeRoleWithWebIdentity in the AWS STS API reference, version
// 2011-06-15 of the query protocol.
package stsclient
