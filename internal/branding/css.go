package branding

import (
	"regexp"
	"strings"
)

// CSSVersion names the classes of the classic pages that style sheets may speak
// of, as Cognito names them since 2019.
const CSSVersion = "20190128172214"

// MaxCSS is the longest style sheet, in characters.
const MaxCSS = 131072

// classes are those of the template that the console offers.
var classes = map[string]bool{
	"logo-customizable":                   true,
	"banner-customizable":                 true,
	"label-customizable":                  true,
	"textDescription-customizable":        true,
	"idpDescription-customizable":         true,
	"legalText-customizable":              true,
	"submitButton-customizable":           true,
	"errorMessage-customizable":           true,
	"inputField-customizable":             true,
	"idpButton-customizable":              true,
	"socialButton-customizable":           true,
	"redirect-customizable":               true,
	"passwordCheck-notValid-customizable": true,
	"passwordCheck-valid-customizable":    true,
	"background-customizable":             true,
}

var (
	selector = regexp.MustCompile(`^\.([A-Za-z-]+)(?::(?:hover|focus|active))?$`)
	property = regexp.MustCompile(`^-?[A-Za-z][A-Za-z-]*$`)

	// fetching are the functions that make a browser load or run something.
	fetching = regexp.MustCompile(`(?i)url\s*\(|image-set\s*\(|image\s*\(|src\s*\(|expression\s*\(|javascript\s*:|-moz-binding|behavior\s*:`)
)

// CheckCSS refuses a style sheet that does more than give properties to the
// classes of the template: other selectors, at-rules, and values that make a
// browser load or run something. The error is InvalidParameterException.
func CheckCSS(css string) error {
	for _, c := range css {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' && c != '\f' || c == 0x7f {
			return invalid("Invalid CSS: it has a control character.")
		}
	}
	// Neither has a use in what remains, and both hide things: an escape what a
	// value says, a tag where the sheet ends.
	if strings.ContainsAny(css, `\<`) {
		return invalid(`Invalid CSS: it must not contain \ or <.`)
	}
	rest, err := withoutComments(css)
	if err != nil {
		return err
	}
	if strings.Contains(rest, "@") {
		return invalid("Invalid CSS: at-rules such as @import and @media are not allowed.")
	}
	if fetching.MatchString(rest) {
		return invalid("Invalid CSS: url() and scripts are not allowed.")
	}
	for strings.TrimSpace(rest) != "" {
		selectors, behind, ok := strings.Cut(rest, "{")
		if !ok {
			return invalid("Invalid CSS: it does not end with a rule.")
		}
		for s := range strings.SplitSeq(selectors, ",") {
			s = strings.TrimSpace(s)
			if m := selector.FindStringSubmatch(s); m == nil || !classes[m[1]] {
				return invalid("Invalid CSS: %q is not a class that can be customized.", short(s))
			}
		}
		declarations, next := cutOutside(behind, '}')
		if declarations == behind {
			return invalid("Invalid CSS: a rule is not closed.")
		}
		if err := checkDeclarations(declarations); err != nil {
			return err
		}
		rest = next
	}
	return nil
}

// withoutComments is css with a space for each comment outside of strings.
func withoutComments(css string) (string, error) {
	var b strings.Builder
	var quote byte
	for i := 0; i < len(css); i++ {
		c := css[i]
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0 && (c == '\n' || c == '\r' || c == '\f'):
			return "", invalid("Invalid CSS: a string is not closed.")
		case quote != 0:
		case c == '"' || c == '\'':
			quote = c
		case c == '/' && strings.HasPrefix(css[i:], "/*"):
			end := strings.Index(css[i+2:], "*/")
			if end < 0 {
				return "", invalid("Invalid CSS: a comment is not closed.")
			}
			i += 2 + end + 1
			c = ' '
		}
		b.WriteByte(c)
	}
	if quote != 0 {
		return "", invalid("Invalid CSS: a string is not closed.")
	}
	return b.String(), nil
}

func checkDeclarations(text string) error {
	for text != "" {
		var declaration string
		declaration, text = cutOutside(text, ';')
		if strings.TrimSpace(declaration) == "" {
			continue
		}
		name, value, ok := strings.Cut(declaration, ":")
		if name = strings.TrimSpace(name); !ok || !property.MatchString(name) || strings.TrimSpace(value) == "" {
			return invalid("Invalid CSS: %q is not a declaration.", short(strings.TrimSpace(declaration)))
		}
		if before, _ := cutOutside(value, '{'); before != value {
			return invalid("Invalid CSS: rules must not nest.")
		}
	}
	return nil
}

// cutOutside cuts text at the first mark outside of strings. Without one, before
// is all of the text.
func cutOutside(text string, mark rune) (before, behind string) {
	var quote rune
	for i, c := range text {
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
		case c == '"' || c == '\'':
			quote = c
		case c == mark:
			return text[:i], text[i+1:]
		}
	}
	return text, ""
}
