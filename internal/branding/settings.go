package branding

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/poolhouse/poolhouse/internal/fault"
)

const (
	// maxSettings is the longest settings document, in bytes without white space.
	// One that says everything has about 8,000.
	maxSettings = 128 << 10

	// maxDepth is how deep it may nest. The known values are at most 7 deep.
	maxDepth = 16
)

//go:embed defaults.json
var defaultsText []byte

// Defaults is the settings document of a style that sets nothing itself. The
// caller must not change it.
func Defaults() json.RawMessage { return defaultsText }

func invalid(format string, args ...any) error {
	return fault.Errorf(fault.InvalidParameter, format, args...)
}

// Merge is base with the members that patch sets, as a JSON merge patch (RFC
// 7396): objects are merged, null takes a member away, everything else,
// arrays too, replaces what was there. Numbers keep their digits. Neither is
// checked; an empty document counts as {}.
func Merge(base, patch json.RawMessage) (json.RawMessage, error) {
	b, err := parse(base)
	if err != nil {
		return nil, err
	}
	p, err := parse(patch)
	if err != nil {
		return nil, err
	}
	merge(b, p)
	return json.Marshal(b)
}

// merge changes base to base with patch.
func merge(base, patch map[string]any) {
	for name, value := range patch {
		child, isObject := value.(map[string]any)
		switch {
		case value == nil:
			delete(base, name)
		case isObject:
			old, _ := base[name].(map[string]any)
			if old == nil {
				old = map[string]any{}
			}
			merge(old, child)
			base[name] = old
		default:
			base[name] = value
		}
	}
}

// Apply is the settings document old, which may be empty, after an administrator
// sent change. It is checked as a whole: the parts that the login pages know
// must have the types and values that they understand. The error is
// InvalidParameterException.
func Apply(old, change json.RawMessage) (json.RawMessage, error) {
	if depth(change) > maxDepth {
		return nil, invalid("Invalid Settings: the document is nested too deeply.")
	}
	if first := bytes.TrimLeft(change, " \t\r\n"); len(first) == 0 || first[0] != '{' {
		return nil, invalid("Invalid Settings: the document must be an object.")
	}
	if _, err := parse(change); err != nil {
		return nil, invalid("Invalid Settings: the document is not JSON.")
	}
	merged, err := Merge(old, change)
	if err != nil {
		return nil, err
	}
	if len(merged) > maxSettings {
		return nil, invalid("Invalid Settings: the document is longer than %d bytes.", maxSettings)
	}
	doc, err := parse(merged)
	if err != nil {
		return nil, err
	}
	if err := schema.check("", doc); err != nil {
		return nil, err
	}
	return merged, nil
}

// parse reads a document.
func parse(doc json.RawMessage) (map[string]any, error) {
	parsed := map[string]any{}
	if len(doc) == 0 {
		return parsed, nil
	}
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	if err := d.Decode(&parsed); err != nil {
		return nil, fmt.Errorf("settings document: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("settings document: text behind it")
	}
	return parsed, nil
}

// depth is how deep the brackets of a document nest.
func depth(doc []byte) int {
	deepest, now, inText := 0, 0, false
	for i := 0; i < len(doc); i++ {
		switch c := doc[i]; {
		case inText && c == '\\':
			i++
		case c == '"':
			inText = !inText
		case inText:
		case c == '{' || c == '[':
			now++
			deepest = max(deepest, now)
		case c == '}' || c == ']':
			now--
		}
	}
	return deepest
}

// A rule says what a value of a settings document may be. path names it in
// errors.
type rule interface {
	check(path string, value any) error
}

// object has the known members. Others are refused where closed, and elsewhere
// kept without a meaning: Cognito adds some from time to time.
type object struct {
	members map[string]rule
	closed  bool
}

func (o object) check(path string, value any) error {
	members, ok := value.(map[string]any)
	if !ok {
		return invalid("Invalid Settings: %s must be an object.", shown(path))
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		below := strings.TrimPrefix(path+"."+name, ".")
		switch known := o.members[name]; {
		case known != nil:
			if err := known.check(below, members[name]); err != nil {
				return err
			}
		case o.closed:
			return invalid("Invalid Settings: %s is not a known setting.", shown(below))
		default:
			if err := checkUnknown(below, name, members[name]); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkUnknown checks a member that the schema does not know by what its name
// says about it.
func checkUnknown(path, name string, value any) error {
	if members, ok := value.(map[string]any); ok {
		return object{}.check(path, members)
	}
	switch {
	case name == "color" || strings.HasSuffix(name, "Color"):
		return color{}.check(path, value)
	case name == "borderRadius":
		return radius{}.check(path, value)
	case name == "enabled":
		return boolean{}.check(path, value)
	}
	return nil
}

// color is RRGGBBAA in hexadecimal digits.
type color struct{}

func (color) check(path string, value any) error {
	s, ok := value.(string)
	if ok && len(s) == 8 && strings.Trim(s, "0123456789abcdefABCDEF") == "" {
		return nil
	}
	return invalid("Invalid Settings: %s must be a color of eight hexadecimal digits, RRGGBBAA.", shown(path))
}

// radius is that of a corner, in pixels.
type radius struct{}

const maxRadius = 100

func (radius) check(path string, value any) error {
	if n, ok := value.(json.Number); ok {
		if f, err := strconv.ParseFloat(n.String(), 64); err == nil && f >= 0 && f <= maxRadius {
			return nil
		}
	}
	return invalid("Invalid Settings: %s must be a number from 0 to %d.", shown(path), maxRadius)
}

type boolean struct{}

func (boolean) check(path string, value any) error {
	if _, ok := value.(bool); !ok {
		return invalid("Invalid Settings: %s must be true or false.", shown(path))
	}
	return nil
}

// word is a value such as CENTER. Where oneOf is empty not all are known, and a
// word that the pages do not know counts as the default.
type word struct{ oneOf []string }

func (w word) check(path string, value any) error {
	const maxWord = 64
	s, ok := value.(string)
	switch {
	case !ok || s == "" || len(s) > maxWord:
	case len(w.oneOf) > 0:
		ok = slices.Contains(w.oneOf, s)
	default:
		ok = strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == ""
	}
	switch {
	case ok && s != "" && len(s) <= maxWord:
		return nil
	case len(w.oneOf) > 0:
		return invalid("Invalid Settings: %s must be one of [%s].", shown(path), strings.Join(w.oneOf, ", "))
	}
	return invalid("Invalid Settings: %s must be a word in capital letters.", shown(path))
}

// name is the name of an identity provider or of a text.
type name struct{}

func (name) check(path string, value any) error {
	if s, ok := value.(string); ok && s != "" && len(s) <= 256 {
		return nil
	}
	return invalid("Invalid Settings: %s must be a text of 1 to 256 bytes.", shown(path))
}

// list has up to 100 elements of one kind.
type list struct{ of rule }

func (l list) check(path string, value any) error {
	const maxElements = 100
	elements, ok := value.([]any)
	if !ok || len(elements) > maxElements {
		return invalid("Invalid Settings: %s must be a list of at most %d elements.", shown(path), maxElements)
	}
	for i, e := range elements {
		if err := l.of.check(path+"["+strconv.Itoa(i)+"]", e); err != nil {
			return err
		}
	}
	return nil
}

// shown is a path as messages name it.
func shown(path string) string {
	if path == "" {
		return "the document"
	}
	return short(path)
}

// short is a text from outside, cut to what a message can hold.
func short(text string) string {
	const most = 200
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "..."
	}
	return text
}
