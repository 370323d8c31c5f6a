package fetch

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestGet(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/doc", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("metadata")) })
	mux.HandleFunc("/none", http.NotFound)
	mux.Handle("/once", http.RedirectHandler("/doc", http.StatusFound))
	mux.Handle("/loop", http.RedirectHandler("/loop", http.StatusFound))
	mux.Handle("/file", http.RedirectHandler("file:///etc/passwd", http.StatusFound))
	mux.HandleFunc("/long", func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, maxBody+1)) })
	server := httptest.NewServer(mux)
	defer server.Close()

	anywhere := New(Options{Anywhere: true})
	for _, tt := range []struct {
		path   string
		status int
		body   string
		err    error
	}{
		{"/doc", 200, "metadata", nil},
		{"/once", 200, "metadata", nil},
		{"/none", 404, "", nil},
		{"/loop", 0, "", errRedirects},
		{"/file", 0, "", errScheme},
		{"/long", 0, "", errTooLong},
	} {
		status, body, err := anywhere.Get(t.Context(), server.URL+tt.path)
		if status != tt.status || string(body) != tt.body || !errors.Is(err, tt.err) {
			t.Errorf("%s: %d, %q, %v", tt.path, status, body, err)
		}
	}
	for address, want := range map[string]error{
		server.URL + "/doc": errScheme,
		strings.Replace(server.URL, "http:", "https:", 1) + "/doc": errAddress,
		"https://localhost:1/":        errAddress,
		"https://[::ffff:127.0.0.1]/": errAddress,
		"https://169.254.169.254/":    errAddress,
		"https://user@example.com/":   errScheme,
		"file:///etc/passwd":          errScheme,
	} {
		if _, _, err := New(Options{}).Get(t.Context(), address); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", address, err, want)
		}
	}
}

func TestPublic(t *testing.T) {
	for text, want := range map[string]bool{
		"93.184.215.14": true, "2606:4700::1111": true, "::ffff:93.184.215.14": true,
		"0.0.0.0": false, "0.1.2.3": false, "10.0.0.1": false, "100.64.0.1": false, "127.0.0.1": false, "169.254.169.254": false,
		"172.16.0.1": false, "192.168.1.1": false, "198.18.0.1": false, "224.0.0.1": false, "255.255.255.255": false,
		"::": false, "::1": false, "::ffff:10.0.0.1": false, "fe80::1": false, "fd00::1": false, "ff02::1": false,
		"64:ff9b::a00:1": false, "2002:a00:1::": false, "::a00:1": false, "::ffff:0:a00:1": false, "fec0::1": false, "5f00::1": false,
		"2001:db8::1": false, "3fff::1": false, "4000::1": false, "2001::1": false, "2001:4860:4860::8888": true,
	} {
		if got := public(netip.MustParseAddr(text)); got != want {
			t.Errorf("public(%s) = %v", text, got)
		}
	}
}

func TestPost(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/form", func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" || r.PostFormValue("a") != "1 &=" {
			w.WriteHeader(http.StatusBadRequest)
		}
	})
	mux.Handle("/elsewhere", http.RedirectHandler("/form", http.StatusTemporaryRedirect))
	mux.HandleFunc("/endless", func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := w.Write(make([]byte, maxBody)); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("/silent", func(_ http.ResponseWriter, r *http.Request) {
		r.PostFormValue("a") // a server sees that its client is gone only behind the body
		<-r.Context().Done()
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	form := url.Values{"a": {"1 &="}}
	anywhere := New(Options{Anywhere: true})
	for path, want := range map[string]int{"/form": 200, "/elsewhere": 307, "/none": 404, "/endless": 200} {
		if status, err := anywhere.Post(t.Context(), server.URL+path, form); status != want || err != nil {
			t.Errorf("%s: %d, %v, want %d", path, status, err, want)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := anywhere.Post(ctx, server.URL+"/silent", form); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("no answer: %v", err)
	}
	for address, want := range map[string]error{
		server.URL + "/form": errScheme,
		strings.Replace(server.URL, "http:", "https:", 1) + "/form": errAddress,
		"https://169.254.169.254/":                                  errAddress,
		"https://user@example.com/":                                 errScheme,
	} {
		if _, err := New(Options{}).Post(t.Context(), address, form); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", address, err, want)
		}
	}
}
