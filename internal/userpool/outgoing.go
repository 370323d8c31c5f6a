package userpool

import (
	"cmp"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/store"
)

// signInCodeLife is the longest that the session of a sign-in lives, and so its
// codes.
const signInCodeLife = 15 * time.Minute

// ready returns CodeDeliveryFailureException if no message of a medium, or of any
// where it is "", could reach users of the pool.
func (u *Users) ready(pool *Pool, medium string) error {
	return u.outbox.Ready(medium, pool.sendsByFunction(medium))
}

// sendsByFunction says whether the pool has a function that sends messages of a
// medium, or of any where it is "".
func (p *Pool) sendsByFunction(medium string) bool {
	email, sms := p.LambdaConfig.CustomEmailSender != nil, p.LambdaConfig.CustomSMSSender != nil
	switch medium {
	case message.Email:
		return email
	case message.SMS:
		return sms
	}
	return email || sms
}

// put puts a message for a user into the outbox. It fills in what all messages
// have; life is for how long the message says anything.
func (u *Users) put(tx *store.Tx, pool *Pool, user *store.User, life time.Duration, m message.Message) error {
	m.UserPoolID, m.Username, m.Sub = pool.ID, user.Username, user.Sub
	m.ByFunction, m.ExpiresAt = pool.sendsByFunction(m.Medium), tx.Now().Add(life)
	m.SharedAccount = m.Medium == message.Email && !m.ByFunction && !pool.ownsSender()
	return u.outbox.Put(tx, m)
}

// invitationLife is how long a temporary password lives.
func (p *Pool) invitationLife() time.Duration {
	days := cmp.Or(p.Policies.PasswordPolicy.TemporaryPasswordValidityDays, defaultTemporaryDays)
	return time.Duration(days) * 24 * time.Hour
}

// MessageSettings are what the pool says of how its messages leave. As in Cognito
// an address to send from counts only in a pool that has its own sending account
// (DEVELOPER); where it sets none, that is the address that its identity of SES
// stands for.
func (c *PoolConfig) MessageSettings() message.Settings {
	var s message.Settings
	if e := c.EmailConfiguration; e != nil {
		s.ReplyTo = e.ReplyToEmailAddress
		if c.ownsSender() {
			s.From, s.FromARN, s.EmailConfigSet = e.From, e.SourceArn, e.ConfigurationSet
			if _, identity, ok := strings.Cut(e.SourceArn, ":identity/"); ok && s.From == "" && strings.Contains(identity, "@") {
				s.From = identity
			}
		}
	}
	if sms := c.SmsConfiguration; sms != nil {
		s.SNSRegion = sms.SnsRegion
		if eums := sms.EumsSms; eums != nil {
			s.EUMRegion = eums.Region
			s.OriginIdentity, s.SMSConfigSet = eums.OriginationIdentity, eums.ConfigurationSetName
			s.IndiaEntityID, s.IndiaTemplateID = eums.InEntityId, eums.InTemplateId
		}
	}
	return s
}

// ownsSender says whether the pool sends emails from an account of its owner's.
func (c *PoolConfig) ownsSender() bool {
	return c.EmailConfiguration != nil && c.EmailConfiguration.EmailSendingAccount == "DEVELOPER"
}

// linkTo is the link that confirms a sign-up, or "" where the pool sends codes: it
// must be set to send links, and have a domain, of which the owner's own is
// preferred. Links are for sign-ups alone, as in Cognito.
func (u *Users) linkTo(tx *store.Tx, pool *Pool, user *store.User, s sending, digits string) (string, error) {
	if pool.VerificationMessageTemplate.DefaultEmailOption != "CONFIRM_WITH_LINK" || s.client == nil ||
		s.channel.medium != message.Email || s.purpose != codeSignUp || u.domainURL == nil {
		return "", nil
	}
	rows, err := tx.DomainsOf(pool.ID) // the custom one first
	if err != nil || len(rows) == 0 {
		return "", err
	}
	domain, err := readDomain(rows[0])
	if err != nil {
		return "", err
	}
	query := url.Values{"client_id": {s.client.ID}, "user_name": {user.Username}, "confirmation_code": {digits}}
	return u.domainURL(domain) + "/confirmUser?" + query.Encode(), nil
}

// conceal answers as if a code had been sent where its address got too many
// messages already, or all pools sent too many: an answer of its own would tell a
// client that may not know that there is such a user.
func (s sending) conceal(client *Client, delivery **Delivery, err error) error {
	if !errors.Is(err, message.ErrRecipientLimit) && !errors.Is(err, message.ErrDailyLimit) || client.RevealsUsers() {
		return err
	}
	*delivery = s.channel.delivery()
	return nil
}

// SetDomainURL tells what the URLs of domains begin with, without a slash at the
// end; without it sign-ups are confirmed by codes only. It is called before
// anything else.
func (u *Users) SetDomainURL(of func(*Domain) string) { u.domainURL = of }

// linkMessage is the message that carries a link in place of a code.
func (p *Pool) linkMessage(user *store.User, s sending, digits, link string) message.Message {
	t := message.Template{Subject: p.VerificationMessageTemplate.EmailSubjectByLink, Body: p.VerificationMessageTemplate.EmailMessageByLink}
	subject, body := t.Or(message.Link, s.texts.localeOf(user)).RenderLink(link, user.Username)
	return message.Message{
		UserPoolID: p.ID, Username: user.Username, Medium: s.channel.medium, To: s.channel.to,
		Subject: subject, Body: body, Code: digits, Link: link, Source: s.source,
	}
}
