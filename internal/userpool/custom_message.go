package userpool

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/trigger"
)

// Texts are what the trigger CustomMessage wants the messages of one operation
// to say.
//
// Whether a message is sent, and to whom, is decided in the transaction that puts
// it into the outbox, where no function may be asked. So a transaction that misses
// a text fails, Run asks the function, and the transaction runs again with the
// text, deciding everything anew.
type Texts struct {
	pool   *Pool
	got    map[string]trigger.CustomMessageAnswer // by source
	caller trigger.Caller                         // what a function that sends is told, too
	locale string                                 // what the request asks for
}

// NewTexts returns the texts of an operation in a pool.
func NewTexts(pool *Pool) *Texts { return &Texts{pool: pool} }

// A textMissingError ends a transaction that cannot go on without a text.
type textMissingError struct {
	source string
	user   *store.User
}

func (e *textMissingError) Error() string { return "no text for " + e.source }

// Run runs do, which makes the transaction, until no text is missing. Errors are
// those of do and of triggers.
func (t *Texts) Run(ctx context.Context, do func() error) error {
	t.caller, t.locale = trigger.CallerFrom(ctx), message.LocaleFrom(ctx)
	for {
		err := do()
		missing, ok := errors.AsType[*textMissingError](err)
		if !ok {
			return err
		}
		answer, err := t.pool.triggers.CustomMessage(ctx,
			t.pool.TriggerCall(ctx, t.pool.LambdaConfig.CustomMessage, missing.source, missing.user.Username),
			TriggerAttributes(missing.user), trigger.CallerFrom(ctx).ClientMetadata)
		if err != nil {
			return err
		}
		if t.got == nil {
			t.got = make(map[string]trigger.CustomMessageAnswer)
		}
		t.got[missing.source] = answer
	}
}

// localeOf is the locale of a user, whose own word comes before that of the
// request. user may be nil.
func (t *Texts) localeOf(user *store.User) string {
	if user != nil && user.Attributes["locale"] != "" {
		return user.Attributes["locale"]
	}
	if t == nil {
		return ""
	}
	return t.locale
}

// apply puts the function's texts into a message to a user, who is called name in
// it, in place of the pool's. The error is for Run.
func (t *Texts) apply(m *message.Message, user *store.User, name string) error {
	if t == nil {
		return nil
	}
	m.ClientID, m.ClientMetadata = t.caller.ClientID, t.caller.ClientMetadata
	if t.pool.LambdaConfig.CustomMessage == "" {
		return nil
	}
	text, ok := t.got[m.Source]
	if !ok {
		return &textMissingError{m.Source, user}
	}
	own := message.Template{Subject: text.EmailSubject, Body: text.EmailMessage}
	if m.Medium == message.SMS {
		own = message.Template{Body: text.SMSMessage}
	}
	subject, body := own.Render(m.Medium, m.Code, name)
	if m.Link != "" && strings.Contains(own.Body, "{##") {
		subject, body = own.RenderLink(m.Link, name)
	}
	m.Subject, m.Body = cmp.Or(subject, m.Subject), cmp.Or(body, m.Body)
	return nil
}
