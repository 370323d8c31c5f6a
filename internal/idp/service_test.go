package idp

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/awsjson"
	"github.com/poolhouse/poolhouse/internal/idpapi"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/signin"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/store/storetest"
	"github.com/poolhouse/poolhouse/internal/token"
	"github.com/poolhouse/poolhouse/internal/userimport"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// testAPI is the user-pool API over a database in memory, called the way
// clients do but for signatures.
type testAPI struct {
	db      *store.DB
	service *Service
	handler http.Handler
	outbox  *message.Outbox
}

func newTestAPI(t testing.TB, o userpool.PoolsOptions) *testAPI {
	t.Helper()
	db := storetest.Memory(t)
	ring, err := keys.Open(t.Context(), db, keys.GenerateMasterKey(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ring.Close)
	pools := userpool.NewPools(db, ring, o)
	outbox := message.NewOutbox(ring, true)
	users := userpool.NewUsers(db, ring, outbox, userpool.NoLimits())
	tokens := token.NewIssuer(db, ring, pools, func(poolID string) string { return "http://localhost/" + poolID })
	imports := userimport.New(db, ring, pools, users, "http://localhost", slog.New(slog.DiscardHandler))
	service := New(Parts{Pools: pools, Users: users, Tokens: tokens, Imports: imports, SignIn: signin.New(db, ring, users, tokens)})
	handler, err := awsjson.New(awsjson.Options{SkipSignatures: true, Logger: slog.New(slog.DiscardHandler)}, service.API())
	if err != nil {
		t.Fatal(err)
	}
	return &testAPI{db, service, handler, outbox}
}

// answer is what an operation answered: an output, or an error.
type answer struct {
	t       testing.TB
	body    map[string]any
	errType string
	message string
}

// call calls an operation with an input as JSON.
func (a *testAPI) call(t testing.TB, operation, input string) answer {
	t.Helper()
	r := httptest.NewRequest("POST", "/", strings.NewReader(input))
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", idpapi.TargetPrefix+"."+operation)
	w := httptest.NewRecorder()
	a.handler.ServeHTTP(w, r)
	text, err := io.ReadAll(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	got := answer{t: t}
	if err := json.Unmarshal(text, &got.body); err != nil {
		t.Fatalf("%s answered %q: %v", operation, text, err)
	}
	if w.Code != http.StatusOK {
		got.errType, _ = got.body["__type"].(string)
		got.message, _ = got.body["message"].(string)
	}
	return got
}

// do calls an operation that must succeed.
func (a *testAPI) do(t testing.TB, operation, input string) answer {
	t.Helper()
	got := a.call(t, operation, input)
	if got.errType != "" {
		t.Fatalf("%s %s: %s: %s", operation, input, got.errType, got.message)
	}
	return got
}

// refuse calls an operation that must fail with an error "Type: message".
func (a *testAPI) refuse(t testing.TB, operation, input, want string) {
	t.Helper()
	if got := a.call(t, operation, input); got.errType+": "+got.message != want {
		t.Errorf("%s %s:\ngot  %s: %s\nwant %s", operation, input, got.errType, got.message, want)
	}
}

// at is the value at a path such as "UserPool.Policies", nil if it is absent.
func (r answer) at(path string) any {
	var v any = r.body
	for _, name := range strings.Split(path, ".") {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	return v
}

// text is the string at a path.
func (r answer) text(path string) string {
	r.t.Helper()
	s, ok := r.at(path).(string)
	if !ok {
		r.t.Fatalf("no text at %s of %v", path, r.body)
	}
	return s
}

// json is the JSON at a path, members sorted; "null" if it is absent.
func (r answer) json(path string) string {
	r.t.Helper()
	b, err := json.Marshal(r.at(path))
	if err != nil {
		r.t.Fatal(err)
	}
	return string(b)
}

// lastMessage is the newest message to a user.
func (a *testAPI) lastMessage(t testing.TB) message.Message {
	t.Helper()
	var list []message.Message
	if err := a.db.View(t.Context(), func(tx *store.Tx) error {
		var err error
		list, err = a.outbox.List(tx, store.MessageFilter{}, 1)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if len(list) == 0 {
		t.Fatal("no message was sent")
	}
	return list[0]
}

// fill puts ids into an input: POOL and CLIENT.
func fill(input, pool, client string) string {
	return strings.NewReplacer("POOL", pool, "CLIENT", client).Replace(input)
}
