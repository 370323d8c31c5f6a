package local_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/poolhouse/poolhouse/internal/testenv"
	"github.com/poolhouse/poolhouse/internal/trigger"
	"github.com/poolhouse/poolhouse/internal/trigger/local"
)

const arn = "arn:aws:lambda:us-east-1:123456789012:function:hello"

// TestMain makes the test binary a Go function as well, for TestGo.
func TestMain(m *testing.M) {
	if os.Getenv("BE_A_FUNCTION") != "" {
		lambda.Start(func(_ context.Context, event map[string]any) (map[string]any, error) {
			if event["userName"] == "mallory" {
				return nil, errors.New("Studio is invite-only") //nolint:revive // as the function's author writes
			}
			event["response"] = map[string]any{"autoConfirmUser": true}
			return event, nil
		})
		return
	}
	os.Exit(m.Run())
}

// log is what functions print.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// waitFor waits until the log has the text.
func (l *log) waitFor(t *testing.T, text string) {
	t.Helper()
	wait(t, "the log lacks "+text, func() bool { return strings.Contains(l.String(), text) })
}

func wait(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !done(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(what)
		}
	}
}

func runner(t testing.TB, o local.Options) (*local.Runner, *log) {
	t.Helper()
	l := &log{}
	o.Name, o.Region = "hello", "us-east-1"
	o.InitTimeout = cmp.Or(o.InitTimeout, time.Minute) // a busy machine starts programs late
	o.Logger = slog.New(slog.NewTextHandler(l, nil))
	r, err := local.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r, l
}

func node(t testing.TB, handler string) local.Options {
	t.Helper()
	_, err := exec.LookPath("node")
	testenv.Require(t, "node", err == nil, "there is no program node")
	return local.Options{Dir: "testdata/node", Handler: handler}
}

func python(t testing.TB, handler string) local.Options {
	t.Helper()
	_, err := exec.LookPath("python3")
	testenv.Require(t, "boto3", err == nil, "there is no program python3")
	return local.Options{Dir: "testdata/python", Handler: handler}
}

func invoke(t testing.TB, r *local.Runner, user string) (map[string]any, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	return invokeIn(ctx, t, r, user)
}

func invokeIn(ctx context.Context, t testing.TB, r *local.Runner, user string) (map[string]any, error) {
	t.Helper()
	answer, err := r.Invoke(ctx, arn, fmt.Appendf(nil, `{"version":"1","triggerSource":"PreSignUp_SignUp","userName":%q,"response":{}}`, user))
	if err != nil {
		return nil, err
	}
	var event map[string]any
	if err := json.Unmarshal(answer, &event); err != nil {
		t.Fatalf("%v: %s", err, answer)
	}
	return event, nil
}

func response(event map[string]any) map[string]any {
	r, _ := event["response"].(map[string]any)
	return r
}

func wantFailure(t *testing.T, err error, kind, text string) {
	t.Helper()
	said, ok := errors.AsType[*trigger.FunctionError](err)
	if !ok || said.Type != kind || !strings.Contains(said.Message, text) {
		t.Errorf("error %v, want %s: %s", err, kind, text)
	}
}

func TestNode(t *testing.T) {
	r, l := runner(t, node(t, "index.preSignUp"))
	for want := 1.0; want <= 3; want++ {
		event, err := invoke(t, r, "ada")
		if err != nil {
			t.Fatal(err)
		}
		if got := response(event); got["autoConfirmUser"] != true || got["calls"] != want {
			t.Errorf("call %v: %v: the program is not kept", want, got)
		}
	}
	_, err := invoke(t, r, "mallory")
	wantFailure(t, err, "Error", "Studio is invite-only")
	if event, err := invoke(t, r, "ada"); err != nil || response(event)["calls"] != 5.0 {
		t.Errorf("after an error: %v %v", event, err)
	}
	l.waitFor(t, `function=hello stream=stdout line="call 5 of ada"`)
}

