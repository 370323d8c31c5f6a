package idp

import (
	"crypto/x509"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/idpapi"
)

// The certificate is the same each time, vouches for itself, and checks what the
// pool signs: its ID tokens, but not its access tokens, whose key is another.
func TestGetSigningCertificate(t *testing.T) {
	tt := newTokenTest(t)
	get := func() string {
		t.Helper()
		out, err := tt.GetSigningCertificate(tt.ctx, &idpapi.GetSigningCertificateInput{UserPoolId: tt.poolID})
		if err != nil {
			t.Fatal(err)
		}
		return out.Certificate
	}
	text := get()
	if get() != text {
		t.Error("the certificate differs from one time to the next")
	}
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	if err := cert.CheckSignature(cert.SignatureAlgorithm, cert.RawTBSCertificate, cert.Signature); err != nil {
		t.Error(err)
	}
	if cert.Subject.CommonName != tt.poolID || cert.Issuer.CommonName != tt.poolID {
		t.Errorf("subject %s, issuer %s, want %s", cert.Subject, cert.Issuer, tt.poolID)
	}
	if now := time.Now(); now.Before(cert.NotBefore) || cert.NotAfter.Before(now.AddDate(9, 11, 0)) {
		t.Errorf("valid from %v to %v", cert.NotBefore, cert.NotAfter)
	}
	if cert.SerialNumber.Sign() <= 0 || cert.IsCA {
		t.Errorf("serial number %v, CA %v", cert.SerialNumber, cert.IsCA)
	}

	set := tt.signInAlice(t, tt.newClient(t, idpapi.CreateUserPoolClientInput{}).ClientId)
	verify := func(jwt string) error {
		t.Helper()
		dot := strings.LastIndexByte(jwt, '.')
		signature, err := base64.RawURLEncoding.DecodeString(jwt[dot+1:])
		if err != nil {
			t.Fatal(err)
		}
		return cert.CheckSignature(x509.SHA256WithRSA, []byte(jwt[:dot]), signature)
	}
	if err := verify(set.IDToken); err != nil {
		t.Errorf("the ID token: %v", err)
	}
	if err := verify(set.AccessToken); err == nil {
		t.Error("the key is that of access tokens")
	}

	_, err = tt.GetSigningCertificate(tt.ctx, &idpapi.GetSigningCertificateInput{UserPoolId: "us-east-1_none"})
	wantFault(t, "unknown pool", err, "ResourceNotFoundException: User pool us-east-1_none does not exist.")
}
