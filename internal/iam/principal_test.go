package iam

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/fault"
)

func TestAuthorize(t *testing.T) {
	const arn = "arn:aws:iam::123456789012:user/deploy"
	policy := func(statements string) *Policy {
		p, err := ParsePolicy([]byte(document(statements)))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	const refused = "User: " + arn + " is not authorized to perform: cognito-idp:AdminGetUser on resource: " + poolABC + " "
	tests := []struct {
		name      string
		principal *Principal
		want      string // empty: allowed
	}{
		{"administrator", &Principal{ARN: arn, Policy: AdministratorPolicy()}, ""},
		{"no policy", &Principal{ARN: arn}, refused + "because no identity-based policy allows the cognito-idp:AdminGetUser action"},
		{"other action", &Principal{ARN: arn, Policy: policy(`{"Effect":"Allow","Action":"cognito-idp:List*","Resource":"*"}`)},
			refused + "because no identity-based policy allows the cognito-idp:AdminGetUser action"},
		{"denied", &Principal{ARN: arn, Policy: policy(`[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"*","Resource":"*"}]`)},
			refused + "with an explicit deny in an identity-based policy"},
		{"nobody", nil, "User: anonymous is not authorized to perform: cognito-idp:AdminGetUser on resource: " + poolABC},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.principal.Authorize("cognito-idp:AdminGetUser", poolABC)
			if tt.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.Is(err, fault.New(fault.AccessDenied, tt.want)) {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}

func TestNewAccessKey(t *testing.T) {
	id, secret := regexp.MustCompile(`^AKIA[A-Z2-7]{16}$`), regexp.MustCompile(`^[A-Za-z0-9+/]{40}$`)
	seen := map[string]bool{}
	for range 100 {
		k := NewAccessKey()
		if !id.MatchString(k.ID) || !secret.MatchString(k.Secret) {
			t.Fatalf("malformed key %q, %q", k.ID, k.Secret)
		}
		if seen[k.ID] || seen[k.Secret] {
			t.Fatal("a key came twice")
		}
		seen[k.ID], seen[k.Secret] = true, true
	}
}

func TestAccessKeyHidesItsSecret(t *testing.T) {
	k := NewAccessKey()
	var out bytes.Buffer
	fmt.Fprintf(&out, "%v %+v %#v %s %q %v", k, k, k, k, k, &k)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("made", "key", k)
	slog.New(slog.NewTextHandler(&out, nil)).Info("made", "key", &k)
	encoded, err := json.Marshal(k)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(encoded)
	if strings.Contains(out.String(), k.Secret) {
		t.Errorf("the secret shows in %s", out.String())
	}
	if !strings.Contains(out.String(), k.ID) {
		t.Error("the id shows nowhere")
	}
}
