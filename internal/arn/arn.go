// Package arn writes Amazon Resource Names, by which policies and tags call what
// they are about. The edge, which asks policies, and the domain, which shows
// ARNs, must write them alike.
package arn

import "strings"

// New is the ARN of a resource, such as "userpool/us-east-1_Example01" of the
// service cognito-idp. IAM's own resources have no region.
func New(service, region, account, resource string) string {
	return strings.Join([]string{"arn", partition(region), service, region, account, resource}, ":")
}

// partition is the part of AWS that a region belongs to.
func partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}
