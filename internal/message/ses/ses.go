// Package ses carries emails to Amazon SES.
package ses

import (
	"context"
	"fmt"
	"net/mail"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/message/awserror"
)

// Carrier hands emails to SES with one account.
type Carrier struct {
	client *sesv2.Client
	from   string
}

// New returns a carrier. from is the sender of pools that set none; endpoint is ""
// for AWS's.
func New(config aws.Config, endpoint, from string) (*Carrier, error) {
	if _, err := mail.ParseAddress(from); err != nil {
		return nil, fmt.Errorf("the address to send from: %w", err)
	}
	return &Carrier{from: from, client: sesv2.NewFromConfig(config, func(o *sesv2.Options) {
		o.Retryer = aws.NopRetryer{} // the outbox tries again
		if endpoint != "" {
			o.BaseEndpoint = &endpoint
		}
	})}, nil
}

// Send hands over one email. SES makes the Message-ID; the id of the message goes
// with it as a tag.
func (c *Carrier) Send(ctx context.Context, p *message.Parcel) error {
	utf8 := aws.String("UTF-8")
	in := &sesv2.SendEmailInput{
		FromEmailAddress: &c.from,
		Destination:      &types.Destination{ToAddresses: []string{p.To}},
		Content: &types.EmailContent{Simple: &types.Message{
			Subject: &types.Content{Data: &p.Subject, Charset: utf8},
			Body: &types.Body{
				Text: &types.Content{Data: &p.Text, Charset: utf8},
				Html: &types.Content{Data: &p.HTML, Charset: utf8},
			},
			Headers: []types.MessageHeader{{Name: aws.String("Auto-Submitted"), Value: aws.String("auto-generated")}},
		}},
		EmailTags: []types.MessageTag{{Name: aws.String("poolhouse-message"), Value: &p.ID}},
	}
	if p.From != "" {
		in.FromEmailAddress = &p.From
	}
	if p.ReplyTo != "" {
		in.ReplyToAddresses = []string{p.ReplyTo}
	}
	if p.FromARN != "" {
		in.FromEmailAddressIdentityArn = &p.FromARN
	}
	if p.EmailConfigSet != "" {
		in.ConfigurationSetName = &p.EmailConfigSet
	}
	_, err := c.client.SendEmail(ctx, in)
	return awserror.Of(err, "MessageRejected", "BadRequestException")
}

// Close does nothing: the SDK shares its connections.
func (*Carrier) Close() error { return nil }
