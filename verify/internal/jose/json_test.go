package jose

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestParseObject(t *testing.T) {
	tests := []struct {
		text string
		ok   bool
	}{
		{`{}`, true}, {" \t\r\n{ } ", true}, {`{"a":1}`, true}, {`{ "a" : [ 1 , { "b" : null } ] , "c" : true }`, true},
		{`{"a":-0.5e+10,"b":1E9,"c":0}`, true}, {`{"":""}`, true}, {`{"a":{"a":{"a":1}}}`, true},
		{`{"a":"\u00e9\ud83d\ude00\"\\\/\b\f\n\r\t"}`, true}, {`{"a":[],"A":{}}`, true}, {`{"a":[{"x":1},{"x":2}]}`, true},
		{``, false}, {`{`, false}, {`{}x`, false}, {`{}{}`, false}, {`[]`, false}, {`{"a"}`, false}, {`{"a":}`, false}, {`{"a":1,}`, false},
		{`{,}`, false}, {`{"a":1 "b":2}`, false}, {`{a:1}`, false}, {`{'a':1}`, false}, {`{"a":01}`, false}, {`{"a":+1}`, false},
		{`{"a":.5}`, false}, {`{"a":1.}`, false}, {`{"a":1e}`, false}, {`{"a":-}`, false}, {`{"a":0x1}`, false}, {`{"a":NaN}`, false},
		{`{"a":tru}`, false}, {`{"a":TRUE}`, false}, {`{"a":nul`, false}, {`{"a":[1,]}`, false}, {`{"a":[1 2]}`, false}, {`{"a":[}`, false},
		{"{\"a\":\"\n\"}", false}, {`{"a":"\x"}`, false}, {`{"a":"\u12"}`, false}, {`{"a":"\u12g4"}`, false}, {`{"a":"\`, false},
		{`{"a":"\ud800"}`, false}, {`{"a":"\udc00"}`, false}, {`{"a":"\ud800\u0041"}`, false}, {`{"a":"\ud800\ud800"}`, false}, {`{"a":"` + "\xc0\x80" + `"}`, false},
		{`{"a":1,"a":2}`, false}, {`{"a":1,"\u0061":2}`, false}, {`{"b":{"a":1,"a":2}}`, false}, {`{"b":[{"a":1,"a":2}]}`, false},
		{`{"a":` + strings.Repeat("[", maxDepth-1) + strings.Repeat("]", maxDepth-1) + `}`, true},
		{`{"a":` + strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth) + `}`, false},
		{`{"a":/**/1}`, false},
	}
	for _, test := range tests {
		if _, ok := ParseObject(test.text); ok != test.ok {
			t.Errorf("%q: %v, want %v", test.text, ok, test.ok)
		}
	}
}

func TestParseObjectOfManyNames(t *testing.T) {
	var b strings.Builder
	for i := range 1000 {
		b.WriteString(`,"` + strconv.Itoa(i) + `":` + strconv.Itoa(i))
	}
	if o, ok := ParseObject("{" + b.String()[1:] + "}"); !ok || o.Get("999") != "999" || len(o) != 1000 {
		t.Error("refused")
	}
	if _, ok := ParseObject("{" + b.String()[1:] + `,"500":1}`); ok {
		t.Error("a name among many is accepted twice")
	}
}

// FuzzParseObject holds our reading against encoding/json's: what we accept it
// must accept, and mean the same.
func FuzzParseObject(f *testing.F) {
	for _, text := range []string{`{}`, `{"a":[1,{"b":"\ud83d\ude00"}],"c":-1.5e3}`, `{"a":1,"a":2}`, `{"sub":"a","aud":"b","cognito:groups":["x"],"exp":1}`, `{"aud":["a","b"]}`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		o, ok := ParseObject(text)
		var want map[string]json.RawMessage
		err := json.Unmarshal([]byte(text), &want)
		if !ok {
			return
		}
		if err != nil || len(want) != len(o) {
			t.Fatalf("accepted %q; encoding/json has %d members, we %d: %v", text, len(want), len(o), err)
		}
		for _, m := range o {
			if !bytes.Equal(want[m.Name], []byte(m.Value)) {
				t.Fatalf("%q is %q to us, %q to encoding/json", m.Name, m.Value, want[m.Name])
			}
			var s string
			if got, ok := o.Text(m.Name); ok && (json.Unmarshal([]byte(m.Value), &s) != nil || got != s) {
				t.Fatalf("text %q is %q", m.Value, got)
			}
			var list []string
			if got, ok := o.List(m.Name); ok && (json.Unmarshal([]byte(m.Value), &list) != nil || !slices.Equal(got, list)) {
				t.Fatalf("list %q is %q", m.Value, got)
			}
			var n int64
			if got, _, ok := o.Seconds(m.Name); ok && (json.Unmarshal([]byte(m.Value), &n) != nil || got != n) {
				t.Fatalf("seconds %q is %d", m.Value, got)
			}
		}
	})
}
