package verify

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"
)

// TestEveryCodeHasWords finds the constants in the source, so that a new one
// without a message is noticed.
func TestEveryCodeHasWords(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "error.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var found int
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || fmt.Sprint(spec.Type) != "Code" {
			return true
		}
		value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		if found++; messages[Code(value)] == "" {
			t.Errorf("%s has no message", spec.Names[0].Name)
		}
		return true
	})
	if found == 0 || found != len(messages) {
		t.Errorf("%d codes, %d messages", found, len(messages))
	}
}

func TestError(t *testing.T) {
	cause := errors.New("dial")
	err := fmt.Errorf("api: %w", &Error{Code: ErrKeysUnavailable, Err: cause})
	if !errors.Is(err, ErrKeysUnavailable) || !errors.Is(err, cause) || errors.Is(err, ErrExpired) {
		t.Errorf("%v is not what it is", err)
	}
	if got, want := err.Error(), "api: verify: keys are unavailable: dial"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := Code("own").Error(), "verify: own"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
