package message

import (
	"context"
	"errors"
	"time"
)

// Carrier hands messages to what brings them to their recipients. Its methods may
// be called concurrently.
type Carrier interface {
	// Send hands over one message before ctx ends. A message may come again, with
	// the same ID, after an error or after its node was lost. An error of Refuse
	// says that no other attempt can succeed; after any other the message is tried
	// again. What an error says is kept and shown to operators.
	Send(ctx context.Context, p *Parcel) error

	// Close gives connections back.
	Close() error
}

// Parcel is a message as a Carrier gets it.
type Parcel struct {
	ID         string // the same at each attempt: 32 hexadecimal digits
	UserPoolID string
	Username   string
	Source     string // as in Message
	Medium     string // Email or SMS
	To         string
	Subject    string // of an email; one line
	HTML       string // of an email
	Text       string // of a text message, or the plain form of an email
	CreatedAt  time.Time
	Attempt    int // from 1
	Settings
}

// Settings are what a pool says of how its messages leave.
type Settings struct {
	From            string // address, or Name <address>; "" for the deployment's
	ReplyTo         string // address
	FromARN         string // identity of SES that From belongs to
	EmailConfigSet  string // configuration set of SES
	SNSRegion       string
	EUMRegion       string // of End User Messaging, as what follows
	OriginIdentity  string
	SMSConfigSet    string
	IndiaEntityID   string
	IndiaTemplateID string
}

// refusal is an error after which trying again is of no use.
type refusal struct{ error }

func (r refusal) Unwrap() error { return r.error }

// Refuse marks an error as final.
func Refuse(err error) error { return refusal{err} }

// Refused says whether an error is final.
func Refused(err error) bool {
	_, ok := errors.AsType[refusal](err)
	return ok
}
