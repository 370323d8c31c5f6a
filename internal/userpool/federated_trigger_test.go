package userpool

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/trigger"
)

// TestFederatedTriggers holds which functions the first sign-in through a provider
// asks, and that one which denies leaves nothing behind.
func TestFederatedTriggers(t *testing.T) {
	f := newFederation(t, NewPool{})
	var asked []string
	deny := true
	function := func(_ context.Context, event json.RawMessage) (json.RawMessage, error) {
		var e map[string]any
		if err := json.Unmarshal(event, &e); err != nil {
			return nil, err
		}
		source, _ := e["triggerSource"].(string)
		asked = append(asked, source+" "+e["userName"].(string))
		if deny {
			return nil, errors.New("not you")
		}
		if source == trigger.PreSignUpExternalProvider {
			e["response"] = map[string]bool{"autoVerifyEmail": true}
		}
		return json.Marshal(e)
	}
	pool := *f.pool
	pool.LambdaConfig.PreSignUp, pool.LambdaConfig.PostConfirmation = "f", "f"
	pool.triggers = trigger.New(trigger.Options{Runner: trigger.Functions{"f": function}})
	f.pool = &pool

	_, _, err := f.signIn(ProviderGoogle, "7", map[string]string{"mail": "x@example.com"})
	if want := fault.New(fault.UserLambdaValidation, "PreSignUp failed with error not you."); !errors.Is(err, want) {
		t.Errorf("error %v, want %v", err, want)
	}
	deny = false
	user, created, err := f.signIn(ProviderGoogle, "7", map[string]string{"mail": "x@example.com"})
	if err != nil || !created || user.Attributes["email_verified"] != "true" {
		t.Errorf("user %v, created %v, error %v", user, created, err)
	}
	if _, created, err = f.signIn(ProviderGoogle, "7", nil); err != nil || created {
		t.Errorf("created %v, error %v", created, err)
	}
	want := []string{"PreSignUp_ExternalProvider Google_7", "PreSignUp_ExternalProvider Google_7", "PostConfirmation_ConfirmSignUp Google_7"}
	if !slices.Equal(asked, want) {
		t.Errorf("asked %v, want %v", asked, want)
	}
}
