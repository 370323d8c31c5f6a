// Package sns carries text messages to Amazon SNS.
package sns

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/message/awserror"
)

// Carrier hands text messages to SNS with one account.
type Carrier struct {
	client   *sns.Client
	sender   string
	endpoint bool
}

// New returns a carrier. sender is the sender id, where the country has such; ""
// for none. endpoint is "" for AWS's.
func New(config aws.Config, endpoint, sender string) *Carrier {
	return &Carrier{sender: sender, endpoint: endpoint != "", client: sns.NewFromConfig(config, func(o *sns.Options) {
		o.Retryer = aws.NopRetryer{} // the outbox tries again
		if endpoint != "" {
			o.BaseEndpoint = &endpoint
		}
	})}
}

// Send hands over one text message, in the region that the pool sets.
func (c *Carrier) Send(ctx context.Context, p *message.Parcel) error {
	attribute := func(value string) types.MessageAttributeValue {
		return types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &value}
	}
	attributes := map[string]types.MessageAttributeValue{"AWS.SNS.SMS.SMSType": attribute("Transactional")}
	if c.sender != "" {
		attributes["AWS.SNS.SMS.SenderID"] = attribute(c.sender)
	}
	_, err := c.client.Publish(ctx, &sns.PublishInput{PhoneNumber: &p.To, Message: &p.Text, MessageAttributes: attributes},
		func(o *sns.Options) {
			if p.SNSRegion != "" && !c.endpoint {
				o.Region = p.SNSRegion
			}
		})
	return awserror.Of(err, "InvalidParameter", "InvalidParameterValue", "OptedOut")
}

// Close does nothing: the SDK shares its connections.
func (*Carrier) Close() error { return nil }
