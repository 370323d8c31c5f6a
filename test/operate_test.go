package test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/poolhouse/poolhouse/internal/store/storetest"
)

// TestHealthAndMetrics is what a monitoring system sees.
func TestHealthAndMetrics(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, database string) {
		in := install(t, database)
		s := in.startServe()
		c := s.newPool(in)
		c.createUser("ada", password)
		c.signIn("ada", password)
		if _, err := c.tryPassword("ada", newPassword); err == nil {
			t.Error("a wrong password signs in")
		}
		for path, want := range map[string]string{"/_poolhouse/healthz": "ok\n", "/_poolhouse/readyz": "ready\n"} {
			if status, body := s.get(path); status != 200 || body != want {
				t.Errorf("%s: %d %q", path, status, body)
			}
		}
		_, metrics := s.get("/_poolhouse/metrics")
		for _, want := range []string{
			`poolhouse_api_requests_total{operation="InitiateAuth",service="cognito-idp"} 2`,
			`poolhouse_api_errors_total{operation="InitiateAuth",service="cognito-idp",type="NotAuthorizedException"} 1`,
			`poolhouse_api_duration_seconds_count{operation="InitiateAuth",service="cognito-idp"} 2`,
			`go_goroutines `,
		} {
			if !strings.Contains(metrics, want) {
				t.Errorf("metrics lack %s", want)
			}
		}
		for _, path := range []string{"/_poolhouse/inbox", "/_poolhouse/clock", "/_poolhouse/reset"} {
			if status, _ := s.get(path); status != 404 {
				t.Errorf("serve answers %s with %d", path, status)
			}
		}
	})
}

// TestShutdownFinishesRequests stops a server in the middle of a request: the
// request is answered, new ones are refused, and the process ends in peace.
func TestShutdownFinishesRequests(t *testing.T) {
	s := startDev(t)
	body := `{"ClientId":"` + demoClient + `","Username":"ada","Password":"` + password + `"}`
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-amz-json-1.1\r\n"+
		"X-Amz-Target: AWSCognitoIdentityProviderService.SignUp\r\nContent-Length: %d\r\n\r\n%s", len(body), body[:10])
	// A second request that is answered shows that the first one has arrived.
	if status, _ := s.get("/_poolhouse/healthz"); status != 200 {
		t.Fatalf("healthz: %d", status)
	}
	s.process.Signal(syscall.SIGTERM)
	eventually(t, 30*time.Second, "new connections are refused", func() bool {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/_poolhouse/healthz", nil)
		answer, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
		if err == nil {
			answer.Body.Close()
		}
		return err != nil
	})
	if _, err := io.WriteString(conn, body[10:]); err != nil {
		t.Fatal(err)
	}
	conn.SetReadDeadline(time.Now().Add(30 * time.Second))
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != 200 {
		text, _ := io.ReadAll(answer.Body)
		t.Errorf("the running request got %d %s", answer.StatusCode, text)
	}
	s.wait()
	if s.err != nil {
		t.Errorf("the server ended with %v", s.err)
	}
}

// TestLogsHoldNoSecrets runs every kind of secret through servers that log all
// they can, and looks for it.
func TestLogsHoldNoSecrets(t *testing.T) {
	ctx := t.Context()
	secrets := make(map[string]string)

	t.Run("dev", func(t *testing.T) {
		s := startDev(t, "--log-level", "debug")
		c := s.demo()
		client := must[*cognito.CreateUserPoolClientOutput](t)(c.CreateUserPoolClient(ctx, &cognito.CreateUserPoolClientInput{
			UserPoolId: &c.pool, ClientName: aws.String("confidential"), GenerateSecret: true,
			ExplicitAuthFlows: []types.ExplicitAuthFlowsType{types.ExplicitAuthFlowsTypeAllowUserSrpAuth, types.ExplicitAuthFlowsTypeAllowRefreshTokenAuth},
		})).UserPoolClient
		secrets["client secret"] = *client.ClientSecret
		c.signUp("ada", password)
		secrets["sign-up code"] = *s.code("ada")
		_, err := c.ConfirmSignUp(ctx, &cognito.ConfirmSignUpInput{ClientId: &c.id, Username: aws.String("ada"), ConfirmationCode: aws.String(wrong(secrets["sign-up code"]))})
		wantError(t, err, "CodeMismatchException", "")
		must[*cognito.ConfirmSignUpOutput](t)(c.ConfirmSignUp(ctx, &cognito.ConfirmSignUpInput{ClientId: &c.id, Username: aws.String("ada"), ConfirmationCode: s.code("ada")}))
		answer := c.startSRP("ada", password)
		secrets["SRP secret block"] = answer.ChallengeResponses["PASSWORD_CLAIM_SECRET_BLOCK"]
		secrets["SRP signature"] = answer.ChallengeResponses["PASSWORD_CLAIM_SIGNATURE"]
		result := tokens(t, must[*cognito.RespondToAuthChallengeOutput](t)(answer.sendTo(c)).AuthenticationResult)
		secrets["access token"], secrets["ID token"], secrets["refresh token"] = *result.AccessToken, *result.IdToken, *result.RefreshToken
		must[string](t)(c.whoAmI(result.AccessToken))
		broken := *result.AccessToken + "x"
		if _, err := c.whoAmI(&broken); err == nil {
			t.Error("a broken token holds")
		}
		must[*cognito.InitiateAuthOutput](t)(c.refresh(result.RefreshToken))
		must[*cognito.ForgotPasswordOutput](t)(c.ForgotPassword(ctx, &cognito.ForgotPasswordInput{ClientId: &c.id, Username: aws.String("ada")}))
		secrets["recovery code"] = *s.code("ada")
		must[*cognito.ConfirmForgotPasswordOutput](t)(c.ConfirmForgotPassword(ctx, &cognito.ConfirmForgotPasswordInput{
			ClientId: &c.id, Username: aws.String("ada"), ConfirmationCode: s.code("ada"), Password: aws.String(newPassword),
		}))
		if _, err := c.tryPassword("ada", password); err == nil {
			t.Error("the old password signs in")
		}
		// Malformed bodies are the ones that somebody would like to see in a log.
		s.do("POST", "/", `{"Password":"`+password+`","AuthParameters":{"PASSWORD":["`+newPassword+`"]}`,
			"Content-Type", "application/x-amz-json-1.1", "X-Amz-Target", "AWSCognitoIdentityProviderService.InitiateAuth")
		secrets["password"], secrets["new password"] = password, newPassword
		wantNoSecrets(t, s, secrets)
	})

	t.Run("serve", func(t *testing.T) {
		in := install(t, storetest.SQLiteURL(t))
		s := in.startServe("--log-level", "debug")
		c := s.newPool(in)
		c.createUser("ada", password)
		c.signIn("ada", password)
		if _, err := s.sdk(in.keyID, in.secret+"x").ListUserPools(ctx, &cognito.ListUserPoolsInput{MaxResults: aws.Int32(1)}); err == nil {
			t.Error("a wrong secret signs")
		}
		wantNoSecrets(t, s, map[string]string{"password": password, "access key's secret": in.secret, "master key": in.masterKey})
	})
}

