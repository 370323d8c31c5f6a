package clients_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/awscall"
	"github.com/poolhouse/poolhouse/internal/esdk"
	functionfile "github.com/poolhouse/poolhouse/internal/trigger/functions"
)

// TestEncryptionSDK has the AWS Encryption SDK for JavaScript decrypt what custom
// senders are given, under both policies that functions use, and refuse what was
// tampered with.
func TestEncryptionSDK(t *testing.T) {
	requireNode(t)
	aesKey := make([]byte, 32)
	rand.Read(aesKey)
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	aes, err := esdk.NewAESKeyring("poolhouse", "sender", aesKey)
	if err != nil {
		t.Fatal(err)
	}
	rsaKeyring, err := esdk.NewRSAKeyring("poolhouse", "sender", &private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	stand, kms := startKMS(t)
	type line struct {
		Kind    string `json:"kind"`
		Policy  string `json:"policy"`
		Key     string `json:"key"`
		Message []byte `json:"message"`
	}
	aesText, rsaText := base64.StdEncoding.EncodeToString(aesKey), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	const usual, strict = "REQUIRE_ENCRYPT_ALLOW_DECRYPT", "REQUIRE_ENCRYPT_REQUIRE_DECRYPT"
	long := strings.Repeat("p&lt;", esdk.MaxPlaintext/5)
	cases := []struct {
		name             string
		keyring          esdk.Keyring
		kind, policy     string
		key, plain, want string
		spoil            int // which byte, from the end, is changed; 0: none
	}{
		{"AES", aes, "aes", usual, aesText, "123456", "123456", 0},
		{"AES, strict", aes, "aes", strict, aesText, "123456", "123456", 0},
		{"RSA", rsaKeyring, "rsa", strict, rsaText, "654321", "654321", 0},
		{"a whole frame", aes, "aes", strict, aesText, long, long, 0},
		{"nothing", aes, "aes", strict, aesText, "", "", 0},
		{"KMS", kms, "kms", strict, stand, "123456", "123456", 0},
		{"a spoiled signature", aes, "aes", strict, aesText, "123456", "", 1},
		{"a spoiled frame", aes, "aes", strict, aesText, "123456", "", 130},
	}
	var input bytes.Buffer
	for _, c := range cases {
		message, err := esdk.Encrypt(t.Context(), c.keyring, map[string]string{"userpool-id": "us-east-1_Demo00000"}, []byte(c.plain))
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if c.spoil > 0 {
			message = slices.Clone(message)
			message[len(message)-c.spoil] ^= 1
		}
		if err := json.NewEncoder(&input).Encode(line{c.kind, c.policy, c.key, message}); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "node", "decrypt.mjs")
	cmd.Dir, cmd.Stdin = "js", &input
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	results := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(results) != len(cases) {
		t.Fatalf("%d results: %s", len(results), out)
	}
	for i, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var got struct{ Plaintext, Pool, Error string }
			if err := json.Unmarshal([]byte(results[i]), &got); err != nil {
				t.Fatal(err)
			}
			switch {
			case c.spoil > 0 && got.Error == "":
				t.Error("a spoiled message was decrypted")
			case c.spoil == 0 && (got.Error != "" || got.Plaintext != c.want || got.Pool != "us-east-1_Demo00000"):
				t.Errorf("got %+v", got)
			}
		})
	}
}

// startKMS stands in for AWS KMS: it makes one data key, and gives it back for the
// encryption context that it was made for. It returns its URL and a keyring.
func startKMS(t *testing.T) (string, esdk.Keyring) {
	t.Helper()
	const arn = "arn:aws:kms:us-east-1:123456789012:key/1234abcd"
	key := make([]byte, 32)
	rand.Read(key)
	contexts := map[string]map[string]string{} // by what is wrapped
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			CiphertextBlob    []byte
			EncryptionContext map[string]string
		}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			t.Error(err)
		}
		out := map[string]any{"KeyId": arn, "Plaintext": key}
		switch r.Header.Get("X-Amz-Target") {
		case "TrentService.GenerateDataKey":
			out["CiphertextBlob"] = []byte("wrapped")
			contexts["wrapped"] = in.EncryptionContext
		case "TrentService.Decrypt":
			if !maps.Equal(contexts[string(in.CiphertextBlob)], in.EncryptionContext) {
				t.Errorf("Decrypt of %q in %v", in.CiphertextBlob, in.EncryptionContext)
			}
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		if err := json.NewEncoder(w).Encode(out); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	client, err := awscall.New(awscall.Options{Endpoint: server.URL, AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	return server.URL, esdk.NewKMSKeyring(client, "us-east-1", arn)
}

// TestCustomSender has a function decrypt codes in the way of Cognito's guide, and
// a client use them.
func TestCustomSender(t *testing.T) {
	requireNode(t)
	key := make([]byte, 32)
	rand.Read(key)
	text := base64.StdEncoding.EncodeToString(key)
	out := filepath.Join(t.TempDir(), "sent")
	s := startWith(t, "url", &functionfile.File{
		Functions: map[string]functionfile.Function{"sender": {Local: &functionfile.Local{
			Dir: "js", Handler: "functions/sender.handler", Environment: map[string]string{"KEY": text, "OUT": out},
		}}},
		Keys: map[string]functionfile.Key{"1234abcd": {AES: &functionfile.RawKey{Key: text}}},
	})
	t.Setenv("OUT", out)
	s.run("js", "node", "custom-sender.mjs")
}
