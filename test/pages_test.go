package test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/testenv"
)

// TestPages has a browser use the login pages: every page, and every way to sign
// in. The programs are clients/js/pages/*.mjs; the environment may name the browser,
// POOLHOUSE_TEST_CHROMIUM, and a directory for pictures of the pages,
// POOLHOUSE_TEST_SCREENSHOTS.
func TestPages(t *testing.T) {
	chromium := requireBrowser(t)
	programs, err := filepath.Glob("clients/js/pages/*.mjs")
	if err != nil || len(programs) == 0 {
		t.Fatalf("no programs: %v", err)
	}
	onEachDatabase(t, func(t *testing.T, database string) {
		look := "yes"
		if !strings.HasPrefix(database, "sqlite") {
			look = "no" // the pages look the same
		}
		s := startDev(t, "--database", database, "--data", t.TempDir(), "--log-level", "debug", "--functions", challengeFunctions(t))
		for _, program := range programs {
			name := filepath.Base(program)
			if name == "site.mjs" {
				continue // what they have in common
			}
			t.Run(name, func(t *testing.T) {
				s.browse(t, program, "AWS_ACCESS_KEY_ID=any", "AWS_SECRET_ACCESS_KEY=thing", "POOLHOUSE_POOL="+demoPool,
					"POOLHOUSE_CLIENT="+demoClient, "POOLHOUSE_TEST_CHROMIUM="+chromium, "POOLHOUSE_TEST_LOOK="+look,
					"POOLHOUSE_TEST_SCREENSHOTS="+os.Getenv("POOLHOUSE_TEST_SCREENSHOTS"))
			})
		}
		for _, word := range []string{password, "Battery-Staple-8", "Temporary-1", "Wrong-Horse-7"} {
			if strings.Contains(s.output.String(), word) {
				t.Errorf("the log has the password %s", word)
			}
		}
	})
}

// browse runs a program of tests that drives a browser, with more in its
// environment. A test of it that hangs fails after a time that none needs.
func (s *server) browse(t *testing.T, program string, more ...string) {
	t.Helper()
	node := exec.CommandContext(t.Context(), "node", "--test", "--test-timeout=240000", "--test-reporter=spec", program)
	node.Env = slices.Concat(environment(), []string{"AWS_ENDPOINT_URL=" + s.URL, "AWS_REGION=" + region}, more)
	if out, err := node.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// requireBrowser is the program of the browser, of a machine that has what the tests
// with one need.
func requireBrowser(t *testing.T) string {
	t.Helper()
	chromium := findChromium()
	testenv.Require(t, "chromium", chromium != "", "there is no program chromium")
	_, err := exec.LookPath("node")
	testenv.Require(t, "node", err == nil, "there is no program node")
	for _, name := range []string{"playwright-core", "esbuild"} {
		_, err = os.Stat("clients/js/node_modules/" + name + "/package.json")
		testenv.Require(t, "node", err == nil, "the packages are not installed: npm ci --prefix test/clients/js")
	}
	return chromium
}

// challengeFunctions is a file that runs the functions of a challenge.
func challengeFunctions(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("testdata/functions")
	if err != nil {
		t.Fatal(err)
	}
	var functions []string
	for _, name := range []string{"define", "create", "verify"} {
		functions = append(functions, fmt.Sprintf(`"%s": {"local": {"dir": %q, "handler": "challenge.%s"}}`, name, dir, name))
	}
	file := filepath.Join(t.TempDir(), "functions.json")
	text := `{"timeout": "20s", "functions": {` + strings.Join(functions, ", ") + "}}"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func findChromium() string {
	for _, name := range []string{os.Getenv("POOLHOUSE_TEST_CHROMIUM"), "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil || errors.Is(err, exec.ErrDot) {
			return path
		}
	}
	return ""
}
