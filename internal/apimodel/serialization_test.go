package apimodel_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/apimodel"
)

var (
	stringShape = &apimodel.Shape{Type: apimodel.String, Name: "Text"}
	everyShape  = &apimodel.Shape{Type: apimodel.Structure, Name: "Every", Members: []apimodel.Member{
		{Name: "Text", Shape: stringShape},
		{Name: "Int", Shape: &apimodel.Shape{Type: apimodel.Integer}},
		{Name: "Long", Shape: &apimodel.Shape{Type: apimodel.Long}},
		{Name: "Flag", Shape: &apimodel.Shape{Type: apimodel.Boolean}},
		{Name: "At", Shape: &apimodel.Shape{Type: apimodel.Timestamp}},
		{Name: "Raw", Shape: &apimodel.Shape{Type: apimodel.Blob}},
		{Name: "Doc", Shape: &apimodel.Shape{Type: apimodel.Document}},
		{Name: "List", Shape: &apimodel.Shape{Type: apimodel.List, Elem: stringShape}},
		{Name: "Map", Shape: &apimodel.Shape{Type: apimodel.Map, Key: stringShape, Elem: stringShape}},
		{Name: "Inner", Shape: innerShape},
		{Name: "Inners", Shape: &apimodel.Shape{Type: apimodel.Map, Key: stringShape, Elem: innerShape}},
	}}
	innerShape = &apimodel.Shape{Type: apimodel.Structure, Name: "Inner", Members: []apimodel.Member{
		{Name: "lower", Shape: stringShape},
	}}
)

type every struct {
	Text   string            `json:"Text,omitzero"`
	Int    *int32            `json:"Int,omitzero"`
	Long   *int64            `json:"Long,omitzero"`
	Flag   *bool             `json:"Flag,omitzero"`
	At     apimodel.Time     `json:"At,omitzero"`
	Raw    []byte            `json:"Raw,omitzero"`
	Doc    json.RawMessage   `json:"Doc,omitzero"`
	List   []string          `json:"List,omitzero"`
	Map    map[string]string `json:"Map,omitzero"`
	Inner  *inner            `json:"Inner,omitzero"`
	Inners map[string]inner  `json:"Inners,omitzero"`
}

type inner struct {
	Lower string `json:"lower,omitzero"`
}

