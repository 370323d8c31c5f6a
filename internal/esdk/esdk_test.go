package esdk_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/awscall"
	"github.com/poolhouse/poolhouse/internal/esdk"
	"github.com/poolhouse/poolhouse/internal/sigv4"
)

// That AWS's own SDK decrypts messages is a test in test/clients.

// TestLayout looks at the fields that do not depend on chance.
func TestLayout(t *testing.T) {
	keyring, err := esdk.NewAESKeyring("poolhouse", "sender", make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	message, err := esdk.Encrypt(t.Context(), keyring, map[string]string{"userpool-id": "us-east-1_Demo00000"}, []byte("123456"))
	if err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(message[:3]); got != "020578" {
		t.Errorf("version and suite %s", got)
	}
	rest := message[3+32+2:]
	if got := hex.EncodeToString(rest[:2]); got != "0002" {
		t.Errorf("%s pairs", got)
	}
	rest = rest[2:]
	if want := "\x00\x15aws-crypto-public-key\x00\x44"; !bytes.HasPrefix(rest, []byte(want)) {
		t.Errorf("the first pair is %q", rest[:len(want)])
	}
	rest = rest[2+21+2+68:]
	if want := "\x00\x0buserpool-id\x00\x13us-east-1_Demo00000\x00\x01\x00\x09poolhouse\x00\x1asender\x00\x00\x00\x80\x00\x00\x00\x0c"; !bytes.HasPrefix(rest, []byte(want)) {
		t.Errorf("the second pair and the wrapped key are %q", rest[:len(want)])
	}
	if bytes.Contains(message, []byte("123456")) {
		t.Error("the plaintext is readable")
	}
}

func TestEncryptRefuses(t *testing.T) {
	keyring, err := esdk.NewAESKeyring("poolhouse", "sender", make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		context map[string]string
		length  int
		want    string
	}{
		{"a long plaintext", nil, esdk.MaxPlaintext + 1, "the plaintext is longer than 4096 bytes"},
		{"a reserved name", map[string]string{"aws-crypto-public-key": "x"}, 6, `the encryption context must not have "aws-crypto-public-key"`},
		{"a long value", map[string]string{"a": strings.Repeat("x", 1<<16)}, 6, "a field of the message is too long"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := esdk.Encrypt(t.Context(), keyring, c.context, make([]byte, c.length)); err == nil || err.Error() != c.want {
				t.Errorf("error %v, want %s", err, c.want)
			}
		})
	}
}

func TestRawKeysRefuse(t *testing.T) {
	for _, c := range []struct {
		name, namespace, key string
		size                 int
		want                 string
	}{
		{"a short key", "a", "b", 31, "the AES key is not of 16, 24 or 32 bytes"},
		{"no name", "a", "", 32, "a raw key needs a namespace and a name"},
		{"the namespace of KMS", "aws-kms", "b", 32, "the namespace aws-kms is that of KMS keys"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := esdk.NewAESKeyring(c.namespace, c.key, make([]byte, c.size)); err == nil || err.Error() != c.want {
				t.Errorf("error %v, want %s", err, c.want)
			}
		})
	}
}

// TestKMS wants GenerateDataKey signed, bound to the context, and its answers
// checked.
func TestKMS(t *testing.T) {
	const arn = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd"
	var answer string
	var asked map[string]any
	status := http.StatusOK
	kms := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s, err := sigv4.Parse(r)
		if err == nil {
			err = s.CheckScope("eu-west-1", "kms")
		}
		if err == nil {
			err = s.Verify(r, body, "secret", time.Now())
		}
		if err != nil || r.Header.Get("X-Amz-Target") != "TrentService.GenerateDataKey" || json.Unmarshal(body, &asked) != nil {
			t.Errorf("%v: %s", err, body)
		}
		w.WriteHeader(status)
		io.WriteString(w, answer)
	}))
	defer kms.Close()
	client, err := awscall.New(awscall.Options{Endpoint: kms.URL, AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	keyring := esdk.NewKMSKeyring(client, "eu-west-1", arn)
	key := `"Plaintext":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="`
	for _, c := range []struct {
		name, answer string
		status       int
		want         string // the error; empty: none
	}{
		{"a key", `{"KeyId":"` + arn + `",` + key + `,"CiphertextBlob":"d3JhcHBlZA=="}`, 200, ""},
		{"a refusal", `{"__type":"AccessDeniedException"}`, 400, "KMS: AccessDeniedException (status 400)"},
		{"a refusal with a strange name", `{"__type":"<b>"}`, 500, "KMS: ServiceException (status 500)"},
		{"a short key", `{"KeyId":"` + arn + `","Plaintext":"AAAA","CiphertextBlob":"d3JhcHBlZA=="}`, 200, "KMS: the answer is no data key"},
		{"no wrapped key", `{"KeyId":"` + arn + `",` + key + `}`, 200, "KMS: the answer is no data key"},
		{"no JSON", `<html>`, 200, "KMS: the answer is no data key"},
		{"a long answer", strings.Repeat("x", 70_000), 200, "KMS: the answer is too large"},
	} {
		t.Run(c.name, func(t *testing.T) {
			answer, status = c.answer, c.status
			message, err := esdk.Encrypt(context.Background(), keyring, map[string]string{"userpool-id": "p"}, []byte("1"))
			if c.want != "" {
				if err == nil || err.Error() != c.want {
					t.Fatalf("error %v, want %s", err, c.want)
				}
				return
			}
			if err != nil || !bytes.Contains(message, []byte("\x00\x07aws-kms\x00\x2f"+arn+"\x00\x07wrapped")) {
				t.Fatalf("%v: %q", err, message)
			}
			pairs, _ := asked["EncryptionContext"].(map[string]any)
			if asked["KeyId"] != arn || asked["NumberOfBytes"] != 32.0 || pairs["userpool-id"] != "p" || pairs["aws-crypto-public-key"] == nil {
				t.Errorf("asked %v", asked)
			}
		})
	}
}
