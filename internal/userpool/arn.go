package userpool

import "strings"

// ARN is the Amazon Resource Name of a pool, which policies and tags name it by.
func (p *Pools) ARN(poolID string) string {
	region, _, _ := strings.Cut(poolID, "_")
	return "arn:" + partition(region) + ":cognito-idp:" + region + ":" + p.accountID + ":userpool/" + poolID
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