func TestNodeStyles(t *testing.T) {
	for _, c := range []struct {
		handler, want string
		kind, message string // of the failure
	}{
		{handler: "index.withCallback", want: `{"version":"1","triggerSource":"PreSignUp_SignUp","userName":"ada","response":{}}`},
		{handler: "index.withDone", want: `{"version":"1","triggerSource":"PreSignUp_SignUp","userName":"ada","response":{}}`},
		{handler: "index.nothing", want: `null`},
		{handler: "old.nested.handler", want: `{"old":"ada"}`},
		{handler: "index.refusing", kind: "string", message: "not today"},
		{handler: "index.absent", kind: "Runtime.HandlerNotFound", message: "index.absent is undefined or not exported"},
		{handler: "index.notAFunction", kind: "Runtime.HandlerNotFound", message: "index.notAFunction is not a function"},
		{handler: "broken.handler", kind: "SyntaxError"},
	} {
		t.Run(c.handler, func(t *testing.T) {
			t.Parallel()
			r, _ := runner(t, node(t, c.handler))
			answer, err := r.Invoke(t.Context(), arn, []byte(`{"version":"1","triggerSource":"PreSignUp_SignUp","userName":"ada","response":{}}`))
			if c.kind != "" {
				wantFailure(t, err, c.kind, c.message)
			} else if err != nil || string(answer) != c.want {
				t.Errorf("%s %v, want %s", answer, err, c.want)
			}
		})
	}
}

// TestEnvironment looks at what a function is told, and what it is not.
func TestEnvironment(t *testing.T) {
	t.Setenv("POOLHOUSE_MASTER_KEY", "secret")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	o := node(t, "index.describe")
	o.Environment, o.Memory = map[string]string{"TABLE": "users", "AWS_LAMBDA_RUNTIME_API": "elsewhere"}, 200
	r, _ := runner(t, o)
	event, err := invoke(t, r, "ada")
	if err != nil {
		t.Fatal(err)
	}
	env, _ := event["environment"].(map[string]any)
	if event["arn"] != arn || event["name"] != "hello" || event["memory"] != "200" || event["inTime"] != true || len(event["id"].(string)) != 36 {
		t.Errorf("context %v", event)
	}
	dir, err := filepath.Abs("testdata/node")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{"TABLE": "users", "AWS_REGION": "us-east-1", "_HANDLER": "index.describe", "LAMBDA_TASK_ROOT": dir, "POOLHOUSE_MASTER_KEY": nil, "AWS_SECRET_ACCESS_KEY": nil} {
		if env[name] != want {
			t.Errorf("%s is %v, want %v", name, env[name], want)
		}
	}
	if event["cwd"] != dir {
		t.Errorf("working directory %v", event["cwd"])
	}
	for name := range env {
		if strings.HasPrefix(name, "POOLHOUSE") {
			t.Errorf("the environment has %s", name)
		}
	}
}

// TestMisbehaviour wants a failure of the right kind, and the next call served.
func TestMisbehaviour(t *testing.T) {
	for _, c := range []struct {
		name, kind, message string
		memory              int
		limit               time.Duration // of the call; 0: long
		timeout             bool
	}{
		{name: "exit", kind: "Runtime.ExitError", message: "Error: Runtime exited with error: exit status 3"},
		{name: "loop", limit: time.Second, timeout: true},
		{name: "throw later", kind: "RangeError", message: "too late"},
		{name: "reject", kind: "Runtime.UnhandledPromiseRejection", message: "Error: nobody listens"},
		{name: "memory", kind: "Runtime.ExitError", message: "signal: killed", memory: 128},
		{name: "long answer", kind: "Function.ResponseSizeTooLarge", message: "Response payload size exceeded maximum allowed payload size (1048576 bytes)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := node(t, "index.misbehave")
			o.Memory = c.memory
			r, _ := runner(t, o)
			if _, err := invoke(t, r, "warm up"); err != nil {
				t.Fatal(err)
			}
			ctx := t.Context()
			if c.limit > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, c.limit)
				defer cancel()
			}
			_, err := invokeIn(ctx, t, r, c.name)
			if c.timeout {
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("error %v", err)
				}
			} else {
				wantFailure(t, err, c.kind, c.message)
			}
			if _, err := invoke(t, r, "ada"); err != nil {
				t.Errorf("the next call: %v", err)
			}
		})
	}
}

