package threat

import (
	"cmp"
	"errors"
	"html"
	"net/url"
	"strings"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// notice is an email about a sign-in that is to be sent with the record of it.
type notice struct {
	subject, body          string
	from, replyTo, fromARN string // of the NotifyConfiguration
}

// noticeSource is what such emails are called (facts: the source of
// CustomEmailSender).
const noticeSource = "CustomEmailSender_AccountTakeOverNotification"

// defaultNotices are the texts of pools that set none, by what was done about the
// sign-in. Subjects are Cognito's.
var (
	blockNotice = userpool.NotifyEmail{Subject: "Blocked sign-in attempt", HtmlBody: noticeBody("We blocked a sign-in with your account that does not look like one of yours.")}
	mfaNotice   = userpool.NotifyEmail{Subject: "New sign-in attempt", HtmlBody: noticeBody("A sign-in with your account does not look like one of yours. We asked for a second factor.")}
	passNotice  = userpool.NotifyEmail{Subject: "New sign-in attempt", HtmlBody: noticeBody("There was a sign-in with your account that does not look like one of yours.")}
)

func noticeBody(what string) string {
	return "<p>" + what + "</p><p>User: {username}<br>Time: {login-time}<br>Device: {device-name}<br>" +
		"Address: {ip-address}<br>Place: {city} {country}</p>" +
		`<p><a href="{one-click-link-valid}">This was me</a> &#183; <a href="{one-click-link-invalid}">This was not me</a></p>`
}

// newNotice is the email that the pool sets for what was done; nil for none.
func (g *Guard) newNotice(h Happening) *notice {
	t := h.Pool.RiskFor(h.Client).AccountTakeover
	if t == nil || t.NotifyConfiguration == nil {
		return nil
	}
	set, standard := t.NotifyConfiguration.NoActionEmail, passNotice
	switch h.Notify {
	case Block:
		set, standard = t.NotifyConfiguration.BlockEmail, blockNotice
	case MFAIfConfigured, MFARequired:
		set, standard = t.NotifyConfiguration.MfaEmail, mfaNotice
	}
	c := t.NotifyConfiguration
	n := &notice{subject: standard.Subject, body: standard.HtmlBody, from: c.From, replyTo: c.ReplyTo, fromARN: c.SourceArn}
	if set != nil {
		n.subject = cmp.Or(set.Subject, n.subject)
		switch {
		case set.HtmlBody != "":
			n.body = set.HtmlBody
		case set.TextBody != "":
			n.body = strings.ReplaceAll(html.EscapeString(set.TextBody), "\n", "<br>\n")
		}
	}
	return n
}

// send puts the email of a record into the outbox. One that cannot reach anybody
// does not keep the record from being kept.
func (g *Guard) send(tx *store.Tx, rec record) error {
	if rec.notice == nil {
		return nil
	}
	user, err := tx.User(rec.poolID, rec.sub)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if user.Attributes["email"] == "" || user.Attributes["email_verified"] != "true" {
		return nil
	}
	values, err := g.values(rec, user)
	if err != nil {
		return err
	}
	subject := values.Replace(rec.notice.subject)
	err = g.outbox.Put(tx, message.Message{
		UserPoolID: rec.poolID, Sub: user.Sub, Username: user.Username, ClientID: rec.event.ClientID, Medium: message.Email,
		To: user.Attributes["email"], Source: noticeSource, From: rec.notice.from, ReplyTo: rec.notice.replyTo, FromARN: rec.notice.fromARN,
		Subject: strings.NewReplacer("\r", " ", "\n", " ").Replace(html.UnescapeString(subject)), Body: values.Replace(rec.notice.body),
	})
	switch fault.CodeOf(err) {
	case fault.CodeDeliveryFailure, fault.LimitExceeded:
		g.log.Warn("a user is not told of a risky sign-in", "pool", rec.poolID, "event", rec.event.ID, "err", err)
		return nil
	}
	return err
}

// values are what the placeholders stand for, escaped for HTML. All are replaced
// in one pass, so that a value which looks like one stays what it is.
func (g *Guard) values(rec record, user *store.User) (*strings.Replacer, error) {
	token, err := g.users.FeedbackToken(rec.poolID, rec.sub, rec.event.ID)
	if err != nil {
		return nil, err
	}
	link := func(value string) string {
		if g.o.FeedbackURL == "" {
			return ""
		}
		return g.o.FeedbackURL + url.PathEscape(rec.poolID) + "?" + url.Values{"token": {token}, "value": {value}}.Encode()
	}
	var pairs []string
	for name, value := range map[string]string{
		"username": user.Username, "login-time": rec.event.CreatedAt.UTC().Format("2006-01-02 15:04:05 MST"),
		"device-name": rec.event.Device, "ip-address": cmp.Or(rec.event.IPAddress, "unknown"),
		"city": rec.event.City, "country": rec.event.Country,
		"one-click-link-valid": link("Valid"), "one-click-link-invalid": link("Invalid"),
	} {
		pairs = append(pairs, "{"+name+"}", html.EscapeString(value))
	}
	return strings.NewReplacer(pairs...), nil
}
