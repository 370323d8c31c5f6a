package twilio_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/message/twilio"
)

func TestSend(t *testing.T) {
	for _, tt := range []struct {
		name, query, user, path string
		form                    string
		status                  int
		fails, refused          bool
	}{
		{"from a number", "?from=+15550001111", "AC1:token", "/2010-04-01/Accounts/AC1/Messages.json",
			"Body=Hi+%26+bye&From=%2B15550001111&To=%2B15550002222", 201, false, false},
		{"by a service with a key", "?service=MG1&account=AC2", "SK1:secret", "/2010-04-01/Accounts/AC2/Messages.json",
			"Body=Hi+%26+bye&MessagingServiceSid=MG1&To=%2B15550002222", 201, false, false},
		{"no such number", "?from=%2B15550001111", "AC1:token", "/2010-04-01/Accounts/AC1/Messages.json",
			"Body=Hi+%26+bye&From=%2B15550001111&To=%2B15550002222", 400, true, true},
		{"busy", "?from=%2B15550001111", "AC1:token", "/2010-04-01/Accounts/AC1/Messages.json",
			"Body=Hi+%26+bye&From=%2B15550001111&To=%2B15550002222", 503, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if err := r.ParseForm(); err != nil {
					t.Error(err)
				}
				name, password, _ := r.BasicAuth()
				if r.URL.Path != tt.path || r.PostForm.Encode() != tt.form || name+":"+password != tt.user || r.Header.Get("I-Twilio-Idempotency-Token") != "id" {
					t.Errorf("%s %s, by %s:%s, %v", r.URL.Path, r.PostForm.Encode(), name, password, r.Header)
				}
				w.WriteHeader(tt.status)
			}))
			defer s.Close()
			u, err := url.Parse("twilio+http://" + tt.user + "@" + strings.TrimPrefix(s.URL, "http://") + tt.query)
			if err != nil {
				t.Fatal(err)
			}
			c, err := twilio.New(u)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			err = c.Send(t.Context(), &message.Parcel{ID: "id", Medium: message.SMS, To: "+15550002222", Text: "Hi & bye"})
			if (err != nil) != tt.fails || message.Refused(err) != tt.refused {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	for _, text := range []string{"twilio://api.twilio.com?from=1", "twilio://a@api.twilio.com?from=1", "twilio://a:b@api.twilio.com", "twilio://a:b@api.twilio.com?from=1&service=2"} {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := twilio.New(u); err == nil {
			t.Errorf("%s is accepted", text)
		}
	}
}
