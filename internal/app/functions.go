package app

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/trigger"
	"github.com/poolhouse/poolhouse/internal/trigger/functions"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// runners calls the functions of this process, and those of the file of functions
// if it is not one of them.
type runners struct {
	trigger.Functions
	set *functions.Set
}

// Invoke calls a function, as trigger.Runner says.
func (r runners) Invoke(ctx context.Context, function string, event []byte) ([]byte, error) {
	if r.Functions[function] != nil {
		return r.Functions.Invoke(ctx, function, event)
	}
	return r.set.Invoke(ctx, function, event)
}

// openFunctions returns what asks trigger functions.
func (a *App) openFunctions() (*trigger.Invoker, error) {
	o := a.options
	file := o.FunctionsFile
	if file == nil {
		file = new(functions.File)
	}
	set, err := functions.New(file, functions.Options{Region: o.Region, Reload: o.Dev, Logger: a.log})
	if err != nil {
		return nil, fmt.Errorf("--functions: %w", err)
	}
	a.functions = set
	var runner trigger.Runner = runners{o.Functions, set}
	if o.Dev {
		runner = a.invocations.Record(runner, a.clock.Now)
	}
	return trigger.New(trigger.Options{
		Runner: runner, Timeout: time.Duration(file.Timeout), Attempts: file.Attempts, Logger: a.log,
	}), nil
}

var errNoKey = errors.New("the pool has a function that sends, and no key to encrypt for it is configured (--functions)")

// sendByFunction gives a message to the function of its pool that sends such
// messages, if there is one.
func (a *App) sendByFunction(ctx context.Context, id string, m message.Message) (handled bool, err error) {
	pool, err := a.pools.Pool(ctx, m.UserPoolID)
	if fault.CodeOf(err) == fault.ResourceNotFound {
		return false, message.ErrPoolGone
	}
	if err != nil {
		return false, err
	}
	sender, send := pool.LambdaConfig.CustomEmailSender, pool.Triggers().CustomEmailSender
	if m.Medium == message.SMS {
		sender, send = pool.LambdaConfig.CustomSMSSender, pool.Triggers().CustomSMSSender
	}
	switch {
	case sender == nil:
		return false, nil
	case !a.functions.HasKeys():
		return true, message.Refuse(errNoKey)
	}
	var user *store.User
	if err := a.db.View(ctx, func(tx *store.Tx) (err error) {
		user, err = tx.User(m.UserPoolID, m.Sub)
		return err
	}); err != nil {
		return true, fmt.Errorf("the message's user: %w", err)
	}
	code := m.Code
	if m.Source == "CustomMessage_AdminCreateUser" {
		code = html.EscapeString(code) // a temporary password, as Cognito gives it
	}
	encrypted, err := a.functions.Encrypt(ctx, pool.LambdaConfig.KMSKeyID, pool.ID, []byte(code))
	if err != nil {
		return true, fmt.Errorf("encrypt for the function that sends: %w", err)
	}
	ctx = trigger.WithInvocationID(trigger.WithCaller(ctx, trigger.Caller{ClientID: m.ClientID}), id)
	return true, send(ctx, pool.TriggerCall(ctx, sender.LambdaArn, m.Source, m.Username), trigger.CustomSender{
		Code: base64.StdEncoding.EncodeToString(encrypted), ClientMetadata: m.ClientMetadata, UserAttributes: userpool.TriggerAttributes(user),
	})
}