// TestExitBetweenCalls has a program end after it has answered: no call may fail
// for that.
func TestExitBetweenCalls(t *testing.T) {
	r, _ := runner(t, node(t, "index.misbehave"))
	for range 5 {
		if _, err := invoke(t, r, "exit afterwards"); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRuntimeAPI wants the API to serve nobody who does not know its path, no page
// of a browser, and no call that is not there.
func TestRuntimeAPI(t *testing.T) {
	r, _ := runner(t, node(t, "index.misbehave"))
	event, err := invoke(t, r, "attack")
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(response(event)["statuses"]); got != "[404 404 400 400 403 403]" {
		t.Errorf("statuses %s", got)
	}
}

// TestKillsChildren wants what a function has started ended with it.
func TestKillsChildren(t *testing.T) {
	r, _ := runner(t, node(t, "index.misbehave"))
	event, err := invoke(t, r, "child")
	if err != nil {
		t.Fatal(err)
	}
	child := int(response(event)["child"].(float64))
	if err := syscall.Kill(child, 0); err != nil {
		t.Fatalf("the child is not there: %v", err)
	}
	r.Close()
	wait(t, "the child goes on", func() bool {
		state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", child))
		return err != nil || strings.Contains(string(state), ") Z ")
	})
	if _, err := invoke(t, r, "ada"); err == nil {
		t.Error("a closed runner starts programs")
	}
}

func TestOutputIsBounded(t *testing.T) {
	r, l := runner(t, node(t, "index.misbehave"))
	if _, err := invoke(t, r, "long line"); err != nil {
		t.Fatal(err)
	}
	l.waitFor(t, "line=short")
	if text := l.String(); strings.Contains(text, strings.Repeat("y", 4097)) || !strings.Contains(text, strings.Repeat("y", 4096)) {
		t.Error("the long line is not cut at 4096 bytes")
	}
	if _, err := invoke(t, r, "many lines"); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(l.String(), "line=z"); n > 5000 {
		t.Errorf("%d lines of 50000 are in the log", n)
	}
}

// TestQueue has one program, one call that may wait, and three callers.
func TestQueue(t *testing.T) {
	o := node(t, "index.misbehave")
	o.Concurrency, o.Queue = 1, 1
	r, _ := runner(t, o)
	errs := make(chan error, 3)
	for range 3 {
		go func() {
			_, err := r.Invoke(context.Background(), arn, []byte(`{"userName":"slow"}`))
			errs <- err
		}()
	}
	refused := 0
	for range 3 {
		if err := <-errs; err != nil {
			refused++
			if e, ok := errors.AsType[*trigger.InvocationError](err); !ok || e.Name != "TooManyRequestsException" || !e.Final {
				t.Errorf("error %v", err)
			}
		}
	}
	if refused != 1 {
		t.Errorf("%d calls were refused", refused)
	}
}

// TestConcurrency wants as many programs as calls at once, and no more.
func TestConcurrency(t *testing.T) {
	o := node(t, "index.misbehave")
	o.Concurrency = 2
	r, l := runner(t, o)
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			if _, err := r.Invoke(context.Background(), arn, []byte(`{"userName":"slow"}`)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := strings.Count(l.String(), "started a function's program"); n != 2 {
		t.Errorf("%d programs were started", n)
	}
}

// TestIdle wants a program that nobody calls ended.
func TestIdle(t *testing.T) {
	o := node(t, "index.preSignUp")
	o.Idle = 20 * time.Millisecond
	r, l := runner(t, o)
	if _, err := invoke(t, r, "ada"); err != nil {
		t.Fatal(err)
	}
	l.waitFor(t, `reason="nobody calls it"`)
	if event, err := invoke(t, r, "ada"); err != nil || response(event)["calls"] != 1.0 {
		t.Errorf("%v %v", event, err)
	}
}

func TestReload(t *testing.T) {
	o := node(t, "index.handler")
	o.Dir, o.Reload = t.TempDir(), true
	write := func(answer string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(o.Dir, "index.mjs"), []byte("export const handler = async () => ({ answer: '"+answer+"' })"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("one")
	r, _ := runner(t, o)
	for i, want := range []string{"one", "two"} {
		write(want)
		when := time.Now().Add(time.Duration(i) * time.Second)
		if err := os.Chtimes(filepath.Join(o.Dir, "index.mjs"), when, when); err != nil {
			t.Fatal(err)
		}
		if event, err := invoke(t, r, "ada"); err != nil || event["answer"] != want {
			t.Errorf("%v %v, want %s", event, err, want)
		}
	}
}

// TestBrokenStart wants what is wrong told, and the program not started again at
// once.
func TestBrokenStart(t *testing.T) {
	r, l := runner(t, node(t, "broken.handler"))
	for range 3 {
		_, err := invoke(t, r, "ada")
		wantFailure(t, err, "SyntaxError", "")
	}
	if n := strings.Count(l.String(), "started a function's program"); n > 2 {
		t.Errorf("%d programs were started", n)
	}
}

func TestPython(t *testing.T) {
	r, l := runner(t, python(t, "handler.pre_sign_up"))
	for want := 1.0; want <= 2; want++ {
		event, err := invoke(t, r, "ada")
		if got := response(event); err != nil || got["autoConfirmUser"] != true || got["calls"] != want || got["inTime"] != true || got["name"] != "hello" {
			t.Errorf("call %v: %v %v", want, got, err)
		}
	}
	_, err := invoke(t, r, "mallory")
	wantFailure(t, err, "ValueError", "Studio is invite-only")
	_, err = invoke(t, r, "exit")
	wantFailure(t, err, "Runtime.ExitError", "exit status 3")
	if event, err := invoke(t, r, "ada"); err != nil || response(event)["calls"] != 1.0 {
		t.Errorf("after a crash: %v %v", event, err)
	}
	l.waitFor(t, `stream=stdout line="call 2 of ada"`)
}

func TestPythonFailures(t *testing.T) {
	for _, c := range []struct{ handler, kind, message string }{
		{"handler.absent", "Runtime.HandlerNotFound", "Handler 'absent' missing on module 'handler'"},
		{"broken.handler", "Runtime.ImportModuleError", "not_there"},
		{"handler.unserializable", "TypeError", "not JSON serializable"},
	} {
		t.Run(c.handler, func(t *testing.T) {
			t.Parallel()
			r, _ := runner(t, python(t, c.handler))
			_, err := invoke(t, r, "ada")
			wantFailure(t, err, c.kind, c.message)
		})
	}
}

// TestGo runs a function that is made with aws-lambda-go, by its bootstrap.
func TestGo(t *testing.T) {
	dir := t.TempDir()
	script := "#!/bin/sh\nexec '" + os.Args[0] + "'\n"
	if err := os.WriteFile(filepath.Join(dir, "bootstrap"), []byte(script), 0o700); err != nil { //nolint:gosec // it is run
		t.Fatal(err)
	}
	r, _ := runner(t, local.Options{Dir: dir, Environment: map[string]string{"BE_A_FUNCTION": "1"}})
	if event, err := invoke(t, r, "ada"); err != nil || response(event)["autoConfirmUser"] != true {
		t.Errorf("%v %v", event, err)
	}
	_, err := invoke(t, r, "mallory")
	wantFailure(t, err, "errorString", "Studio is invite-only")
}

func TestNewRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		o    local.Options
		want string
	}{
		{"no directory", local.Options{Dir: "testdata/none", Handler: "index.handler"}, `dir: "testdata/none" is not a directory`},
		{"no file", local.Options{Dir: "testdata/node", Handler: "none.handler"}, `there is neither a file for the handler "none.handler" nor a bootstrap in testdata/node`},
		{"no Python file", local.Options{Dir: "testdata/node", Handler: "index.handler", Runtime: "python3.13"}, `handler: there is no file for "index.handler" in testdata/node`},
		{"another runtime", local.Options{Dir: "testdata/node", Handler: "index.handler", Runtime: "ruby3.3"}, `runtime: "ruby3.3" is none of nodejs, python, provided`},
		{"no program", local.Options{Dir: "testdata/node", Handler: "index.handler", Program: "testdata/none"}, "program: "},
		{"out of the directory", local.Options{Dir: "testdata/node", Handler: "../python/handler.x"}, "must not have two dots in a row"},
		{"little memory", local.Options{Dir: "testdata/node", Handler: "index.handler", Memory: 1}, "memory must be at least 64"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := local.New(c.o); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %s", err, c.want)
			}
		})
	}
}

// BenchmarkWarm is what a warm local function adds to an operation.
func BenchmarkWarm(b *testing.B) {
	for name, o := range map[string]func(testing.TB, string) local.Options{"node/index.nothing": node, "python/handler.pre_sign_up": python} {
		kind, handler, _ := strings.Cut(name, "/")
		b.Run(kind, func(b *testing.B) {
			r, _ := runner(b, o(b, handler))
			event := []byte(`{"version":"1","triggerSource":"PreSignUp_SignUp","userName":"ada","response":{}}`)
			for b.Loop() {
				if _, err := r.Invoke(b.Context(), arn, event); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
