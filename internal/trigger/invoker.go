package trigger

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/poolhouse/poolhouse/internal/fault"
)

// Options say how functions are called. A zero member means what AWS does.
type Options struct {
	Runner   Runner        // nil: no function can be called
	Timeout  time.Duration // of one try, default 5 s
	Attempts int           // how often a function that does not answer is tried in all, default 3
	Logger   *slog.Logger  // nil: nobody hears of it
}

const (
	defaultTimeout  = 5 * time.Second
	defaultAttempts = 3

	// maxResponse is the most that a function may answer, in bytes.
	maxResponse = 1 << 20

	// maxText is the most of a function's error that the caller is told, in
	// bytes.
	maxText = 2048

	// maxAtOnce is how many calls of one function run at once, as many as AWS
	// Lambda allows an account. A function that calls the API that called it, again
	// and again, ends there.
	maxAtOnce = 1000
)

// Invoker calls functions. It may be used by several goroutines at once, but not
// within a transaction. A nil one calls none: every call is
// UnexpectedLambdaException.
type Invoker struct {
	o       Options
	running *running
}

// New returns an Invoker.
func New(o Options) *Invoker {
	o.Timeout = cmp.Or(o.Timeout, defaultTimeout)
	o.Attempts = cmp.Or(o.Attempts, defaultAttempts)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Invoker{o, &running{calls: make(map[string]int)}}
}

// running counts the calls of each function that run.
type running struct {
	mu    sync.Mutex
	calls map[string]int
}

var errBusy = &InvocationError{Name: "TooManyRequestsException", Err: errors.New("too many calls of the function run"), Final: true}

// enter counts a call that begins.
func (r *running) enter(function string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.calls[function] >= maxAtOnce {
		return errBusy
	}
	r.calls[function]++
	return nil
}

// leave counts a call that has ended.
func (r *running) leave(function string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.calls[function]--; r.calls[function] == 0 {
		delete(r.calls, function)
	}
}

// Call is which function is asked, and what every event says.
type Call struct {
	Function string // its ARN
	Source   string // triggerSource
	Region   string
	PoolID   string
	UserName string
	ClientID string // "": no app client takes part
}

// noClient stands for the client where none takes part.
const noClient = "CLIENT_ID_NOT_APPLICABLE"

// sdkVersion is what Cognito says where it does not know the caller's SDK.
const sdkVersion = "aws-sdk-unknown-unknown"

// event is what a function is given, and answers with the response filled in.
type event struct {
	Version       string        `json:"version"`
	TriggerSource string        `json:"triggerSource"`
	Region        string        `json:"region"`
	UserPoolID    string        `json:"userPoolId"`
	UserName      string        `json:"userName,omitzero"`
	CallerContext callerContext `json:"callerContext"`
	Request       any           `json:"request"`
	Response      any           `json:"response"`
}

type callerContext struct {
	SDKVersion string `json:"awsSdkVersion"`
	ClientID   string `json:"clientId"`
}

var errUnrecognizable = fault.New(fault.InvalidLambdaResponse, "Unrecognizable lambda output")

// call asks a function. trigger is Cognito's name of the trigger in errors, and
// response what the event shows as the empty answer. It returns the member
// response of what the function answered: nil if there is none.
//
// Errors are UserLambdaValidationException where the function failed,
// UnexpectedLambdaException where it could not be called, and
// InvalidLambdaResponseException where it did not answer with the event.
func (i *Invoker) call(ctx context.Context, trigger, version string, c Call, request, response any) (json.RawMessage, error) {
	body, err := json.Marshal(event{
		Version: version, TriggerSource: c.Source, Region: c.Region, UserPoolID: c.PoolID, UserName: c.UserName,
		CallerContext: callerContext{SDKVersion: sdkVersion, ClientID: cmp.Or(c.ClientID, noClient)},
		Request:       request, Response: response,
	})
	if err != nil {
		return nil, fmt.Errorf("event of %s: %w", trigger, err)
	}
	answer, err := i.invoke(ctx, c.Function, body)
	if err != nil {
		if ctx.Err() != nil { // nobody waits for it any more
			return nil, context.Cause(ctx)
		}
		if i != nil {
			i.o.Logger.WarnContext(ctx, "a trigger failed", "pool", c.PoolID, "source", c.Source, "function", c.Function, "err", loggable(trigger, err))
		}
		return nil, refusal(trigger, err)
	}
	return readAnswer(answer, version, c.Source)
}

