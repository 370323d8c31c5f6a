package idp

import (
	"testing"

	"github.com/poolhouse/poolhouse/internal/userpool"
)

const (
	notificationLog = `{"CloudWatchLogsConfiguration":{"LogGroupArn":"arn:aws:logs:us-east-1:123456789012:log-group:cognito"},"EventSource":"userNotification","LogLevel":"ERROR"}`
	eventLog        = `{"EventSource":"userAuthEvents","FirehoseConfiguration":{"StreamArn":"arn:aws:firehose:us-east-1:123456789012:deliverystream/events"},"LogLevel":"INFO"}`
	bucketLog       = `{"EventSource":"userAuthEvents","LogLevel":"INFO","S3Configuration":{"BucketArn":"arn:aws:s3:::events"}}`
)

func TestLogDeliveryConfiguration(t *testing.T) {
	a := newTestAPI(t, userpool.PoolsOptions{})
	pool := a.do(t, "CreateUserPool", `{"PoolName":"p"}`).text("UserPool.Id")
	shows := func(logs string) {
		t.Helper()
		want := fill(`{"LogDeliveryConfiguration":{"LogConfigurations":`+logs+`,"UserPoolId":"POOL"}}`, pool, "")
		if got := compact(t, a.do(t, "GetLogDeliveryConfiguration", fill(`{"UserPoolId":"POOL"}`, pool, ""))); got != want {
			t.Errorf("shown is %s, want %s", got, want)
		}
	}
	shows(`[]`)
	for _, logs := range []string{"[" + notificationLog + "," + eventLog + "]", "[" + bucketLog + "]", `[]`} { // one after the other
		answered := a.do(t, "SetLogDeliveryConfiguration", fill(`{"UserPoolId":"POOL","LogConfigurations":`+logs+`}`, pool, ""))
		if got := answered.json("LogDeliveryConfiguration.LogConfigurations"); got != logs {
			t.Errorf("it answers %s, want %s", got, logs)
		}
		a.do(t, "UpdateUserPool", fill(`{"UserPoolId":"POOL"}`, pool, ""))
		shows(logs)
	}
}

func TestLogDeliveryConfigurationRefuses(t *testing.T) {
	a := newTestAPI(t, userpool.PoolsOptions{})
	strict := newTestAPI(t, userpool.PoolsOptions{StrictTiers: true})
	const group = `"CloudWatchLogsConfiguration":{"LogGroupArn":"arn:aws:logs:us-east-1:123456789012:log-group:cognito"}`
	const bucket = `"S3Configuration":{"BucketArn":"arn:aws:s3:::events"}`
	for _, tc := range []struct {
		name string
		api  *testAPI
		logs string
		want string
	}{
		{"one source twice", a, eventLog + "," + bucketLog, "InvalidParameterException: The event source userAuthEvents is configured twice."},
		{"no destination", a, `{"EventSource":"userNotification","LogLevel":"ERROR"}`, "InvalidParameterException: The event source userNotification requires exactly one destination."},
		{"two destinations", a, `{"EventSource":"userAuthEvents","LogLevel":"INFO",` + group + "," + bucket + `}`,
			"InvalidParameterException: The event source userAuthEvents requires exactly one destination."},
		{"destination without an ARN", a, `{"EventSource":"userAuthEvents","LogLevel":"INFO","FirehoseConfiguration":{}}`,
			"InvalidParameterException: The destination of the event source userAuthEvents requires an ARN."},
		{"notifications of level INFO", a, `{"EventSource":"userNotification","LogLevel":"INFO",` + group + `}`,
			"InvalidParameterException: The event source userNotification requires the log level ERROR."},
		{"notifications in a bucket", a, `{"EventSource":"userNotification","LogLevel":"ERROR",` + bucket + `}`,
			"InvalidParameterException: The event source userNotification requires CloudWatchLogsConfiguration."},
		{"events of level ERROR", a, `{"EventSource":"userAuthEvents","LogLevel":"ERROR",` + bucket + `}`,
			"InvalidParameterException: The event source userAuthEvents requires the log level INFO."},
		{"events below plus", strict, eventLog,
			"FeatureUnavailableInTierException: The following features need to be disabled for the ESSENTIALS pricing tier configured: User Activity Log Export"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			pool := tc.api.do(t, "CreateUserPool", `{"PoolName":"p"}`).text("UserPool.Id")
			tc.api.refuse(t, "SetLogDeliveryConfiguration", fill(`{"UserPoolId":"POOL","LogConfigurations":[`+tc.logs+`]}`, pool, ""), tc.want)
			if got := tc.api.do(t, "GetLogDeliveryConfiguration", fill(`{"UserPoolId":"POOL"}`, pool, "")).json("LogDeliveryConfiguration.LogConfigurations"); got != "[]" {
				t.Errorf("a refused request left %s", got)
			}
		})
	}
	for op, input := range map[string]string{"GetLogDeliveryConfiguration": ``, "SetLogDeliveryConfiguration": `,"LogConfigurations":[]`} {
		a.refuse(t, op, `{"UserPoolId":"us-east-1_none"`+input+"}", "ResourceNotFoundException: User pool us-east-1_none does not exist.")
	}
}
