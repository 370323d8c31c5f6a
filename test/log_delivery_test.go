package test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/poolhouse/poolhouse/internal/message/smtp/smtptest"
	"github.com/poolhouse/poolhouse/internal/store/storetest"
)

// delivered is a line of the log that carries a record for a destination.
type delivered struct {
	Msg         string
	Level       string
	Destination string
	Record      struct {
		EventSource string
		LogLevel    string
		LogSourceID struct{ UserPoolID string }
		Message     struct {
			Details                                                                      string
			EventID, EventType, UserName, UserSub, ClientID, EventResponse, RiskDecision string
		}
	}
}

func (s *server) delivered(source string) (found []delivered) {
	for line := range strings.Lines(s.output.String()) {
		var d delivered
		if json.Unmarshal([]byte(line), &d) == nil && d.Msg == "log delivery" && d.Record.EventSource == source {
			found = append(found, d)
		}
	}
	return found
}

// TestLogDelivery has a pool report what its users do and which of its messages are
// not delivered.
func TestLogDelivery(t *testing.T) {
	mail := smtptest.Start(t, &smtptest.Server{Answer: func(command, _ string) string {
		if command == "RCPT" {
			return "550 5.1.1 No such user"
		}
		return ""
	}})
	in := install(t, storetest.SQLiteURL(t))
	s := in.startServe(append(carried(mail), "--log-format", "json")...)
	c := in.mailed(s)
	const group, bucket = "arn:aws:logs:us-east-1:123456789012:log-group:pool", "arn:aws:s3:::events"

	c.enrol("unheard") // before anything is to be reported
	eventually(t, 30*time.Second, "the message is refused", func() bool {
		return strings.Contains(s.output.String(), "a message cannot be delivered")
	})
	if _, err := c.UpdateUserPool(t.Context(), &cognito.UpdateUserPoolInput{
		UserPoolId: &c.pool, AutoVerifiedAttributes: []types.VerifiedAttributeType{types.VerifiedAttributeTypeEmail},
		UserPoolTier:   types.UserPoolTierTypePlus,
		UserPoolAddOns: &types.UserPoolAddOnsType{AdvancedSecurityMode: types.AdvancedSecurityModeTypeAudit},
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.SetLogDeliveryConfiguration(t.Context(), &cognito.SetLogDeliveryConfigurationInput{UserPoolId: &c.pool,
		LogConfigurations: []types.LogConfigurationType{
			{EventSource: types.EventSourceNameUserNotification, LogLevel: types.LogLevelError, CloudWatchLogsConfiguration: &types.CloudWatchLogsConfigurationType{LogGroupArn: aws.String(group)}},
			{EventSource: types.EventSourceNameUserAuthEvents, LogLevel: types.LogLevelInfo, S3Configuration: &types.S3ConfigurationType{BucketArn: aws.String(bucket)}},
		}}); err != nil {
		t.Fatal(err)
	}
	c.enrol("ada")
	if _, err := c.AdminConfirmSignUp(t.Context(), &cognito.AdminConfirmSignUpInput{UserPoolId: &c.pool, Username: aws.String("ada")}); err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"Wrong-Horse-7", password} {
		_, err := c.AdminInitiateAuth(t.Context(), &cognito.AdminInitiateAuthInput{UserPoolId: &c.pool, ClientId: &c.id,
			AuthFlow: types.AuthFlowTypeAdminUserPasswordAuth, AuthParameters: map[string]string{"USERNAME": "ada", "PASSWORD": word}})
		if (err == nil) != (word == password) {
			t.Fatalf("%s: %v", word, err)
		}
	}
	var failed, events []delivered
	eventually(t, 30*time.Second, "one message and three events are reported", func() bool {
		failed, events = s.delivered("USER_NOTIFICATION"), s.delivered("USER_ACTIVITY")
		return len(failed) >= 1 && len(events) >= 3
	})
	if f := failed[0]; len(failed) != 1 || f.Level != "ERROR" || f.Record.LogLevel != "ERROR" || f.Destination != group ||
		f.Record.LogSourceID.UserPoolID != c.pool || !strings.Contains(f.Record.Message.Details, "No such user") {
		t.Errorf("messages: %+v", failed)
	}
	for i, want := range []string{"SIGN_UP Pass", "SIGN_IN Fail", "SIGN_IN Pass"} {
		m := events[i].Record.Message
		if got := m.EventType + " " + m.EventResponse; got != want || m.UserName != "ada" || m.ClientID != c.id || m.RiskDecision != "PASS" ||
			len(m.UserSub) != 36 || len(m.EventID) != 36 || events[i].Destination != bucket || events[i].Level != "INFO" {
			t.Errorf("event %d is %+v, not %s", i, events[i], want)
		}
	}
	if len(events) != 3 {
		t.Errorf("%d events", len(events))
	}
}