// TestDecodeEncode gives, for what is accepted, the body that Encode makes of it.
func TestDecodeEncode(t *testing.T) {
	for _, tc := range []struct{ name, body, want string }{
		{"empty body", ``, `{}`},
		{"white space only", " \r\n\t", `{}`},
		{"empty object", ` { } `, `{}`},
		{"null is absent", `{"Text":null,"Int":null,"List":null,"Inner":null}`, `{}`},
		{"null map entry is absent", `{"Map":{"DEVICE_KEY":null,"a":"b"}}`, `{"Map":{"a":"b"}}`},
		{"unknown members are skipped", `{"x":[1,{"y":[true,false,null,"z",-1.5e+3]}],"Text":"a"}`, `{"Text":"a"}`},
		{"names are case-sensitive", `{"text":"a","Inner":{"Lower":"x","lower":"y"}}`, `{"Inner":{"lower":"y"}}`},
		{"last duplicate wins", `{"Text":"a","Text":"b"}`, `{"Text":"b"}`},
		{"last duplicate wins, null", `{"Text":"a","Int":1,"Text":null}`, `{"Int":1}`},
		{"last duplicate structure wins whole", `{"Inner":{"lower":"a"},"Inner":{}}`, `{"Inner":{}}`},
		{"last duplicate key wins", `{"Map":{"a":"1","b":"2","a":"3","b":null}}`, `{"Map":{"a":"3"}}`},
		{"escapes", `{"Text":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00<&>"}`, `{"Text":"\"\\/\b\f\n\r\té😀<&>"}`},
		{"escaped name", `{"\u0054ext":"a"}`, `{"Text":"a"}`},
		{"smallest int", `{"Int":-2147483648,"Long":-9223372036854775808}`, `{"Int":-2147483648,"Long":-9223372036854775808}`},
		{"largest int", `{"Int":2147483647,"Long":9223372036854775807}`, `{"Int":2147483647,"Long":9223372036854775807}`},
		{"whole number written as a fraction", `{"Int":5.0,"Long":1e3}`, `{"Int":5,"Long":1000}`},
		{"zeros are present", `{"Int":0,"Long":0,"Flag":false}`, `{"Int":0,"Long":0,"Flag":false}`},
		{"empty collections are present", `{"List":[],"Map":{},"Raw":""}`, `{"Raw":"","List":[],"Map":{}}`},
		{"blob", `{"Raw":"/+8="}`, `{"Raw":"/+8="}`},
		{"document", `{"Doc": {"b": [1.50, null], "a": "<"}}`, `{"Doc":{"b":[1.50,null],"a":"<"}}`},
		{"epoch", `{"At":1726788459.464}`, `{"At":1726788459.464}`},
		{"epoch without a fraction", `{"At":1726788459}`, `{"At":1726788459.000}`},
		{"epoch cut to milliseconds", `{"At":1726788459.9999}`, `{"At":1726788459.999}`},
		{"epoch with exponent", `{"At":1.7267884595e9}`, `{"At":1726788459.500}`},
		{"epoch before 1970", `{"At":-1.5}`, `{"At":-1.500}`},
		{"half a second before 1970", `{"At":-0.5}`, `{"At":-0.500}`},
		{"ISO 8601", `{"At":"2024-09-19T23:27:39.464Z"}`, `{"At":1726788459.464}`},
		{"ISO 8601 with an offset", `{"At":"2024-09-20T01:27:39+02:00"}`, `{"At":1726788459.000}`},
		{"ISO 8601 basic", `{"At":"20240919T232739Z"}`, `{"At":1726788459.000}`},
		{"map of structures", `{"Inners":{"k":{"lower":"v"}}}`, `{"Inners":{"k":{"lower":"v"}}}`},
		{"any number of unknown values", `{"x":[null` + strings.Repeat(",null", 1<<16) + `]}`, `{}`},
		{"deepest document", `{"Doc":` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + `}`,
			`{"Doc":` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + `}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dst := every{Text: "left over"}
			if err := apimodel.Decode(everyShape, []byte(tc.body), &dst); err != nil {
				t.Fatal(err)
			}
			got, err := apimodel.Encode(dst)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestSerializationError(t *testing.T) {
	const end = "Unexpected end of input"
	const character = "Unexpected character in input"
	for _, tc := range []struct{ name, body, want string }{
		{"open object", `{`, end},
		{"open string", `{"Text":"a`, end},
		{"open escape", `{"Text":"\`, end},
		{"open unicode escape", `{"Text":"\u00`, end},
		{"open surrogate pair", `{"Text":"\ud83d`, end},
		{"open name", `{"Te`, end},
		{"no value", `{"Text":`, end},
		{"open literal", `{"Flag":tru`, end},
		{"wrong literal", `{"Flag":trux}`, character},
		{"wrong short literal", `{"Flag":tx`, character},
		{"no colon", `{"Text" "a"}`, character},
		{"trailing comma", `{"Text":"a",}`, character},
		{"trailing comma in a list", `{"List":["a",]}`, character},
		{"no comma", `{"List":["a" "b"]}`, character},
		{"single quotes", `{'Text':'a'}`, character},
		{"NUL byte", "{\x00}", character},
		{"NUL body", "\x00", character},
		{"trailing garbage", `{} x`, "Unexpected content after the end of input"},
		{"trailing NUL", "{}\x00", "Unexpected content after the end of input"},
		{"two bodies", `{}{}`, "Unexpected content after the end of input"},
		{"null body", `null`, character},
		{"list body", `[]`, "Start of list found where not expected"},
		{"string body", `"a"`, "Expected null"},
		{"bad escape", `{"Text":"\x"}`, "Invalid string in input"},
		{"bad hex", `{"Text":"\u00g0"}`, "Invalid string in input"},
		{"NUL", `{"Text":"a\u0000b"}`, "Invalid string in input"},
		{"lone high surrogate", `{"Text":"\ud83d!......"}`, "Invalid string in input"},
		{"lone low surrogate", `{"Text":"\ude00......"}`, "Invalid string in input"},
		{"high surrogate twice", `{"Text":"\ud83d\ud83d"}`, "Invalid string in input"},
		{"raw newline", "{\"Text\":\"a\nb\"}", "Invalid string in input"},
		{"raw newline after an escape", "{\"Text\":\"\\t\n\"}", "Invalid string in input"},
		{"invalid UTF-8", "{\"Text\":\"\xff\"}", "Input is not valid UTF-8"},
		{"invalid UTF-8 in an unknown member", "{\"x\":\"\xc0\x80\"}", "Input is not valid UTF-8"},
		{"leading zero", `{"Int":01}`, character},
		{"lone minus", `{"Int":-}`, "Invalid number in input"},
		{"no fraction", `{"Int":1.}`, "Invalid number in input"},
		{"no exponent", `{"Int":1e}`, "Invalid number in input"},
		{"too deep", `{"x":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`, "Input is nested too deeply"},
		{"too deep document", `{"Doc":` + strings.Repeat(`{"a":`, 100000), "Input is nested too deeply"},
		{"number for string", `{"Text":1}`, "NUMBER_VALUE can not be converted to a String"},
		{"true for string", `{"Text":true}`, "TRUE_VALUE can not be converted to a String"},
		{"false for string", `{"Text":false}`, "FALSE_VALUE can not be converted to a String"},
		{"list for string", `{"Text":["a"]}`, "Start of list found where not expected"},
		{"object for string", `{"Text":{}}`, "Start of structure or map found where not expected."},
		{"string for integer", `{"Int":"1"}`, "STRING_VALUE can not be converted to an Integer"},
		{"fraction for integer", `{"Int":1.5}`, "NUMBER_VALUE can not be converted to an Integer"},
		{"integer too large", `{"Int":2147483648}`, "NUMBER_VALUE can not be converted to an Integer"},
		{"integer too small", `{"Int":-2147483649}`, "NUMBER_VALUE can not be converted to an Integer"},
		{"integer far too large", `{"Int":1e400}`, "NUMBER_VALUE can not be converted to an Integer"},
		{"long too large", `{"Long":9223372036854775808}`, "NUMBER_VALUE can not be converted to a Long"},
		{"string for boolean", `{"Flag":"true"}`, "STRING_VALUE can not be converted to an Boolean"},
		{"number for boolean", `{"Flag":1}`, "NUMBER_VALUE can not be converted to an Boolean"},
		{"true for timestamp", `{"At":true}`, "TRUE_VALUE can not be converted to a Timestamp"},
		{"text for timestamp", `{"At":"yesterday"}`, "STRING_VALUE can not be converted to a Timestamp"},
		{"timestamp out of range", `{"At":1e300}`, "NUMBER_VALUE can not be converted to a Timestamp"},
		{"timestamp beyond 9999", `{"At":253402300800}`, "NUMBER_VALUE can not be converted to a Timestamp"},
		{"text beyond 9999", `{"At":"9999-12-31T23:59:59-01:00"}`, "STRING_VALUE can not be converted to a Timestamp"},
		{"bad base64", `{"Raw":"a"}`, "Invalid base64 in input"},
		{"number for blob", `{"Raw":1}`, "NUMBER_VALUE can not be converted to a Blob"},
		{"string for list", `{"List":"a"}`, "Expected list or null"},
		{"object for list", `{"List":{}}`, "Start of structure or map found where not expected."},
		{"number in a list", `{"List":["a",1]}`, "NUMBER_VALUE can not be converted to a String"},
		{"string for map", `{"Map":"a"}`, "Expected null"},
		{"list for map", `{"Map":[]}`, "Start of list found where not expected"},
		{"number in a map", `{"Map":{"a":1}}`, "NUMBER_VALUE can not be converted to a String"},
		{"string for structure", `{"Inner":"a"}`, "Expected null"},
		{"too many values", `{"List":[null` + strings.Repeat(",null", 1<<13) + `]}`, "Input has too many values"},
		{"malformed where mistyped", `{"Inner":[1,}`, character},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := apimodel.Decode(everyShape, []byte(tc.body), new(every))
			var serialization *apimodel.SerializationError
			if !errors.As(err, &serialization) {
				t.Fatalf("got %v, want a SerializationError", err)
			}
			if err.Error() != tc.want {
				t.Errorf("got %q, want %q", err, tc.want)
			}
		})
	}
}

// TestDecodeDestination holds that a wrong destination is an error of its own
// kind, not the caller's fault.
func TestDecodeDestination(t *testing.T) {
	type short struct {
		Text string `json:"Text"`
	}
	type wrong struct {
		Lower int `json:"lower"`
	}
	for _, tc := range []struct {
		name  string
		shape *apimodel.Shape
		dst   any
	}{
		{"nil", everyShape, nil},
		{"nil pointer", everyShape, (*every)(nil)},
		{"not a pointer", everyShape, every{}},
		{"member without a field", everyShape, new(short)},
		{"field of another type", innerShape, new(wrong)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := apimodel.Decode(tc.shape, nil, tc.dst)
			var serialization *apimodel.SerializationError
			var validation *apimodel.ValidationError
			if err == nil || errors.As(err, &serialization) || errors.As(err, &validation) {
				t.Errorf("got %v, want an error of another kind", err)
			}
		})
	}
}

func TestDecodeKeepsNothingOfBody(t *testing.T) {
	body := []byte(`{"Text":"abc","Raw":"YWJj","Doc":"abc","Map":{"abc":"abc"}}`)
	var got, want every
	if err := apimodel.Decode(everyShape, body, &got); err != nil {
		t.Fatal(err)
	}
	if err := apimodel.Decode(everyShape, []byte(string(body)), &want); err != nil {
		t.Fatal(err)
	}
	clear(body)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("changed with the body: %+v", got)
	}
}
