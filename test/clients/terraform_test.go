package clients_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/testenv"
)

// TestTerraform keeps pools, app clients and users with the AWS provider: what it
// made it finds again unchanged, changes in place, and takes away.
//
// POOLHOUSE_TEST_TERRAFORM_PLUGINS names the directory with the provider, as made
// by "terraform providers mirror DIR" in the directory terraform.
func TestTerraform(t *testing.T) {
	_, err := exec.LookPath("terraform")
	testenv.Require(t, "terraform", err == nil, "there is no program terraform")
	plugins := os.Getenv("POOLHOUSE_TEST_TERRAFORM_PLUGINS")
	testenv.Require(t, "terraform", plugins != "", "POOLHOUSE_TEST_TERRAFORM_PLUGINS names no directory with the AWS provider")

	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("terraform")); err != nil {
		t.Fatal(err)
	}
	tf := &terraform{dir: dir, server: start(t, "url")}
	tf.run("init", "-plugin-dir="+plugins)

	tf.run("apply", "-auto-approve")
	tf.unchanged("after apply")
	if out := tf.run("apply", "-auto-approve", "-var=changed=true"); !strings.Contains(out, "Resources: 0 added, 33 changed, 0 destroyed.") {
		t.Errorf("not all was changed in place:\n%s", tail(out))
	}
	tf.unchanged("after a change", "-var=changed=true")
	tf.run("destroy", "-auto-approve", "-var=changed=true")
}

// terraform is a directory with a configuration, applied to a server.
type terraform struct {
	*server
	dir string
}

func (tf *terraform) run(args ...string) string {
	tf.t.Helper()
	return tf.server.run(tf.dir, "terraform", append(args, "-no-color", "-input=false")...)
}

// unchanged fails the test where a plan finds anything to do.
func (tf *terraform) unchanged(when string, args ...string) {
	tf.t.Helper()
	cmd := tf.program(tf.t.Context(), "terraform", append([]string{"plan", "-detailed-exitcode", "-no-color", "-input=false"}, args...)...)
	cmd.Dir = tf.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		tf.t.Errorf("plan %s: %v\n%s", when, err, tail(string(out)))
	}
}
