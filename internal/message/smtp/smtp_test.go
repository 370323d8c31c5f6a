package smtp_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/message/smtp"
	"github.com/poolhouse/poolhouse/internal/message/smtp/smtptest"
)

// certificate makes one for 127.0.0.1 and a file with it to trust.
func certificate(t *testing.T) (*tls.Config, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, file
}

func open(t *testing.T, text string) *smtp.Carrier {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	c, err := smtp.New(u, "Example <no-reply@example.com>")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func parcel(to string) *message.Parcel {
	return &message.Parcel{ID: "0123456789abcdef0123456789abcdef", Medium: message.Email, To: to, Subject: "Your code: häß",
		HTML: "<b>012345</b>", Text: "012345\n", CreatedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Attempt: 1}
}

func TestSend(t *testing.T) {
	trusted, ca := certificate(t)
	stranger, _ := certificate(t)
	for _, tt := range []struct {
		name    string
		server  *smtptest.Server
		url     string // with ADDR for the server
		fails   string // what the error has in it; "" for none
		refused bool
	}{
		{"no TLS", &smtptest.Server{}, "smtp://ADDR?tls=none", "", false},
		{"STARTTLS", &smtptest.Server{TLS: trusted}, "smtp://ADDR?ca=" + ca, "", false},
		{"STARTTLS not offered", &smtptest.Server{}, "smtp://ADDR", "STARTTLS", false},
		{"STARTTLS with an unknown certificate", &smtptest.Server{TLS: stranger}, "smtp://ADDR?ca=" + ca, "certificate", false},
		{"implicit TLS", &smtptest.Server{TLS: trusted, Implicit: true}, "smtps://ADDR?ca=" + ca, "", false},
		{"implicit TLS with an unknown certificate", &smtptest.Server{TLS: stranger, Implicit: true}, "smtps://ADDR", "certificate", false},
		{"log in", &smtptest.Server{TLS: trusted, Login: "ann s3cret"}, "smtp://ann:s3cret@ADDR?ca=" + ca, "", false},
		{"wrong password", &smtptest.Server{TLS: trusted, Login: "ann s3cret"}, "smtp://ann:wrong@ADDR?ca=" + ca, "535", false},
		{"no password", &smtptest.Server{Login: "ann s3cret"}, "smtp://ADDR?tls=none", "530", false},
		{"greylisted", answers("RCPT", "450 4.7.1 Greylisted"), "smtp://ADDR?tls=none", "Greylisted", false},
		{"unknown recipient", answers("RCPT", "550 5.1.1 No such user"), "smtp://ADDR?tls=none", "No such user", true},
		{"refused content", answers("DATA", "554 5.7.1 Spam"), "smtp://ADDR?tls=none", "Spam", true},
		{"connection lost", answers("DATA", "close"), "smtp://ADDR?tls=none", "EOF", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := smtptest.Start(t, tt.server)
			err := open(t, strings.Replace(tt.url, "ADDR", s.Addr, 1)).Send(t.Context(), parcel("ann@example.org"))
			switch {
			case tt.fails == "" && err != nil:
				t.Fatalf("not sent: %v", err)
			case tt.fails != "" && (err == nil || !strings.Contains(err.Error(), tt.fails) || message.Refused(err) != tt.refused):
				t.Fatalf("error %v (refused %v), want one of %q (refused %v)", err, message.Refused(err), tt.fails, tt.refused)
			case tt.fails != "" && strings.Contains(err.Error(), "s3cret"):
				t.Errorf("the error has the password in it: %v", err)
			case (len(s.Mails()) == 1) != (tt.fails == ""):
				t.Errorf("the server has %d messages", len(s.Mails()))
			}
		})
	}
}

func answers(command, answer string) *smtptest.Server {
	return &smtptest.Server{Answer: func(c, _ string) string {
		if c == command {
			return answer
		}
		return ""
	}}
}

