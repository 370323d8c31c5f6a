package arn

import "testing"

func TestNew(t *testing.T) {
	for _, c := range []struct{ service, region, resource, want string }{
		{"cognito-idp", "us-east-1", "userpool/us-east-1_Example01", "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_Example01"},
		{"cognito-idp", "cn-north-1", "userpool/x", "arn:aws-cn:cognito-idp:cn-north-1:123456789012:userpool/x"},
		{"cognito-idp", "us-gov-west-1", "userpool/x", "arn:aws-us-gov:cognito-idp:us-gov-west-1:123456789012:userpool/x"},
		{"iam", "", "user/ci", "arn:aws:iam::123456789012:user/ci"},
	} {
		if got := New(c.service, c.region, "123456789012", c.resource); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}
