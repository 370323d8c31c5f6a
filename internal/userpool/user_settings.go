package userpool

import (
	"context"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
)

// MFAOption is a channel for codes as the operation SetUserSettings knows it,
// which there was before there were preferences for each factor.
type MFAOption struct {
	DeliveryMedium string // SMS
	AttributeName  string // phone_number
}

// mfaOptionSMS is how a user's row keeps the one option there is.
const mfaOptionSMS = "SMS"

var errNoSMS = fault.New(fault.InvalidParameter, "User does not have delivery config set to turn on SMS_MFA")

// SetMFAOptions sets or, without options, clears the channel for codes of the user
// called name. It is text messages to the phone_number or nothing. The errors are
// UserNotFoundException and InvalidParameterException.
func (u *Users) SetMFAOptions(ctx context.Context, pool *Pool, name string, options []MFAOption) error {
	kept := ""
	for _, o := range options {
		if o.DeliveryMedium != "SMS" || o.AttributeName != "phone_number" {
			return invalid("MFAOptions can only have the delivery medium SMS with the attribute phone_number.")
		}
		kept = mfaOptionSMS
	}
	_, err := u.Modify(ctx, pool, name, func(_ *store.Tx, user *store.User) error {
		if kept != "" && user.Attributes["phone_number"] == "" {
			return errNoSMS
		}
		user.MFAOptions = kept
		return nil
	})
	return err
}

// MFAOptionsOf are the channels that SetMFAOptions set.
func MFAOptionsOf(user *store.User) []MFAOption {
	if user.MFAOptions != mfaOptionSMS {
		return nil
	}
	return []MFAOption{{DeliveryMedium: "SMS", AttributeName: "phone_number"}}
}
