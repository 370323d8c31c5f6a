package signin_test

import (
	"testing"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// TestFlowsNotAllowed holds the texts that clients look for in the refusal of
// flows.
func TestFlowsNotAllowed(t *testing.T) {
	custom := userpool.PoolSettings{PoolConfig: userpool.PoolConfig{LambdaConfig: userpool.LambdaConfig{
		DefineAuthChallenge: "arn:aws:lambda:us-east-1:123456789012:function:define"}}}
	for _, c := range []struct {
		name    string
		pool    userpool.PoolSettings
		allowed []string
		flow    string
		message string
	}{
		{"custom, not allowed", custom, []string{"ALLOW_USER_SRP_AUTH"}, "CUSTOM_AUTH", "CUSTOM_AUTH flow not enabled for this client"},
		{"custom, no trigger", userpool.PoolSettings{}, []string{"ALLOW_CUSTOM_AUTH"}, "CUSTOM_AUTH",
			"Custom auth lambda trigger is not configured for the user pool."},
		{"choice, not allowed", userpool.PoolSettings{}, []string{"ALLOW_USER_SRP_AUTH"}, "USER_AUTH", "USER_AUTH flow not enabled for this client"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, setting{pool: c.pool, client: userpool.ClientSettings{ClientConfig: userpool.ClientConfig{ExplicitAuthFlows: c.allowed}}})
			_, err := w.start(c.flow, map[string]string{"USERNAME": "ada"})
			wantFault(t, err, fault.InvalidParameter, c.message)
		})
	}
}
