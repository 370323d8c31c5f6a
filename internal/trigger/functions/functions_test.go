package functions

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/trigger"
)

const arnOf = "arn:aws:lambda:us-east-1:123456789012:function:"

// TestChoice wants each function's call where its entry sends it.
func TestChoice(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, r.URL.Path)
	}))
	defer server.Close()
	file := &File{Functions: map[string]Function{}}
	for _, name := range []string{"short", arnOf + "whole", arnOf + "aliased:live", arnOf + "aliased", "*"} {
		path := map[string]string{"*": "all"}[name]
		if path == "" {
			path = strings.ReplaceAll(strings.TrimPrefix(name, arnOf), ":", "-")
		}
		file.Functions[name] = Function{Webhook: &Webhook{URL: server.URL + "/" + path, Secret: "0123456789abcdef"}}
	}
	s, err := New(file, Options{Region: "us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, c := range []struct{ arn, want string }{
		{arnOf + "short", "/short"},
		{arnOf + "short:7", "/short"},
		{"short", "/short"},
		{arnOf + "whole", "/whole"},
		{arnOf + "whole:$LATEST", "/whole"},
		{"arn:aws:lambda:eu-west-1:123456789012:function:whole", "/all"},
		{arnOf + "aliased:live", "/aliased-live"},
		{arnOf + "aliased:test", "/aliased"},
		{arnOf + "other", "/all"},
		{"", "/all"},
	} {
		if got, err := s.Invoke(t.Context(), c.arn, []byte(`{}`)); err != nil || string(got) != c.want {
			t.Errorf("%s: %s %v, want %s", c.arn, got, err, c.want)
		}
	}
	delete(s.functions, "*")
	_, err = s.Invoke(t.Context(), arnOf+"other", []byte(`{}`))
	if e, ok := errors.AsType[*trigger.InvocationError](err); !ok || e.Name != "ResourceNotFoundException" || !e.Final {
		t.Errorf("error %v", err)
	}
}

// TestRead reads a file with everything, with names relative to it.
func TestRead(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	write("public.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})))
	write("hook.secret", "0123456789abcdef\n")
	write("aes.key", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n")
	if err := os.Mkdir(filepath.Join(dir, "fn"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"bootstrap": "#!/bin/sh\n", "handler.py": ""} {
		if err := os.WriteFile(filepath.Join(dir, "fn", name), []byte(text), 0o700); err != nil { //nolint:gosec // it is run
			t.Fatal(err)
		}
	}
	write("functions.json", `{
		"timeout": "2s", "attempts": 2,
		"functions": {
			"hook": {"webhook": {"url": "https://functions.example.com/", "secretFile": "hook.secret"}},
			"go": {"local": {"dir": "fn", "environment": {"A": "b"}, "memory": 128, "concurrency": 2, "queue": 3, "initTimeout": "1s", "idle": "1m"}},
			"*": {"lambda": {"endpoint": "http://localhost:4566", "accessKeyId": "test", "secretAccessKey": "test"}}
		},
		"keys": {
			"arn:aws:kms:us-east-1:123456789012:key/aes": {"aes": {"keyFile": "aes.key"}},
			"rsa": {"rsa": {"keyFile": "public.pem", "namespace": "mine", "name": "sender"}},
			"*": {"kms": {"profile": "mail"}}
		}
	}`)
	file, err := Read(filepath.Join(dir, "functions.json"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(file, Options{Region: "us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if len(s.functions) != 3 || len(s.keys) != 3 || len(s.programs) != 1 || file.Attempts != 2 || file.Timeout != 2e9 {
		t.Errorf("%+v %+v", s, file)
	}
	for arn, want := range map[string]string{
		"arn:aws:kms:us-east-1:123456789012:key/aes": "\x00\x09poolhouse\x00\x17aes\x00",
		"arn:aws:kms:us-east-1:123456789012:key/rsa": "\x00\x04mine\x00\x06sender\x01\x00",
	} {
		message, err := s.Encrypt(t.Context(), arn, "us-east-1_Demo00000", []byte("123456"))
		if err != nil || !bytes.Contains(message, []byte(want)) || !bytes.Contains(message, []byte("userpool-id\x00\x13us-east-1_Demo00000")) {
			t.Errorf("%s: %v %q", arn, err, message)
		}
	}
}

func TestRefuses(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"no JSON", `functions:`, "invalid character"},
		{"a misspelt member", `{"functions": {"a": {"local": {"dir": ".", "memoryy": 1}}}}`, `unknown field "memoryy"`},
		{"two documents", `{} {}`, "there is more after the JSON object"},
		{"a duration without a unit", `{"timeout": 5}`, "a duration is a text"},
		{"a negative duration", `{"timeout": "-5s"}`, `"-5s" is not a duration`},
		{"a timeout above that of requests", `{"timeout": "30s"}`, "timeout must be at most 25s"},
		{"many attempts", `{"attempts": 11}`, "attempts must be 1 to 10"},
		{"a function that is nothing", `{"functions": {"a": {}}}`, `function "a": it needs one of lambda, webhook and local`},
		{"a function that is two", `{"functions": {"a": {"local": {}, "lambda": {}}}}`, "it needs one of"},
		{"a secret twice", `{"functions": {"a": {"webhook": {"url": "https://a", "secret": "x", "secretFile": "y"}}}}`, "secret and secretFile: give one of them"},
		{"a secret that is not there", `{"functions": {"a": {"webhook": {"url": "https://a", "secretFile": "y"}}}}`, "secretFile: open"},
		{"no secret", `{"functions": {"a": {"webhook": {"url": "https://a"}}}}`, "the secret is shorter than 16 bytes"},
		{"no directory", `{"functions": {"a": {"local": {"dir": "none", "handler": "index.handler"}}}}`, "is not a directory"},
		{"no URL", `{"functions": {"a": {"lambda": {"endpoint": "localhost"}}}}`, "endpoint is not a URL"},
		{"a key that is nothing", `{"keys": {"a": {}}}`, `key "a": it needs one of kms, aes and rsa`},
		{"a short key", `{"keys": {"a": {"aes": {"key": "AAAA"}}}}`, "the AES key is not of 16, 24 or 32 bytes"},
		{"a key that is no base64", `{"keys": {"a": {"aes": {"key": "?"}}}}`, "the AES key is not base64"},
		{"a key that is no PEM", `{"keys": {"a": {"rsa": {"key": "AAAA"}}}}`, "is not a public key as PEM"},
		{"a long file", `{"functions": {` + strings.Repeat(" ", maxFile) + `}}`, "the file is longer than 1048576 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file, err := parse([]byte(c.text), t.TempDir())
			if err == nil {
				_, err = New(file, Options{Region: "us-east-1"})
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %s", err, c.want)
			}
		})
	}
}

func TestEncryptWithoutKey(t *testing.T) {
	s, err := New(&File{}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Encrypt(context.Background(), "arn:aws:kms:us-east-1:123456789012:key/a", "p", nil); err == nil || err.Error() != "the key is not configured" {
		t.Errorf("error %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"functions": {"a": {"webhook": {"url": "https://a", "secret": "0123456789abcdef"}}}, "timeout": "1s"}`))
	f.Add([]byte(`{"keys": {"a": {"aes": {"key": "AAAA"}}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := parse(text, t.TempDir())
		if err != nil {
			return
		}
		if _, err := json.Marshal(file); err != nil {
			t.Fatal(err)
		}
	})
}
