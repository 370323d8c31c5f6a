package trigger

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/poolhouse/poolhouse/internal/fault"
)

// The sources of CustomMessage. Those of the sender triggers end alike.
const (
	CustomMessageSignUp              = "CustomMessage_SignUp"
	CustomMessageAdminCreateUser     = "CustomMessage_AdminCreateUser"
	CustomMessageResendCode          = "CustomMessage_ResendCode"
	CustomMessageForgotPassword      = "CustomMessage_ForgotPassword"
	CustomMessageUpdateUserAttribute = "CustomMessage_UpdateUserAttribute"
	CustomMessageVerifyUserAttribute = "CustomMessage_VerifyUserAttribute"
	CustomMessageAuthentication      = "CustomMessage_Authentication"
)

// The placeholders of messages.
const (
	codePlaceholder     = "{####}"
	usernamePlaceholder = "{username}"
	linkPlaceholder     = "{##Click Here##}"
)

// CustomMessage asks for the text of a message.
type CustomMessage struct {
	UserAttributes    map[string]string `json:"userAttributes"`
	CodeParameter     string            `json:"codeParameter"`
	LinkParameter     string            `json:"linkParameter"`
	UsernameParameter *string           `json:"usernameParameter"` // nil but for invitations
	ClientMetadata    map[string]string `json:"clientMetadata,omitzero"`
}

// CustomMessageAnswer is the text, "" for what the pool's template says.
type CustomMessageAnswer struct {
	SMSMessage, EmailMessage, EmailSubject string
}

type customMessageAnswer struct {
	SMSMessage   *string `json:"smsMessage"`
	EmailMessage *string `json:"emailMessage"`
	EmailSubject *string `json:"emailSubject"`
}

// The longest texts, in characters.
const (
	maxSMS     = 140
	maxEmail   = 20_000
	maxSubject = 140
)

// CustomMessage asks the trigger of that name for attributes of a user. A text
// without the place for the code, or too long, is
// InvalidLambdaResponseException.
func (i *Invoker) CustomMessage(ctx context.Context, c Call, attributes, metadata map[string]string) (CustomMessageAnswer, error) {
	in := CustomMessage{
		UserAttributes: filled(attributes), CodeParameter: codePlaceholder, LinkParameter: linkPlaceholder, ClientMetadata: metadata}
	invites := c.Source == CustomMessageAdminCreateUser
	if invites {
		in.UsernameParameter = new(usernamePlaceholder)
	}
	got, err := read[customMessageAnswer](i.call(ctx, "CustomMessage", "1", c, in, customMessageAnswer{}))
	if err != nil {
		return CustomMessageAnswer{}, err
	}
	var answer CustomMessageAnswer
	for _, m := range []struct {
		from *string
		to   *string
		most int
		what string
		body bool
	}{
		{got.SMSMessage, &answer.SMSMessage, maxSMS, "smsMessage", true},
		{got.EmailMessage, &answer.EmailMessage, maxEmail, "emailMessage", true},
		{got.EmailSubject, &answer.EmailSubject, maxSubject, "emailSubject", false},
	} {
		if m.from == nil || *m.from == "" {
			continue
		}
		switch {
		case utf8.RuneCountInString(*m.from) > m.most:
			return CustomMessageAnswer{}, fault.Errorf(fault.InvalidLambdaResponse,
				"CustomMessage returned a %s of more than %d characters.", m.what, m.most)
		case m.body && !carries(*m.from, c.Source):
			return CustomMessageAnswer{}, fault.Errorf(fault.InvalidLambdaResponse,
				"CustomMessage returned a %s without the code parameter.", m.what)
		}
		*m.to = *m.from
	}
	return answer, nil
}

// carries says whether a text has room for the code, which a link may stand for
// in a sign-up, and in an invitation for the name.
func carries(text, source string) bool {
	if source == CustomMessageAdminCreateUser && !strings.Contains(text, usernamePlaceholder) {
		return false
	}
	if source == CustomMessageSignUp || source == CustomMessageResendCode {
		if _, link, ok := strings.Cut(text, "{##"); ok && strings.Contains(link, "##}") {
			return true
		}
	}
	return strings.Contains(text, codePlaceholder)
}
