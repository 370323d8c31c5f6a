package lawtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// requireLine is where .ci/run says what must be there.
var requireLine = regexp.MustCompile(`POOLHOUSE_TEST_REQUIRE\+?=([a-z0-9,]+)`)

// notInCI takes minutes to build.
const notInCI = "minio"

// TestNothingIsSkippedSilently wants each skip to have a name that
// POOLHOUSE_TEST_REQUIRE turns into a failure, and each name in .ci/run.
func TestNothingIsSkippedSilently(t *testing.T) {
	script, err := os.ReadFile(filepath.Join(root, ".ci/run"))
	if err != nil {
		t.Fatal(err)
	}
	var required []string
	for _, line := range requireLine.FindAllStringSubmatch(string(script), -1) {
		required = append(required, strings.Split(line[1], ",")...)
	}
	for path, text := range sources(t) {
		if !strings.HasSuffix(path, "_test.go") && !strings.Contains(string(text), `"testing"`) {
			continue
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, text, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			f, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			switch at := fset.Position(call.Pos()); {
			case (f.Sel.Name == "Skip" || f.Sel.Name == "Skipf" || f.Sel.Name == "SkipNow") && file.Name.Name != "testenv":
				t.Errorf("%s skips without testenv.Require", at)
			case f.Sel.Name == "Require" && isName(f.X, "testenv") && !strings.Contains(path, "_bench_test.go"): // CI runs no benchmarks
				if name, ok := literal(call.Args[1]); ok && name != notInCI && !slices.Contains(required, name) {
					t.Errorf("%s: .ci/run does not require %q", at, name)
				}
			}
			return true
		})
	}
}

func isName(x ast.Expr, name string) bool {
	id, ok := x.(*ast.Ident)
	return ok && id.Name == name
}

// literal is the text of an argument that is written out.
func literal(x ast.Expr) (string, bool) {
	l, ok := x.(*ast.BasicLit)
	if !ok {
		return "", false
	}
	text, err := strconv.Unquote(l.Value)
	return text, err == nil
}