func TestContent(t *testing.T) {
	s := smtptest.Start(t, &smtptest.Server{})
	c := open(t, "smtp://"+s.Addr+"?tls=none")
	p := parcel("ann@example.org")
	p.Subject = "Hi\r\nBcc: eve@example.org"
	p.From, p.ReplyTo = `"Pool, the" <pool@example.net>`, "help@example.net"
	if err := c.Send(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	sent := s.Mails()[0]
	m, err := netmail.ReadMessage(strings.NewReader(sent.Data))
	if err != nil {
		t.Fatal(err)
	}
	for header, want := range map[string]string{
		"From": `"Pool, the" <pool@example.net>`, "To": "<ann@example.org>", "Reply-To": "<help@example.net>", "Bcc": "",
		"Message-Id": "<0123456789abcdef0123456789abcdef@example.net>", "Date": "Fri, 02 Jan 2026 03:04:05 +0000",
		"Auto-Submitted": "auto-generated", "User-Agent": "", "X-Mailer": "",
	} {
		if got := m.Header.Get(header); got != want {
			t.Errorf("%s: %q, want %q", header, got, want)
		}
	}
	if sent.From != "pool@example.net" || sent.To != "ann@example.org" {
		t.Errorf("envelope %q, %q", sent.From, sent.To)
	}
	_, parameters, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	parts := multipart.NewReader(m.Body, parameters["boundary"])
	for _, want := range []struct{ kind, text string }{{"text/plain", "012345\r\n"}, {"text/html", "<b>012345</b>"}} {
		part, err := parts.NextRawPart()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(quotedprintable.NewReader(part))
		if kind, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type")); err != nil || kind != want.kind || string(text) != want.text {
			t.Errorf("part %s: %q, %v; want %s: %q", kind, text, err, want.kind, want.text)
		}
	}
}

func TestRecipientsThatAreNone(t *testing.T) {
	s := smtptest.Start(t, &smtptest.Server{})
	c := open(t, "smtp://"+s.Addr+"?tls=none")
	for _, to := range []string{"", "ann", "ann@example.org>\r\nRCPT TO:<eve@example.org", "Ann <ann@example.org>", "ann@example.org, eve@example.org"} {
		if err := c.Send(t.Context(), parcel(to)); !message.Refused(err) {
			t.Errorf("%q: %v", to, err)
		}
	}
	if len(s.Mails()) != 0 {
		t.Errorf("sent: %+v", s.Mails())
	}
}

// A connection that the server closed in the meantime costs no message.
func TestKeptConnection(t *testing.T) {
	s := smtptest.Start(t, &smtptest.Server{})
	c := open(t, "smtp://"+s.Addr+"?tls=none")
	for i := range 3 {
		if err := c.Send(t.Context(), parcel("ann@example.org")); err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
		s.Hangup()
	}
	if n := len(s.Mails()); n != 3 {
		t.Errorf("%d messages", n)
	}
}

// A message whose answer is lost is not sent again at once: it may be there.
func TestLostAnswer(t *testing.T) {
	s := smtptest.Start(t, answers("DATA", "take and close"))
	c := open(t, "smtp://"+s.Addr+"?tls=none")
	if err := c.Send(t.Context(), parcel("ann@example.org")); err == nil || message.Refused(err) {
		t.Errorf("error %v", err)
	}
	if n := len(s.Mails()); n != 1 {
		t.Errorf("%d messages", n)
	}
}

func TestNewRefuses(t *testing.T) {
	for _, text := range []string{"smtp://", "smtp://host:0x1", "smtp://a:b@host?tls=none", "smtp://host?tls=maybe", "smtps://host?tls=none", "smtp://host?ca=/nowhere"} {
		u, err := url.Parse(text)
		if err != nil {
			continue
		}
		if _, err := smtp.New(u, "a@example.com"); err == nil {
			t.Errorf("%s is accepted", text)
		}
	}
	u, _ := url.Parse("smtp://host")
	if _, err := smtp.New(u, "nobody"); err == nil {
		t.Error("an address to send from that is none is accepted")
	}
}
