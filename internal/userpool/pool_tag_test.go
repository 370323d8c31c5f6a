package userpool

import (
	"regexp"
	"testing"
)

// What is taken for the ARN of a pool is written as one and names nothing else.
func FuzzPoolOfARN(f *testing.F) {
	for _, seed := range []string{
		"arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_Example01", "arn:userpool/us-east-1_Example01", "userpool/us-east-1_Example01",
		"arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_Example01/client/c", "arn:aws:cognito-idp:us-east-1:123456789012:x:userpool/us-east-1_Example01",
		"arn:aws:cognito-identity:us-east-1:123456789012:userpool/us-east-1_Example01", "arn:aws:cognito-idp:::userpool/", ":::::userpool/a_b", "",
	} {
		f.Add(seed)
	}
	form := regexp.MustCompile(`\Aarn:[^:]*:cognito-idp:[^:]*:[^:]*:userpool/([0-9A-Za-z-]+_[0-9A-Za-z]+)\z`)
	f.Fuzz(func(t *testing.T, arn string) {
		id, ok := poolOfARN(arn)
		match := form.FindStringSubmatch(arn)
		if ok && (match == nil || match[1] != id) {
			t.Errorf("%q is taken for the ARN of %q", arn, id)
		}
	})
}
