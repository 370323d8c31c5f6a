package test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/store/storetest"
	"github.com/poolhouse/poolhouse/internal/testenv"
)

// TestWalk types what the README tells a newcomer to type.
func TestWalk(t *testing.T) {
	_, err := exec.LookPath("aws")
	testenv.Require(t, "awscli", err == nil, "there is no program aws")
	t.Run("memory", func(t *testing.T) { walk(t, startDev(t)) })
	t.Run("sqlite", func(t *testing.T) { walk(t, startDev(t, "--database", storetest.SQLiteURL(t), "--data", t.TempDir())) })
	t.Run("postgres", func(t *testing.T) {
		walk(t, startDev(t, "--database", storetest.PostgresURL(t), "--data", t.TempDir()))
	})
}

func walk(t *testing.T, s *server) {
	shell := &shell{t: t, home: t.TempDir()}
	var inbox []message
	var signedIn struct {
		AuthenticationResult struct{ AccessToken, IdToken, RefreshToken string }
	}
	steps := 0
	for _, line := range readmeWalk(t) {
		line = strings.ReplaceAll(line, "http://127.0.0.1:9339", s.URL)
		if len(inbox) > 0 {
			line = strings.ReplaceAll(line, "CODE", inbox[0].Code)
		}
		line = strings.ReplaceAll(line, "ACCESS_TOKEN", signedIn.AuthenticationResult.AccessToken)
		if strings.HasPrefix(line, "export ") {
			shell.exports = append(shell.exports, line)
			continue
		}
		steps++
		out := shell.run(line)
		switch {
		case strings.HasPrefix(line, "curl"):
			if err := json.Unmarshal(out, &inbox); err != nil || len(inbox) == 0 || inbox[0].Code == "" {
				t.Fatalf("no code in the inbox: %s", out)
			}
		case strings.Contains(line, "initiate-auth"):
			if err := json.Unmarshal(out, &signedIn); err != nil || signedIn.AuthenticationResult.AccessToken == "" {
				t.Fatalf("no tokens: %s", out)
			}
		case strings.Contains(line, "get-user"):
			if !strings.Contains(string(out), `"Value": "ada@example.com"`) {
				t.Errorf("get-user answered %s", out)
			}
		}
	}
	if steps != 5 {
		t.Errorf("the README's walk has %d steps, want 5", steps)
	}
	claims := s.verifyToken(demoPool, signedIn.AuthenticationResult.IdToken)
	if claims["email"] != "ada@example.com" || claims["email_verified"] != true || claims["iss"] != s.URL+"/"+demoPool {
		t.Errorf("claims of the ID token: %v", claims)
	}
}

// shell runs lines as a terminal would.
type shell struct {
	t       *testing.T
	home    string
	exports []string
}

func (s *shell) run(line string) []byte {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), "sh", "-e", "-c", strings.Join(append(s.exports, line), "\n"))
	// No configuration of this machine's user, no pager, no proxy.
	cmd.Env = append(environment(), "HOME="+s.home, "AWS_CONFIG_FILE="+filepath.Join(s.home, "none"),
		"AWS_EC2_METADATA_DISABLED=true", "AWS_PAGER=", "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1")
	out, err := cmd.Output()
	if err != nil {
		if exit, ok := err.(*exec.ExitError); ok {
			s.t.Fatalf("%s\n%v\n%s", line, err, exit.Stderr)
		}
		s.t.Fatal(err)
	}
	return out
}

// readmeWalk are the commands of the README's section with the walk.
func readmeWalk(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(text), "## A walk")
	_, block, ok2 := strings.Cut(section, "```sh\n")
	block, _, ok3 := strings.Cut(block, "```")
	if !ok || !ok2 || !ok3 {
		t.Fatal("the README has no walk")
	}
	var lines []string
	for line := range strings.Lines(strings.ReplaceAll(block, "\\\n", " ")) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}
