package webhook_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/message/webhook"
)

const secret = "0123456789abcdef"

func TestSend(t *testing.T) {
	stolen := false
	thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { stolen = true }))
	defer thief.Close()
	for _, tt := range []struct {
		name    string
		answer  http.HandlerFunc
		fails   string
		refused bool
	}{
		{"taken", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }, "", false},
		{"refused", func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "no such number", http.StatusUnprocessableEntity)
		}, "no such number", true},
		{"too many", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "slow down", http.StatusTooManyRequests) }, "slow down", false},
		{"wrong secret", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "who?", http.StatusUnauthorized) }, "401", false},
		{"broken", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "oops", http.StatusBadGateway) }, "502", false},
		{"elsewhere", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, thief.URL, http.StatusTemporaryRedirect)
		}, "307", false},
		{"endless answer", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			w.Write([]byte(strings.Repeat("x", 10<<20)))
		}, "400", true},
		{"hangs up", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "EOF", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var mu sync.Mutex // a connection that is hung up on orders nothing
			var document webhook.Document
			var header http.Header
			var signed bool
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				mu.Lock()
				if err == nil {
					err = json.Unmarshal(body, &document)
				}
				if err != nil {
					t.Error(err)
				}
				header = r.Header
				signed = r.Header.Get("Poolhouse-Signature") == webhook.Sign([]byte(secret), r.Header.Get("Poolhouse-Timestamp"), body)
				mu.Unlock()
				tt.answer(w, r)
			}))
			defer s.Close()
			u, _ := url.Parse(s.URL + "/hook?a=b")
			c, err := webhook.New(u, secret)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			err = c.Send(t.Context(), &message.Parcel{ID: "id", Attempt: 2, UserPoolID: "us-east-1_A", Username: "ann", Source: "CustomMessage_SignUp",
				Medium: message.SMS, To: "+15550001111", Text: "Your code is 012345", CreatedAt: time.Unix(1, 0).UTC()})
			switch {
			case tt.fails == "" && err != nil:
				t.Fatal(err)
			case tt.fails != "" && (err == nil || !strings.Contains(err.Error(), tt.fails) || message.Refused(err) != tt.refused || len(err.Error()) > 5000):
				t.Fatalf("error %.600v (refused %v), want %q (refused %v)", err, message.Refused(err), tt.fails, tt.refused)
			}
			mu.Lock()
			defer mu.Unlock()
			want := webhook.Document{ID: "id", Attempt: 2, UserPoolID: "us-east-1_A", Username: "ann", Source: "CustomMessage_SignUp",
				Medium: "SMS", To: "+15550001111", Text: "Your code is 012345", CreatedAt: time.Unix(1, 0).UTC()}
			if document != want || !signed || header.Get("Idempotency-Key") != "id" {
				t.Errorf("got %+v, signed %v, %v", document, signed, header)
			}
			if at, err := strconv.ParseInt(header.Get("Poolhouse-Timestamp"), 10, 64); err != nil || time.Since(time.Unix(at, 0)) > time.Minute {
				t.Errorf("timestamp %d, %v", at, err)
			}
		})
	}
	if stolen {
		t.Error("a redirect was followed")
	}
}

func TestNewRefuses(t *testing.T) {
	u, _ := url.Parse("https://hooks.example.com")
	if _, err := webhook.New(u, "short"); err == nil {
		t.Error("a short secret is accepted")
	}
	if _, err := webhook.New(&url.URL{Scheme: "https"}, secret); err == nil {
		t.Error("a URL without a host is accepted")
	}
}
