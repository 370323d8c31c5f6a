package userpool

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/store"
)

// Delivery tells a user where a code went (CodeDeliveryDetailsType).
type Delivery struct {
	Destination string // masked
	Medium      string // EMAIL or SMS
	Attribute   string // email or phone_number
}

// channel is a way to reach a user: an attribute with its value. One that is
// pretended has no value but the destination that is shown.
type channel struct {
	attribute, medium, to string
	shown                 string
}

// media are the ways in which attributes carry messages.
var media = map[string]string{"email": message.Email, "phone_number": message.SMS}

// channelOf is the channel of an attribute with a value that a user has or is
// about to get.
func channelOf(attribute, to string) channel {
	c := channel{attribute: attribute, medium: media[attribute], to: to}
	if c.medium == message.SMS {
		c.shown = maskPhoneNumber(to)
	} else {
		c.shown = maskEmail(to)
	}
	return c
}

func (c channel) delivery() *Delivery {
	return &Delivery{Destination: c.shown, Medium: c.medium, Attribute: c.attribute}
}

// maskEmail keeps the first character of the local part and of the domain.
func maskEmail(address string) string {
	local, domain, _ := strings.Cut(address, "@")
	return firstRune(local) + "***@" + firstRune(domain) + "***"
}

// maskPhoneNumber keeps the plus and the last four digits.
func maskPhoneNumber(number string) string {
	digits := strings.TrimPrefix(number, "+")
	hidden := max(0, len(digits)-4)
	return "+" + strings.Repeat("*", hidden) + digits[hidden:]
}

func firstRune(s string) string {
	_, size := utf8.DecodeRuneInString(s)
	return s[:size]
}

// confirmationChannel is where the code of a sign-up goes: to an attribute that
// the pool verifies by itself and the user has, the phone before the email.
func (p *Pool) confirmationChannel(user *store.User) (channel, bool) {
	for _, attribute := range []string{"phone_number", "email"} {
		if to := user.Attributes[attribute]; to != "" && slices.Contains(p.AutoVerifiedAttributes, attribute) {
			return channelOf(attribute, to), true
		}
	}
	return channel{}, false
}

const pretendedDeliveryPurpose keys.Purpose = "pretended-delivery"

// pretendedChannel is what is told of a name that nobody has, or of a user who
// shall look like that: always the same for the same name, and of the name
// itself if that is an address. attributes are those a real user's code could
// go to, the preferred one first.
func (u *Users) pretendedChannel(pool *Pool, name string, attributes []string) channel {
	switch {
	case isEmail(name) && slices.Contains(attributes, "email"):
		return channelOf("email", name)
	case isPhoneNumber(name) && slices.Contains(attributes, "phone_number"):
		return channelOf("phone_number", name)
	}
	b := u.ring.MAC(pretendedDeliveryPurpose, pool.ID, pool.Fold(name))
	attribute := attributes[0]
	if !slices.Contains(pool.AutoVerifiedAttributes, attribute) && len(pool.AutoVerifiedAttributes) > 0 &&
		slices.Contains(attributes, pool.AutoVerifiedAttributes[0]) {
		attribute = pool.AutoVerifiedAttributes[0] // what users of this pool have verified
	}
	c := channel{attribute: attribute, medium: media[attribute]}
	if c.medium == message.SMS {
		c.shown = fmt.Sprintf("+*******%04d", (int(b[0])<<8|int(b[1]))%10000)
	} else {
		c.shown = fmt.Sprintf("%c***@%c***", 'a'+rune(b[0]%26), 'a'+rune(b[1]%26))
	}
	return c
}

// The sources of messages: Cognito's names for what triggers them.
const (
	sourceSignUp          = "CustomMessage_SignUp"
	sourceResendCode      = "CustomMessage_ResendCode"
	sourceForgotPassword  = "CustomMessage_ForgotPassword"
	sourceAdminCreateUser = "CustomMessage_AdminCreateUser"
	sourceUpdateAttribute = "CustomMessage_UpdateUserAttribute"
	sourceVerifyAttribute = "CustomMessage_VerifyUserAttribute"
)
