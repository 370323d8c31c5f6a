package lawtest

import (
	"bytes"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// root is the top of the module, seen from this package.
const root = "../.."

// maxLines is the end for a file written by hand; 400 is what they aim at.
const maxLines = 600

// vague are package names that say nothing of what is inside.
var vague = []string{
	"util", "utils", "common", "helper", "helpers", "types", "models", "dto", "manager", "service", "services", "misc", "shared",
}

func TestHandWrittenFilesAreShort(t *testing.T) {
	for path, text := range sources(t) {
		if lines := bytes.Count(text, []byte("\n")); lines > maxLines && !generated(t, path, text) {
			t.Errorf("%s has %d lines; split it by noun below %d", path, lines, maxLines)
		}
	}
}

func TestFilesAreFormatted(t *testing.T) {
	for path, text := range sources(t) {
		formatted, err := format.Source(text)
		if err != nil {
			t.Errorf("%s: %v", path, err)
		} else if !bytes.Equal(formatted, text) {
			t.Errorf("%s is not as gofmt writes it", path)
		}
	}
}

func TestPackageNamesSayWhatIsInside(t *testing.T) {
	for path := range sources(t) {
		for dir := range strings.SplitSeq(filepath.ToSlash(filepath.Dir(path)), "/") {
			if slices.Contains(vague, dir) {
				t.Errorf("%s: a directory called %q says nothing of what is inside", path, dir)
			}
		}
	}
}

// generated reports whether the file says of itself that a program wrote it.
func generated(t *testing.T, path string, text []byte) bool {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, text, parser.ParseComments|parser.PackageClauseOnly)
	if err != nil {
		t.Fatal(err)
	}
	return ast.IsGenerated(file)
}

// sources reads all Go files of the module, by their path from its top.
func sources(t *testing.T) map[string][]byte {
	t.Helper()
	files := make(map[string][]byte)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || d.Name() == "node_modules" || path != root && strings.HasPrefix(d.Name(), ".")):
			return filepath.SkipDir
		case d.IsDir() || filepath.Ext(path) != ".go":
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		short, err := filepath.Rel(root, path)
		files[short] = text
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("no Go files found")
	}
	return files
}
