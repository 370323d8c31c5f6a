package idp

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"github.com/poolhouse/poolhouse/internal/idpapi"
	"github.com/poolhouse/poolhouse/internal/token"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// TestNoOperationTakesBoundTokens calls every operation that takes an access token
// with one that is bound to a key (RFC 9449): there is no place for the proof.
func TestNoOperationTakesBoundTokens(t *testing.T) {
	tt := newTokenTest(t)
	id := tt.newClient(t, idpapi.CreateUserPoolClientInput{}).ClientId
	pool, client, err := tt.pools.Client(tt.ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	user, err := tt.users.Find(tt.ctx, pool, "alice")
	if err != nil {
		t.Fatal(err)
	}
	bound, err := tt.tokens.Issue(tt.ctx, token.Grant{Pool: pool, Client: client, User: user, Hosted: true, Scopes: []string{userpool.ScopeSignIn},
		Thumbprint: "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"})
	if err != nil {
		t.Fatal(err)
	}
	service, asked := reflect.ValueOf(tt.Service), 0
	for i := range service.NumMethod() {
		name, method := service.Type().Method(i).Name, service.Method(i)
		if method.Type().NumIn() != 2 || method.Type().In(0) != reflect.TypeFor[context.Context]() ||
			method.Type().In(1).Kind() != reflect.Pointer {
			continue
		}
		in := reflect.New(method.Type().In(1).Elem())
		field := in.Elem().FieldByName("AccessToken")
		if !field.IsValid() {
			continue
		}
		asked++
		if field.Kind() == reflect.Pointer {
			field.Set(reflect.New(field.Type().Elem()))
			field = field.Elem()
		}
		field.SetString(bound.AccessToken)
		out := method.Call([]reflect.Value{reflect.ValueOf(tt.ctx), in})
		if err, _ := out[1].Interface().(error); !errors.Is(err, token.ErrBound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if asked < 24 {
		t.Errorf("%d operations take an access token, want 24 at least", asked)
	}
}
