package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/testenv"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestSmallModel compares the package for a hand-written model, one that has
// each kind of shape, with golden files.
func TestSmallModel(t *testing.T) {
	text, err := os.ReadFile("testdata/small.json")
	if err != nil {
		t.Fatal(err)
	}
	files, err := generate(text, "small")
	if err != nil {
		t.Fatal(err)
	}
	again, err := generate(text, "small")
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range files {
		if !bytes.Equal(f.text, again[i].text) {
			t.Errorf("%s differs when generated twice", f.name)
		}
		golden := filepath.Join("testdata", "small", f.name+".golden")
		if *update {
			if err := os.WriteFile(golden, f.text, 0o644); err != nil { //nolint:gosec // a golden file
				t.Fatal(err)
			}
		}
		compare(t, golden, f.text)
	}
}

func compare(t *testing.T, path string, want []byte) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what apigen writes", path)
	}
}

// TestCommitted regenerates the committed packages if POOLHOUSE_API_MODELS
// names the directory of the models.
func TestCommitted(t *testing.T) {
	dir := os.Getenv("POOLHOUSE_API_MODELS")
	testenv.Require(t, "models", dir != "", "POOLHOUSE_API_MODELS is not set")
	for _, tc := range []struct{ model, pkg string }{
		{"cognito-idp.service-2.json", "idpapi"},
		{"cognito-identity.service-2.json", "identityapi"},
	} {
		t.Run(tc.pkg, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(dir, tc.model))
			if err != nil {
				t.Fatal(err)
			}
			files, err := generate(text, tc.pkg)
			if err != nil {
				t.Fatal(err)
			}
			out := filepath.Join("..", "..", "internal", tc.pkg)
			for _, f := range files {
				compare(t, filepath.Join(out, f.name), f.text)
			}
			committed, err := filepath.Glob(filepath.Join(out, "*_gen*.go"))
			if err != nil {
				t.Fatal(err)
			}
			if len(committed) != len(files) {
				t.Errorf("%d generated files are committed, apigen writes %d", len(committed), len(files))
			}
		})
	}
}

func TestRunRemovesStaleFiles(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"old_gen.go", "doc.go"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("package small\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := run("testdata/small.json", "small", dir); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"old_gen.go": false, "doc.go": true, "shapes_gen.go": true} {
		if _, err := os.Stat(filepath.Join(dir, name)); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRefusedModels(t *testing.T) {
	const head = `{"metadata":{"protocol":"json","jsonVersion":"1.1"},"operations":{"Do":{"input":{"shape":"In"}}},"shapes":{`
	for _, tc := range []struct{ name, model, want string }{
		{"not JSON", `{`, "unexpected end"},
		{"another protocol", `{"metadata":{"protocol":"query"}}`, "not AWS JSON 1.1"},
		{"unknown shape", head + `}}`, "shape In is not in the model"},
		{"recursion", head + `"In":{"type":"structure","members":{"L":{"shape":"L"}}},"L":{"type":"list","member":{"shape":"In"}}}}`, "shape In contains itself"},
		{"unknown type", head + `"In":{"type":"structure","members":{"D":{"shape":"D"}}},"D":{"type":"double"}}}`, "type double is not supported"},
		{"two types of one name", head + `"In":{"type":"structure","members":{"D":{"shape":"DoOutput"}}},"DoOutput":{"type":"structure"}}}`,
			"DoOutput would name both operation Do and shape DoOutput"},
		{"two fields of one name", head + `"In":{"type":"structure","members":{"a":{"shape":"S"},"A":{"shape":"S"}}},"S":{"type":"string"}}}`,
			"A would name both member a and member A"},
		{"two constants of one name", head + `"In":{"type":"structure","members":{"E":{"shape":"E"}}},"E":{"type":"string","enum":["A_B","A-B","A.B"]}}}`, "would name both"},
		{"lookahead", head + `"In":{"type":"structure","members":{"S":{"shape":"S"}}},"S":{"type":"string","pattern":"(?!x).*"}}}`, "pattern (?!x).*"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := generate([]byte(tc.model), "small"); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

// TestTranslate holds translated patterns against what Java's matches answers.
func TestTranslate(t *testing.T) {
	const bucket = `^[0-9A-Za-z\.\-_]*(?<!\.)$`
	for _, tc := range []struct {
		pattern, text string
		want          bool
	}{
		{`[\S]+`, "a\vb", false},
		{`[\S]+`, "a\u00a0b", true},
		{`[\S]+`, "aé😀", true},
		{`\S+`, "a\u2028", true},
		{`[\w\s]+`, "a\vb", true},
		{`\s`, "\v", true},
		{`\s`, "\u00a0", false},
		{`[\w]+`, "é", false},
		{`.*x.*`, "ax\u2028", false},
		{`.*x.*`, "ax\r", false},
		{`.*x.*`, "ax\u0085", false},
		{`.*x.*`, "axé😀", true},
		{`(?s).*`, "a\r\n", true},
		{`[.]`, "a", false},
		{`\.`, "a", false},
		{`^[a-z]+$`, "a\n", false},
		{`a|b`, "ab", false},
		{`[A-Za-z0-9-_=.]+`, "a-_=.9", true},
		{`[A-Za-z0-9-_=.]+`, "a<", false},
		{bucket, "", true},
		{bucket, "a.b", true},
		{bucket, ".a", true},
		{bucket, "a.", false},
		{bucket, ".", false},
		{bucket, "a/b", false},
	} {
		t.Run(tc.pattern+" on "+tc.text, func(t *testing.T) {
			expr, err := translate(tc.pattern)
			if err != nil {
				t.Fatal(err)
			}
			if got := regexp.MustCompile(`\A(?:` + expr + `)\z`).MatchString(tc.text); got != tc.want {
				t.Errorf("%s: got %v, want %v", expr, got, tc.want)
			}
		})
	}
	for _, pattern := range []string{`(?<!a)b`, `(a)\1`, `[a&&[b]]`, `[a[b]]`, `a++`, `\h`, `\Qa\E`, `\v`, `a\`} {
		t.Run("refuses "+pattern, func(t *testing.T) {
			if expr, err := translate(pattern); err == nil {
				t.Errorf("gave %s", expr)
			}
		})
	}
}
