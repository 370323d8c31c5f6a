package userpool

import (
	"context"
	"maps"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/trigger"
)

// Triggers asks the functions that the pool names. It must not be used within a
// transaction: what was read before must be looked at again after it.
func (p *Pool) Triggers() *trigger.Invoker { return p.triggers }

// TriggerCall is the call of one of the pool's functions about a user, for the
// client that ctx tells of.
func (p *Pool) TriggerCall(ctx context.Context, function, source, username string) trigger.Call {
	return trigger.Call{
		Function: function, Source: source, Region: p.Region(), PoolID: p.ID, UserName: username,
		ClientID: trigger.CallerFrom(ctx).ClientID,
	}
}

// TriggerAttributes are a user's attributes as functions see them; none for
// nobody.
func TriggerAttributes(user *store.User) map[string]string {
	if user == nil {
		return map[string]string{}
	}
	attributes := make(map[string]string, len(user.Attributes)+2)
	maps.Copy(attributes, user.Attributes)
	attributes["sub"] = user.Sub
	attributes["cognito:user_status"] = user.Status
	return attributes
}

// preSignUp asks the trigger PreSignUp about a user to be, whom its answer may
// confirm and verify. That of an administrator's user does not count, as in
// Cognito. Errors are those of triggers.
func (p *Pool) preSignUp(ctx context.Context, source string, user *store.User) error {
	if p.LambdaConfig.PreSignUp == "" {
		return nil
	}
	attributes := maps.Clone(user.Attributes)
	delete(attributes, "sub")
	caller := trigger.CallerFrom(ctx)
	answer, err := p.triggers.PreSignUp(ctx, p.TriggerCall(ctx, p.LambdaConfig.PreSignUp, source, user.Username), trigger.PreSignUp{
		UserAttributes: attributes, ValidationData: caller.ValidationData, ClientMetadata: caller.ClientMetadata,
	})
	if err != nil || source == trigger.PreSignUpAdminCreateUser {
		return err
	}
	for attribute, verify := range map[string]bool{"email": answer.AutoVerifyEmail, "phone_number": answer.AutoVerifyPhone} {
		if !verify {
			continue
		}
		if user.Attributes[attribute] == "" {
			return fault.Errorf(fault.InvalidLambdaResponse, "PreSignUp cannot verify the attribute %s, which the user does not have.", attribute)
		}
		user.Attributes[attribute+"_verified"] = "true"
	}
	if answer.AutoConfirmUser && user.Status == StatusUnconfirmed {
		user.Status = StatusConfirmed
	}
	return nil
}

// postConfirmation tells the trigger PostConfirmation of a user who is confirmed
// now, and stays so whatever it answers. Errors are those of triggers.
func (p *Pool) postConfirmation(ctx context.Context, source string, user *store.User) error {
	if p.LambdaConfig.PostConfirmation == "" {
		return nil
	}
	return p.triggers.PostConfirmation(ctx, p.TriggerCall(ctx, p.LambdaConfig.PostConfirmation, source, user.Username),
		trigger.PostConfirmation{UserAttributes: TriggerAttributes(user), ClientMetadata: trigger.CallerFrom(ctx).ClientMetadata})
}
