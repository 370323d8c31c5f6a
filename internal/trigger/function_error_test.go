package trigger_test

import (
	"testing"

	"github.com/poolhouse/poolhouse/internal/trigger"
)

func TestParseFunctionError(t *testing.T) {
	for _, c := range []struct {
		name, body string
		want       trigger.FunctionError
		ok         bool
	}{
		{"node", `{"errorType":"Error","errorMessage":"Studio is invite-only","trace":["Error: x"]}`, trigger.FunctionError{Type: "Error", Message: "Studio is invite-only"}, true},
		{"without a type", `{"errorMessage":"no"}`, trigger.FunctionError{Message: "no"}, true},
		{"null message", `{"errorType":"Error","errorMessage":null}`, trigger.FunctionError{Type: "Error"}, true},
		{"a message that is an object", `{"errorMessage":{"a":1}}`, trigger.FunctionError{Message: `{"a":1}`}, true},
		{"an event", `{"version":"1","response":{}}`, trigger.FunctionError{}, false},
		{"no object", `["errorMessage"]`, trigger.FunctionError{}, false},
		{"no JSON", `errorMessage`, trigger.FunctionError{}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok := trigger.ParseFunctionError([]byte(c.body))
			if ok != c.ok || ok && *got != c.want {
				t.Errorf("got %+v %v, want %+v %v", got, ok, c.want, c.ok)
			}
		})
	}
}

func FuzzParseFunctionError(f *testing.F) {
	f.Add([]byte(`{"errorType":"Error","errorMessage":"x"}`))
	f.Add([]byte(`{"errorMessage":[1,{"a":null}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if e, ok := trigger.ParseFunctionError(body); ok == (e == nil) {
			t.Fatalf("%v with %v", e, ok)
		}
	})
}
