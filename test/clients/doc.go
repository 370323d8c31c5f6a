// Package clients shows that the clients people already have work with
// Poolhouse as they are, told nothing but an endpoint: Amplify,
// amazon-cognito-identity-js, the AWS SDK for JavaScript and aws-jwt-verify
// (in js), boto3 and the AWS CLI (in python), and Terraform (in terraform).
// Package test does the same with the AWS SDK for Go and the built binary.
//
// What the tests need from outside is named in POOLHOUSE_TEST_REQUIRE where it
// must not be missing: node (with the packages, by "npm ci" in js), awscli,
// boto3, terraform (with the AWS provider in the directory that
// POOLHOUSE_TEST_TERRAFORM_PLUGINS names).
package clients
