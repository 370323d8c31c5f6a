package branding

import (
	"strings"
	"testing"
)

func TestCheckCSS(t *testing.T) {
	template := ""
	for class := range classes {
		template += "." + class + " {\n\tcolor: #00a0ff; font: bold 12px \"Amazon Ember\", 'x;}y', sans-serif;\n}\n"
	}
	for _, tc := range []struct{ name, css, want string }{
		{"nothing", "", ""},
		{"a comment", "/* @import url(x) { */", ""},
		{"all classes", template, ""},
		{"states and lists", ".submitButton-customizable:hover, .inputField-customizable:focus{color:red;;border:1px solid}", ""},
		{"an empty rule", ".label-customizable{}", ""},
		{"a comment in a rule", ".label-customizable{/* } */color/**/:red}", ""},
		{"an unknown class", ".evil{color:red}", "\".evil\" is not a class that can be customized."},
		{"an element", "body{display:none}", "\"body\" is not a class that can be customized."},
		{"a descendant", ".label-customizable a{color:red}", "\".label-customizable a\" is not a class that can be customized."},
		{"another state", ".label-customizable:after{color:red}", "\".label-customizable:after\" is not a class that can be customized."},
		{"one of a list", ".label-customizable,*{color:red}", "\"*\" is not a class that can be customized."},
		{"no selector", "{color:red}", "\"\" is not a class that can be customized."},
		{"an import", "@import 'https://example.com/x.css';", "at-rules such as @import and @media are not allowed."},
		{"a media rule", "@media print{.label-customizable{color:red}}", "at-rules such as @import and @media are not allowed."},
		{"a rule in a rule", ".label-customizable{.banner-customizable{color:red}}", "\".banner-customizable{color:red\" is not a declaration."},
		{"a rule in a value", ".label-customizable{color:{}}", "rules must not nest."},
		{"a picture", ".label-customizable{background:URL ( https://example.com/x.png )}", "url() and scripts are not allowed."},
		{"a picture behind a comment", ".label-customizable{background:ur/**/l(x)}", ""}, // "ur l(x)" to a browser
		{"an image set", `.label-customizable{background:image-set("x.png" 1x)}`, "url() and scripts are not allowed."},
		{"an expression", ".label-customizable{width:expression(alert(1))}", "url() and scripts are not allowed."},
		{"an escape", `.label-customizable{background:u\72l(x)}`, `it must not contain \ or <.`},
		{"a tag", ".label-customizable{color:red}</style><script>", `it must not contain \ or <.`},
		{"a control character", ".label-customizable{color:\x00red}", "it has a control character."},
		{"an open rule", ".label-customizable{color:red", "a rule is not closed."},
		{"an open comment", "/* ", "a comment is not closed."},
		{"an open string", ".label-customizable{font:'x}", "a string is not closed."},
		{"a string over lines", ".label-customizable{font:'x\n'}", "a string is not closed."},
		{"text", "hello", "it does not end with a rule."},
		{"a property without a value", ".label-customizable{color}", "\"color\" is not a declaration."},
		{"a variable", ".label-customizable{--x:1}", "\"--x:1\" is not a declaration."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			want := ""
			if tc.want != "" {
				want = "InvalidParameterException: Invalid CSS: " + tc.want
			}
			if got := text(CheckCSS(tc.css)); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

// A sheet that passes has nothing that a page must fear.
func FuzzCheckCSS(f *testing.F) {
	f.Add(".label-customizable{color:red}")
	f.Add(".label-customizable:hover,.banner-customizable{font:'}' /* x */}")
	f.Fuzz(func(t *testing.T, css string) {
		if CheckCSS(css) != nil {
			return
		}
		rest, err := withoutComments(css)
		if err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(rest, `\<@`) || strings.Contains(strings.ToLower(rest), "url(") {
			t.Errorf("%q passes", css)
		}
		if strings.TrimSpace(rest) != "" && !strings.HasSuffix(strings.TrimSpace(rest), "}") {
			t.Errorf("%q passes, but ends with no rule", css)
		}
	})
}
