package clients_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/poolhouse/poolhouse/internal/testenv"
)

// TestJavaScript runs each file of js as a program against a server of its own.
func TestJavaScript(t *testing.T) {
	requireNode(t)
	files, err := filepath.Glob("js/*.test.mjs")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			start(t, "url").run("js", "node", filepath.Base(file))
		})
	}
}

// TestJavaScriptAWSIssuer has aws-jwt-verify's Cognito verifier, which insists
// on AWS's issuer, accept the tokens of a server that is told to use it.
func TestJavaScriptAWSIssuer(t *testing.T) {
	requireNode(t)
	start(t, "aws").run("js", "node", "aws-issuer.mjs")
}

func requireNode(t *testing.T) {
	t.Helper()
	_, err := exec.LookPath("node")
	testenv.Require(t, "node", err == nil, "there is no program node")
	_, err = os.Stat("js/node_modules/.package-lock.json")
	testenv.Require(t, "node", err == nil, "the packages are not installed: npm ci --prefix test/clients/js")
}
