package trigger

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
)

// TestAtOnce holds how many calls of one function run at once, and that another
// function is not held up by them.
func TestAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := New(Options{Attempts: 1, Runner: runner(func(ctx context.Context, _ []byte) ([]byte, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})})
		var calls sync.WaitGroup
		for range maxAtOnce {
			calls.Go(func() { _, _ = i.PreSignUp(t.Context(), aCall, PreSignUp{}) })
		}
		synctest.Wait()
		began := time.Now()
		if _, err := i.PreSignUp(t.Context(), aCall, PreSignUp{}); fault.CodeOf(err) != fault.UnexpectedLambda ||
			!strings.HasSuffix(err.Error(), "PreSignUp invocation failed due to error TooManyRequestsException.") || time.Since(began) != 0 {
			t.Errorf("one call too many: %v after %s", err, time.Since(began))
		}
		other := aCall
		other.Function += "-other"
		if _, err := i.PreSignUp(t.Context(), other, PreSignUp{}); !strings.Contains(errorText(err), "Socket timeout") {
			t.Errorf("another function: %v", err)
		}
		calls.Wait()
		if len(i.running.calls) != 0 {
			t.Errorf("calls that have ended are counted: %v", i.running.calls)
		}
	})
}

// TestLog holds that the log has no line of its own from a function, nothing long,
// and nothing of what functions say that are given secrets.
func TestLog(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		ask  func(*Invoker) error
		want string
	}{
		{"a line break", &FunctionError{Type: "Error", Message: "no\nlevel=INFO msg=forged"}, func(i *Invoker) error {
			_, err := i.PreSignUp(t.Context(), aCall, PreSignUp{})
			return err
		}, `err="function failed: Error: no\nlevel=INFO msg=forged"`},
		{"much text", &FunctionError{Message: strings.Repeat("x", 1<<20)}, func(i *Invoker) error {
			_, err := i.PreSignUp(t.Context(), aCall, PreSignUp{})
			return err
		}, "err=\"function failed: xxx"},
		{"a password", &FunctionError{Type: "LoginError", Message: "wrong password s3cret"}, func(i *Invoker) error {
			_, _, err := i.UserMigration(t.Context(), aCall, UserMigration{Password: "s3cret"})
			return err
		}, `err="function failed: LoginError"`},
		{"an answer", &FunctionError{Type: "Error", Message: "s3cret is wrong"}, func(i *Invoker) error {
			_, err := i.VerifyAuthChallenge(t.Context(), aCall, VerifyAuthChallenge{ChallengeAnswer: "s3cret"})
			return err
		}, `err="function failed: Error"`},
		{"a code", &FunctionError{Type: "Error", Message: "s3cret was not sent"}, func(i *Invoker) error {
			return i.CustomEmailSender(t.Context(), aCall, CustomSender{})
		}, `err="function failed: Error"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var log bytes.Buffer
			i := New(Options{Logger: slog.New(slog.NewTextHandler(&log, nil)), Runner: runner(func(context.Context, []byte) ([]byte, error) { return nil, c.err })})
			_ = c.ask(i) // UserMigration hides its failure
			text := log.String()
			if !strings.Contains(text, c.want) || strings.Contains(text, "s3cret") || strings.Count(text, "\n") != 1 || len(text) > maxText+1000 {
				t.Errorf("the log is %.3000s\nwant %s", text, c.want)
			}
		})
	}
}

// TestSendersAreTriedOnce: whoever gives a message to a function that sends tries
// again by itself, and by the same id.
func TestSendersAreTriedOnce(t *testing.T) {
	var ids []string
	i := New(Options{Runner: runner(func(ctx context.Context, _ []byte) ([]byte, error) {
		ids = append(ids, InvocationID(ctx))
		return nil, errors.New("refused")
	})})
	if err := i.CustomSMSSender(WithInvocationID(t.Context(), "message-1"), aCall, CustomSender{}); fault.CodeOf(err) != fault.UnexpectedLambda {
		t.Errorf("error %v", err)
	}
	if strings.Join(ids, " ") != "message-1" {
		t.Errorf("tries %q", ids)
	}
	if err := (*Invoker)(nil).CustomSMSSender(t.Context(), aCall, CustomSender{}); fault.CodeOf(err) != fault.UnexpectedLambda {
		t.Errorf("no invoker: %v", err)
	}
}
