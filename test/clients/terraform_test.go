package clients_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/poolhouse/poolhouse/internal/testenv"
)

// awaited are operations that the AWS provider needs and this version does not
// serve, with the answers a relay in front of the server gives instead. When an
// operation is served, the test says to take it out of here.
var awaited = map[string]string{
	"GetUserPoolMfaConfig": `{"MfaConfiguration":"OFF"}`, // asked for each pool that is read
}

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
	relayed := tf.server.relay()
	tf.run("init", "-plugin-dir="+plugins)

	tf.run("apply", "-auto-approve")
	tf.unchanged("after apply")
	if out := tf.run("apply", "-auto-approve", "-var=changed=true"); !strings.Contains(out, "Resources: 0 added, 10 changed, 0 destroyed.") {
		t.Errorf("not all was changed in place:\n%s", tail(out))
	}
	tf.unchanged("after a change", "-var=changed=true")
	tf.run("destroy", "-auto-approve", "-var=changed=true")

	for op := range awaited {
		if !relayed()[op] {
			t.Errorf("the server answers %s by itself: take it out of awaited", op)
		}
	}
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

// relay puts a relay in front of the server, which gives the awaited answers
// where the server says that it does not know the operation. It returns what
// tells those operations.
func (s *server) relay() func() map[string]bool {
	target, err := url.Parse(s.URL)
	if err != nil {
		s.t.Fatal(err)
	}
	var mu sync.Mutex
	given := make(map[string]bool)
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ModifyResponse: func(answer *http.Response) error {
			_, op, _ := strings.Cut(answer.Request.Header.Get("X-Amz-Target"), ".")
			instead, ok := awaited[op]
			if !ok || answer.StatusCode == http.StatusOK {
				return nil
			}
			text, err := io.ReadAll(answer.Body)
			if err != nil {
				return err
			}
			var problem struct {
				Type string `json:"__type"`
			}
			if err := json.Unmarshal(text, &problem); err != nil {
				return err
			}
			if problem.Type == "UnknownOperationException" {
				mu.Lock()
				given[op] = true
				mu.Unlock()
				text, answer.StatusCode = []byte(instead), http.StatusOK
				answer.Header.Del("X-Amzn-Errortype")
				answer.Header.Set("Content-Length", strconv.Itoa(len(text)))
				answer.ContentLength = int64(len(text))
			}
			answer.Body = io.NopCloser(bytes.NewReader(text))
			return nil
		},
	}
	front := httptest.NewServer(proxy)
	s.t.Cleanup(front.Close)
	s.URL = front.URL
	return func() map[string]bool {
		mu.Lock()
		defer mu.Unlock()
		return given
	}
}
