package userpool

import (
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/fault"
)

func TestParseFilter(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       filter
	}{
		{"empty", "", filter{}},
		{"spaces", "  ", filter{}},
		{"equal", `email = "a@b.c"`, filter{"email", false, "a@b.c"}},
		{"prefix", `given_name ^= "Jo"`, filter{"given_name", true, "Jo"}},
		{"no spaces", `sub="1"`, filter{"sub", false, "1"}},
		{"no spaces, prefix", `sub^="1"`, filter{"sub", true, "1"}},
		{"spaces everywhere", "\t sub  ^=  \"1\" \n", filter{"sub", true, "1"}},
		{"colon", `cognito:user_status = "CONFIRMED"`, filter{"cognito:user_status", false, "CONFIRMED"}},
		{"custom", `custom:team-id = "x"`, filter{"custom:team-id", false, "x"}},
		{"empty value", `name = ""`, filter{"name", false, ""}},
		{"escaped quotes", `name = "J \"X\" D"`, filter{"name", false, `J "X" D`}},
		{"backslash", `name = "DOMAIN\user"`, filter{"name", false, `DOMAIN\user`}},
		{"escaped backslash", `name = "end\\"`, filter{"name", false, `end\`}},
		{"operators in the value", `name = "a ^= b = c"`, filter{"name", false, "a ^= b = c"}},
		{"spaces in the value", `name = "  a "`, filter{"name", false, "  a "}},
		{"256 characters", `name = "` + strings.Repeat("é", 247) + `"`, filter{"name", false, strings.Repeat("é", 247)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseFilter(tt.text)
			if err != nil || got != tt.want {
				t.Errorf("got %+v, %v, want %+v", got, err, tt.want)
			}
		})
	}
}

func TestParseFilterRefusals(t *testing.T) {
	for _, tt := range []struct{ name, text string }{
		{"attribute alone", "email"},
		{"no attribute", `= "x"`},
		{"no operator", `email "x"`},
		{"no value", "email ="},
		{"other operator", `email != "x"`},
		{"half an operator", `email ^ "x"`},
		{"operator apart", `email ^ = "x"`},
		{"doubled operator", `email == "x"`},
		{"unquoted", "email = x"},
		{"single quotes", "email = 'x'"},
		{"open", `email = "x`},
		{"open by an escape", `email = "x\"`},
		{"more after it", `email = "x" y`},
		{"two conditions", `email = "x" and name = "y"`},
		{"quoted attribute", `"email" = "x"`},
		{"two words", `email address = "x"`},
		{"257 characters", `name = "` + strings.Repeat("x", 248) + `"`},
		{"no text", "name = \"\xff\""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseFilter(tt.text)
			if err == nil {
				t.Fatalf("read as %+v", got)
			}
			checkFault(t, err, fault.InvalidParameter, "Error while parsing filter")
		})
	}
}

// FuzzParseFilter holds that what is read is bounded and reads the same from its
// plainest spelling, to which the tokens of pages are bound.
func FuzzParseFilter(f *testing.F) {
	for _, s := range []string{"", `email = "a@b.c"`, `name ^= "\"\\"`, `a="`, `a^="\`, "é = \"\u0000\""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseFilter(text)
		if err != nil {
			checkFault(t, err, fault.InvalidParameter, "Error while parsing filter")
			return
		}
		if len([]rune(got.value)) >= indexedRunes {
			t.Errorf("a value of %d characters", len([]rune(got.value)))
		}
		plain := got.String()
		if len([]rune(plain)) > maxFilter {
			return // escapes that were left out
		}
		if again, err := parseFilter(plain); err != nil || again != got {
			t.Errorf("%q read as %+v, %q as %+v, %v", text, got, plain, again, err)
		}
	})
}
