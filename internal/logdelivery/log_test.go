package logdelivery

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/userpool"
)

var at = time.Date(2026, 7, 4, 9, 5, 6, 7e6, time.FixedZone("CEST", 2*60*60))

// write returns what a report of a pool with a configuration leaves in the log.
func write(logs []userpool.LogConfiguration, report func(*Log, *userpool.Pool)) string {
	var out bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	pool := &userpool.Pool{ID: "us-east-1_AbCdEf123"}
	pool.LogConfigurations = logs
	report(New(log), pool)
	return strings.TrimSpace(out.String())
}

func TestReports(t *testing.T) {
	const group, bucket, stream = "arn:aws:logs:us-east-1:123456789012:log-group:g", "arn:aws:s3:::b", "arn:aws:firehose:us-east-1:123456789012:deliverystream/s"
	notifications := userpool.LogConfiguration{EventSource: "userNotification", LogLevel: "ERROR", CloudWatchLogs: &userpool.CloudWatchLogsLog{LogGroupArn: group}}
	toBucket := userpool.LogConfiguration{EventSource: "userAuthEvents", LogLevel: "INFO", S3: &userpool.S3Log{BucketArn: bucket}}
	toStream := userpool.LogConfiguration{EventSource: "userAuthEvents", LogLevel: "INFO", Firehose: &userpool.FirehoseLog{StreamArn: stream}}
	event := func(l *Log, pool *userpool.Pool) {
		l.Event(pool, `a"da`, "sub-1", &userpool.AuthEvent{ID: "e-1", Type: userpool.EventForgotPassword, Response: userpool.EventInProgress, CreatedAt: at})
	}
	risk := func(l *Log, pool *userpool.Pool) {
		l.Event(pool, "ada", "sub-1", &userpool.AuthEvent{ID: "e-1", Type: userpool.EventSignIn, Response: userpool.EventFail, CreatedAt: at,
			ClientID: "c1", Risk: userpool.Risk{Decision: "AccountTakeover", Level: "High", Compromised: true},
			Challenges: []userpool.EventChallenge{{Name: "Password", Response: "Success"}},
			Device:     "Firefox 128, Linux", IPAddress: "192.0.2.1", City: "Bern", Country: "Switzerland"})
	}
	failure := func(l *Log, pool *userpool.Pool) { l.Failure(pool, at, "EMAIL <x> could not be delivered") }

	const head = `{"level":"INFO","msg":"log delivery","destination":"`
	const source = `"logSourceId":{"userPoolId":"us-east-1_AbCdEf123"}}}`
	for _, test := range []struct {
		name   string
		logs   []userpool.LogConfiguration
		report func(*Log, *userpool.Pool)
		want   string
	}{
		{"an event that nobody wants", []userpool.LogConfiguration{notifications}, event, ""},
		{"a failure that nobody wants", []userpool.LogConfiguration{toBucket}, failure, ""},
		{"an event without a risk", []userpool.LogConfiguration{notifications, toBucket}, event,
			head + bucket + `","record":{"eventTimestamp":"1783148706007","eventSource":"USER_ACTIVITY","logLevel":"INFO","message":{"version":"1",` +
				`"eventId":"e-1","eventType":"FORGOT_PASSWORD","userName":"a\"da","userSub":"sub-1","clientId":"","creationDate":"Sat Jul 04 07:05:06 UTC 2026",` +
				`"eventResponse":"InProgress","riskLevel":"","riskDecision":"PASS","challenges":[],"deviceName":"","ipAddress":"",` +
				`"compromisedCredentialDetected":false,"city":"","country":"","hasContextData":false},` + source},
		{"a risk", []userpool.LogConfiguration{toStream}, risk,
			head + stream + `","record":{"eventTimestamp":"1783148706007","eventSource":"USER_ACTIVITY","logLevel":"INFO","message":{"version":"1",` +
				`"eventId":"e-1","eventType":"SIGN_IN","userName":"ada","userSub":"sub-1","clientId":"c1","creationDate":"Sat Jul 04 07:05:06 UTC 2026",` +
				`"eventResponse":"Fail","riskLevel":"HIGH","riskDecision":"ACCOUNT_TAKEOVER","challenges":[{"challengeName":"Password","challengeResponse":"Success"}],` +
				`"deviceName":"Firefox 128, Linux","ipAddress":"192.0.2.1","compromisedCredentialDetected":true,"city":"Bern","country":"Switzerland",` +
				`"hasContextData":true},` + source},
		{"a failure", []userpool.LogConfiguration{toBucket, notifications}, failure,
			`{"level":"ERROR","msg":"log delivery","destination":"` + group + `","record":{"eventTimestamp":"1783148706007","eventSource":"USER_NOTIFICATION",` +
				`"logLevel":"ERROR","message":{"details":"EMAIL \u003cx\u003e could not be delivered"},` + source},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := write(test.logs, test.report); got != test.want {
				t.Errorf("the log has\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}
