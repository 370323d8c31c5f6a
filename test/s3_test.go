package test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/testenv"
)

// An S3 server with an STS of its own gives the identities of a pool credentials,
// which write and read an object; see testdata/s3. versitygw wants namespaces, which
// only root can make.
func TestS3Versitygw(t *testing.T) {
	requireBoto3(t)
	requireNode(t)
	versitygw := lookProgram(t, "versitygw", "POOLHOUSE_TEST_VERSITYGW")
	err := exec.Command("unshare", "-nm", "true").Run()
	testenv.Require(t, "versitygw", err == nil, "unshare cannot make namespaces")
	runS3(t, "unshare", "-nm", "sh", "testdata/s3/versitygw.sh", binary, versitygw)
}

// MinIO does the same. It takes minutes to build, so it is not among what is
// required, nor looked for in the path.
func TestS3MinIO(t *testing.T) {
	minio := os.Getenv("POOLHOUSE_TEST_MINIO")
	testenv.Require(t, "minio", minio != "", "POOLHOUSE_TEST_MINIO names no program")
	requireBoto3(t)
	requireNode(t)
	runS3(t, "sh", "testdata/s3/minio.sh", binary, minio, freePort(t), freePort(t))
}

// runS3 runs a script with a directory of its own, and with the clients: the test's
// own program is that of Go, see s3Client.
func runS3(t *testing.T, command ...string) {
	t.Helper()
	dir := t.TempDir()
	for _, sub := range []string{"iam", "s3"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), command[0], append(command[1:], dir)...)
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	scripts, err := filepath.Abs("clients/js")
	if err != nil {
		t.Fatal(err)
	}
	cmd.Env = append(environment(), "GO_CLIENT="+program, "JS_CLIENTS="+scripts)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "put, read and refused") {
		t.Errorf("%v\n%s", err, tail(string(out)))
		logs, _ := filepath.Glob(filepath.Join(dir, "*.log"))
		for _, log := range logs {
			text, _ := os.ReadFile(log)
			t.Logf("%s\n%s", filepath.Base(log), tail(string(text)))
		}
	}
}

func requireNode(t *testing.T) {
	t.Helper()
	probe := exec.Command("node", "-e", "import('@aws-sdk/credential-providers')")
	probe.Dir = "clients/js"
	testenv.Require(t, "node", probe.Run() == nil, "node, or its packages, are not installed")
}

func requireBoto3(t *testing.T) {
	t.Helper()
	err := exec.Command("python3", "-c", "import boto3").Run()
	testenv.Require(t, "boto3", err == nil, "python3 cannot import boto3")
}

// lookProgram finds a program by the variable that names it, or by the path.
func lookProgram(t *testing.T, name, variable string) string {
	t.Helper()
	program := os.Getenv(variable)
	if program == "" {
		program, _ = exec.LookPath(name)
	}
	testenv.Require(t, name, program != "", "there is no program "+name+", and "+variable+" names none")
	return program
}
