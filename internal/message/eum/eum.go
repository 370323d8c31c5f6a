// Package eum carries text messages to AWS End User Messaging.
package eum

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/pinpointsmsvoicev2"
	"github.com/aws/aws-sdk-go-v2/service/pinpointsmsvoicev2/types"

	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/message/awserror"
)

// timeToLive is for how long carriers try to reach a phone.
const timeToLive = 15 * time.Minute

// Carrier hands text messages to End User Messaging with one account.
type Carrier struct {
	client   *pinpointsmsvoicev2.Client
	origin   string
	endpoint bool
}

// New returns a carrier. origin is what messages come from in pools that set none:
// a number, a sender id or a pool of them; "" leaves it to the service. endpoint is
// "" for AWS's.
func New(config aws.Config, endpoint, origin string) *Carrier {
	return &Carrier{origin: origin, endpoint: endpoint != "", client: pinpointsmsvoicev2.NewFromConfig(config, func(o *pinpointsmsvoicev2.Options) {
		o.Retryer = aws.NopRetryer{} // the outbox tries again
		if endpoint != "" {
			o.BaseEndpoint = &endpoint
		}
	})}
}

// Send hands over one text message, as the pool sets it.
func (c *Carrier) Send(ctx context.Context, p *message.Parcel) error {
	in := &pinpointsmsvoicev2.SendTextMessageInput{
		DestinationPhoneNumber: &p.To, MessageBody: &p.Text, MessageType: types.MessageTypeTransactional,
		TimeToLive: aws.Int32(int32(timeToLive / time.Second)),
		Context:    map[string]string{"poolhouse-message": p.ID},
	}
	if origin := p.OriginIdentity; origin != "" {
		in.OriginationIdentity = &origin
	} else if c.origin != "" {
		in.OriginationIdentity = &c.origin
	}
	if p.SMSConfigSet != "" {
		in.ConfigurationSetName = &p.SMSConfigSet
	}
	india := make(map[string]string)
	if p.IndiaEntityID != "" {
		india[string(types.DestinationCountryParameterKeyInEntityId)] = p.IndiaEntityID
	}
	if p.IndiaTemplateID != "" {
		india[string(types.DestinationCountryParameterKeyInTemplateId)] = p.IndiaTemplateID
	}
	if len(india) > 0 {
		in.DestinationCountryParameters = india
	}
	_, err := c.client.SendTextMessage(ctx, in, func(o *pinpointsmsvoicev2.Options) {
		if p.EUMRegion != "" && !c.endpoint {
			o.Region = p.EUMRegion
		}
	})
	return awserror.Of(err, "ValidationException", "ConflictException")
}

// Close does nothing: the SDK shares its connections.
func (*Carrier) Close() error { return nil }