func wantNoSecrets(t *testing.T, s *server, secrets map[string]string) {
	t.Helper()
	log := s.output.String()
	if !strings.Contains(log, "level=DEBUG") && !strings.Contains(log, "level=INFO") {
		t.Fatalf("there is no log: %q", log)
	}
	for name, secret := range secrets {
		if len(secret) < 6 {
			t.Errorf("there is no %s to look for", name)
		} else if strings.Contains(log, secret) {
			t.Errorf("the log holds the %s", name)
		}
	}
}

// TestRequestIDs finds a request of a client in the server's log.
func TestRequestIDs(t *testing.T) {
	s := startDev(t)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL, strings.NewReader(`{"AccessToken":"none"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService.GetUser")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	id := answer.Header.Get("x-amzn-requestid")
	if id == "" {
		t.Fatal("no request id")
	}
	// The line is written when the answer is.
	eventually(t, 30*time.Second, "the log has the request id "+id, func() bool { return strings.Contains(s.output.String(), id) })
}

// TestTLS serves https with the certificate of an operator's files, and in
// development with one made on the spot.
func TestTLS(t *testing.T) {
	certFile, keyFile, roots := certificate(t)
	in := install(t, storetest.SQLiteURL(t))
	addr := freePort(t)
	in.startServe("--tls-addr", addr, "--tls-cert", certFile, "--tls-key", keyFile)
	wantReady(t, addr, &tls.Config{RootCAs: roots})

	addr = freePort(t)
	startDev(t, "--tls-addr", addr)
	wantReady(t, addr, &tls.Config{InsecureSkipVerify: true}) // nobody vouches for that certificate
}

func wantReady(t *testing.T, addr string, config *tls.Config) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+addr+"/_poolhouse/readyz", nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: config}
	defer transport.CloseIdleConnections()
	answer, err := (&http.Client{Transport: transport}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("https: %d", answer.StatusCode)
	}
}

// certificate writes a certificate for 127.0.0.1 and its key.
func certificate(t *testing.T) (certFile, keyFile string, roots *x509.CertPool) {
	t.Helper()
	key := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der := must[[]byte](t)(x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key))
	keyDER := must[[]byte](t)(x509.MarshalPKCS8PrivateKey(key))
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	for name, text := range map[string][]byte{certFile: certPEM, keyFile: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	roots = x509.NewCertPool()
	roots.AppendCertsFromPEM(certPEM)
	return certFile, keyFile, roots
}

// TestRateLimits shows who floods a production server being told to slow down.
func TestRateLimits(t *testing.T) {
	in := install(t, storetest.SQLiteURL(t))
	s := in.startServe("--rate-limits", "UserRead=1,*=off")
	c := s.newPool(in)
	c.createUser("ada", password)
	refused := 0
	for range 20 {
		_, err := c.AdminGetUser(t.Context(), &cognito.AdminGetUserInput{UserPoolId: &c.pool, Username: aws.String("ada")})
		if err != nil {
			wantError(t, err, "TooManyRequestsException", "")
			refused++
		}
	}
	if refused == 0 || refused == 20 { // how many depends on how fast the machine is
		t.Errorf("%d of 20 reads at once were refused, want some", refused)
	}
}

// TestMigrateFirst lets an operator migrate apart from the start of servers.
func TestMigrateFirst(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, database string) {
		keyFile := filepath.Join(t.TempDir(), "master.key")
		if err := os.WriteFile(keyFile, []byte(command(t, "key", "make")), 0o600); err != nil {
			t.Fatal(err)
		}
		flags := []string{"serve", "--no-migrate", "--public-url", publicURL, "--database", database, "--master-key-file", keyFile}
		if _, err := tryCommand(t, append(flags, "--addr", "127.0.0.1:0")...); err == nil || !strings.Contains(err.Error(), "migrat") {
			t.Errorf("on an empty database: %v", err)
		}
		command(t, "migrate", "--database", database)
		start(t, flags...)
	})
}
