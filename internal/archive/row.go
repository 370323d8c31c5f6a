package archive

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
)

// row is the values of a row, each a string, an int64 or nil, with the places of
// its columns.
type row struct {
	values []any
	place  map[string]int
}

func (r row) text(column string) string {
	i, ok := r.place[column]
	if !ok {
		return ""
	}
	text, _ := r.values[i].(string)
	return text
}

func (r row) set(column, text string) {
	if i, ok := r.place[column]; ok {
		r.values[i] = text
	}
}

// layout is the columns of a table in a file.
type layout struct {
	*table
	columns []store.Column
	place   map[string]int
}

func newLayout(t *table, columns []store.Column) layout {
	l := layout{table: t, columns: columns, place: make(map[string]int, len(columns))}
	for i, c := range columns {
		l.place[c.Name] = i
	}
	return l
}

// names are the names of the columns.
func (l *layout) names() []string {
	names := make([]string, len(l.columns))
	for i, c := range l.columns {
		names[i] = c.Name
	}
	return names
}

// unknownSecret returns a column with sealed text that the table does not tell of.
func (l *layout) unknownSecret() (string, bool) {
	for _, c := range l.columns {
		if !strings.HasPrefix(c.Name, "sealed") {
			continue
		}
		known := false
		for _, s := range l.secrets {
			known = known || s.column == c.Name
		}
		if !known {
			return c.Name, true
		}
	}
	return "", false
}

// swap turns all secrets of a row from one form into the other.
func (l *layout) swap(poolID string, values []any, swap swapper) error {
	r := row{values: values, place: l.place}
	for _, s := range l.secrets {
		value := r.text(s.column)
		if value == "" {
			continue
		}
		context := []string{poolID}
		for _, column := range s.bound {
			context = append(context, r.text(column))
		}
		value, err := swap(s.purpose, value, context...)
		if err != nil {
			return fmt.Errorf("%s.%s: %w", l.Name, s.column, err)
		}
		r.set(s.column, value)
	}
	if l.within != nil {
		if err := l.within(poolID, r, swap); err != nil {
			return fmt.Errorf("%s: %w", l.Name, err)
		}
	}
	return nil
}

// unseal is the swapper of an export.
func unseal(ring *keys.Ring) swapper {
	return func(purpose keys.Purpose, value string, context ...string) (string, error) {
		plain, err := ring.Open(purpose, value, context...)
		if err != nil {
			return "", err
		}
		return base64.StdEncoding.EncodeToString(plain), nil
	}
}

// seal is the swapper of an import.
func seal(ring *keys.Ring) swapper {
	return func(purpose keys.Purpose, value string, context ...string) (string, error) {
		plain, err := base64.StdEncoding.Strict().DecodeString(value)
		if err != nil {
			return "", fmt.Errorf("%w: a secret is not base64", ErrNotArchive)
		}
		return ring.Seal(purpose, plain, context...)
	}
}

// checkText makes sure that JSON carries a row as it is.
func checkText(values []any) error {
	for _, v := range values {
		if text, ok := v.(string); ok && !utf8.ValidString(text) {
			return errors.New("a value is not UTF-8")
		}
	}
	return nil
}
