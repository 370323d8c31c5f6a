package awsjson

import (
	"math"
	"strings"
)

// Free is the rate that a category has without anybody provisioning more, in
// whole requests per second: that of l, or AWS's default where l does not limit
// it. adjustable is false for what is no category, or none whose rate can be set:
// those that only administrators use, as on AWS ("Quotas in Amazon Cognito").
func (l Limits) Free(c Category) (perSecond int32, adjustable bool) {
	for _, a := range userPoolAllotments {
		if a.category != c || c == LimitManagement || strings.HasPrefix(string(c), "UserPool") {
			continue
		}
		if own, ok := l[c]; ok {
			return int32(math.Ceil(min(own, maxRate))), true
		}
		return int32(math.Ceil(a.rate)), true
	}
	return 0, false
}
