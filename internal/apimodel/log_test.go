package apimodel_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/identityapi"
	"github.com/poolhouse/poolhouse/internal/idpapi"
)

// TestLogValue logs structs with secrets at every depth. In the inputs every
// secret contains "hush" and everything else that must be shown "plain".
func TestLogValue(t *testing.T) {
	for _, tc := range []struct {
		name string
		v    any
	}{
		{"string", idpapi.SignUpInput{Password: "hush", ClientMetadata: map[string]string{"a": "hush"}, AnalyticsMetadata: &idpapi.AnalyticsMetadataType{AnalyticsEndpointId: "plain"}}},
		{"pointer", &idpapi.AdminSetUserPasswordInput{UserPoolId: "plain", Password: "hush"}},
		{"map", &idpapi.InitiateAuthInput{AuthFlow: "plain", AuthParameters: map[string]string{"PASSWORD": "hush"}}},
		{"nested", idpapi.InitiateAuthOutput{ChallengeName: "plain", AuthenticationResult: &idpapi.AuthenticationResultType{AccessToken: "hush", RefreshToken: "hush"}}},
		{"in a list", idpapi.SignUpInput{UserAttributes: []idpapi.AttributeType{{Name: "plain", Value: "hush"}}}},
		{"not marked in the model", idpapi.ConfirmForgotPasswordInput{ConfirmationCode: "hush", AnalyticsMetadata: &idpapi.AnalyticsMetadataType{AnalyticsEndpointId: "plain"}}},
		{"provider secrets", idpapi.CreateIdentityProviderInput{ProviderName: "plain", ProviderDetails: map[string]string{"client_secret": "hush"}}},
		{"credentials", identityapi.GetCredentialsForIdentityOutput{IdentityId: "plain", Credentials: &identityapi.Credentials{SecretKey: "hush", SessionToken: "hush"}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, handler := range []func(*bytes.Buffer) slog.Handler{
				func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
				func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
			} {
				var b bytes.Buffer
				slog.New(handler(&b)).Info("call", "in", tc.v)
				if got := b.String(); strings.Contains(got, "hush") || !strings.Contains(got, "[redacted]") || !strings.Contains(got, "plain") && !strings.Contains(got, "AnalyticsMetadata") {
					t.Errorf("logged %s", got)
				}
			}
		})
	}
}
