package trigger

import (
	"context"
	"strings"
)

// CustomSender gives a message to a function that sends it in place of the
// server.
type CustomSender struct {
	Type           string            `json:"type"`
	Code           string            `json:"code"` // encrypted under the pool's KMSKeyID, in base64
	ClientMetadata map[string]string `json:"clientMetadata"`
	UserAttributes map[string]string `json:"userAttributes"`
}

// The kinds of sender events.
const (
	emailSenderRequest = "customEmailSenderRequestV1"
	smsSenderRequest   = "customSMSSenderRequestV1"
)

// CustomEmailSender calls the trigger of that name. The source of c is that of
// the message, as CustomMessage has it, or CustomEmailSender's own.
func (i *Invoker) CustomEmailSender(ctx context.Context, c Call, in CustomSender) error {
	return i.send(ctx, "CustomEmailSender", emailSenderRequest, c, in)
}

// CustomSMSSender calls the trigger of that name in the same way.
func (i *Invoker) CustomSMSSender(ctx context.Context, c Call, in CustomSender) error {
	return i.send(ctx, "CustomSMSSender", smsSenderRequest, c, in)
}

func (i *Invoker) send(ctx context.Context, trigger, kind string, c Call, in CustomSender) error {
	if _, why, ok := strings.Cut(c.Source, "_"); ok {
		c.Source = trigger + "_" + why
	}
	in.Type, in.UserAttributes = kind, filled(in.UserAttributes)
	// Whoever sends tries again, and later: a function that is slow may have sent.
	once := i
	if i != nil {
		once = &Invoker{i.o, i.running}
		once.o.Attempts = 1
	}
	// Cognito does not wait for the answer, so nothing is wrong with any.
	if _, err := once.call(ctx, trigger, "1", c, in, empty{}); err != errUnrecognizable {
		return err
	}
	return nil
}