// invoke calls a function, and again while it does not answer.
func (i *Invoker) invoke(ctx context.Context, function string, body []byte) ([]byte, error) {
	if i == nil || i.o.Runner == nil {
		return nil, &InvocationError{Name: "ResourceNotFoundException", Err: errors.New("no runner is configured")}
	}
	if err := i.running.enter(function); err != nil {
		return nil, err
	}
	defer i.running.leave(function)
	if InvocationID(ctx) == "" {
		ctx = WithInvocationID(ctx, uuid.NewString())
	}
	for attempt := 1; ; attempt++ {
		answer, err := i.try(ctx, function, body)
		failed, final := errors.AsType[*InvocationError](err)
		_, ran := errors.AsType[*FunctionError](err)
		if err == nil || ran || final && failed.Final || attempt >= i.o.Attempts || ctx.Err() != nil {
			return answer, err
		}
	}
}

func (i *Invoker) try(ctx context.Context, function string, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, i.o.Timeout)
	defer cancel()
	return i.o.Runner.Invoke(ctx, function, body)
}

// confidential are the triggers whose events have what belongs into no log: a
// password, a code, an answer. What such a function says may repeat it.
var confidential = map[string]bool{
	"UserMigration": true, "VerifyAuthChallengeResponse": true, "CustomEmailSender": true, "CustomSMSSender": true,
}

// loggable is an error as the log shows it.
func loggable(trigger string, err error) string {
	if e, ok := errors.AsType[*FunctionError](err); ok && confidential[trigger] {
		return "function failed: " + shorten(e.Type)
	}
	return shorten(err.Error())
}

// refusal is what the caller of the operation is told.
func refusal(trigger string, err error) error {
	if e, ok := errors.AsType[*FunctionError](err); ok {
		return fault.Errorf(fault.UserLambdaValidation, "%s failed with error %s.", trigger, shorten(e.Message))
	}
	reason := "ServiceException"
	if e, ok := errors.AsType[*InvocationError](err); ok && e.Name != "" {
		reason = shorten(e.Name)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		reason = "Socket timeout while invoking Lambda function"
	}
	return fault.Errorf(fault.UnexpectedLambda, "%s invocation failed due to error %s.", trigger, reason)
}

// shorten makes a text fit for an answer.
func shorten(s string) string {
	if len(s) > maxText {
		s = s[:maxText]
	}
	return strings.ToValidUTF8(s, "")
}

// readAnswer takes the response out of what a function answered, which must be
// the event.
func readAnswer(answer []byte, version, source string) (json.RawMessage, error) {
	var e struct {
		Version       *string         `json:"version"`
		TriggerSource *string         `json:"triggerSource"`
		Response      json.RawMessage `json:"response"`
	}
	if len(answer) > maxResponse || !utf8.Valid(answer) || json.Unmarshal(answer, &e) != nil ||
		e.Version == nil || *e.Version != version || e.TriggerSource == nil || *e.TriggerSource != source {
		return nil, errUnrecognizable
	}
	return e.Response, nil
}

// read reads a response that counts: an object with members of the right types.
func read[T any](response json.RawMessage, err error) (T, error) {
	var into T
	if err != nil {
		return into, err
	}
	if !isObject(response) || json.Unmarshal(response, &into) != nil {
		var none T
		return none, errUnrecognizable
	}
	return into, nil
}

// ignore is for triggers whose response does not count. It must be an object all
// the same, if there is one.
func ignore(response json.RawMessage, err error) error {
	if err == nil && !isNull(response) && !isObject(response) {
		return errUnrecognizable
	}
	return err
}

func isObject(text json.RawMessage) bool { return bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) }

// isNull is true for a member that is absent too.
func isNull(text json.RawMessage) bool {
	text = bytes.TrimSpace(text)
	return len(text) == 0 || string(text) == "null"
}

// empty is the response of events that have none.
type empty struct{}

// filled is m, or an empty map for nil: Cognito shows no null there.
func filled(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

// Refused says whether an error is one that the functions of a pool cause.
func Refused(err error) bool {
	switch fault.CodeOf(err) {
	case fault.UserLambdaValidation, fault.UnexpectedLambda, fault.InvalidLambdaResponse:
		return true
	}
	return false
}
