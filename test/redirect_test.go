package test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/store/storetest"
)

// TestAmplifyRedirect has Amplify sign a user in through the login pages of a
// production server, in a browser and over TLS (clients/js/redirect).
func TestAmplifyRedirect(t *testing.T) {
	chromium := requireBrowser(t)
	cert, key := makeCertificate(t, "localhost", "app.localhost", "*.auth.localhost")
	in := install(t, storetest.SQLiteURL(t))
	s := in.startServe("--tls-addr", "127.0.0.1:0", "--tls-cert", cert, "--tls-key", key, "--domain-suffix", "localhost")
	addresses := addressPattern.FindAllString(s.output.String(), -1)
	if len(addresses) != 2 {
		t.Fatalf("the server is at %q", addresses)
	}
	s.browse(t, "clients/js/redirect/redirect.mjs", "AWS_ACCESS_KEY_ID="+in.keyID, "AWS_SECRET_ACCESS_KEY="+in.secret,
		"POOLHOUSE_TEST_CHROMIUM="+chromium, "POOLHOUSE_TLS=https://"+addresses[1], "POOLHOUSE_TLS_CERT="+cert, "POOLHOUSE_TLS_KEY="+key)
}

// makeCertificate makes a certificate for names that nobody else believes, and
// returns the files of it and of its key.
func makeCertificate(t *testing.T, names ...string) (certFile, keyFile string) {
	t.Helper()
	key := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: names, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	cert := must[[]byte](t)(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key))
	private := must[[]byte](t)(x509.MarshalPKCS8PrivateKey(key))
	dir := t.TempDir()
	write := func(name, kind string, der []byte) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	return write("cert.pem", "CERTIFICATE", cert), write("key.pem", "PRIVATE KEY", private)
}
