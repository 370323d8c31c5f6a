package idp

import (
	"testing"

	"github.com/poolhouse/poolhouse/internal/userpool"
)

// What carriers put into headers is an address on one line, or refused.
func TestRiskNotificationSender(t *testing.T) {
	a := newTestAPI(t, userpool.PoolsOptions{})
	pool := a.do(t, "CreateUserPool", `{"PoolName":"p"}`).text("UserPool.Id")
	set := func(sender string) string {
		return `{"UserPoolId":"` + pool + `","AccountTakeoverRiskConfiguration":{"Actions":{},"NotifyConfiguration":{` + sender +
			`,"SourceArn":"arn:aws:ses:us-east-1:123456789012:identity/example.com"}}}`
	}
	for _, good := range []string{`a@example.com`, `Shop <a@example.com>`} {
		a.do(t, "SetRiskConfiguration", set(`"From":"`+good+`","ReplyTo":"`+good+`"`))
	}
	for name, bad := range map[string]string{
		"header": `a@example.com\r\nBcc: b@example.com`, "folded": `Shop\r\n <a@example.com>`, "feed": `a@example.com\n`,
		"two": `a@example.com, b@example.com`, "none": `example.com`,
	} {
		t.Run(name, func(t *testing.T) {
			a.refuse(t, "SetRiskConfiguration", set(`"From":"`+bad+`"`), "InvalidParameterException: Provided From email address is invalid")
			a.refuse(t, "SetRiskConfiguration", set(`"ReplyTo":"`+bad+`"`), "InvalidParameterException: Provided ReplyTo email address is invalid")
		})
	}
}
