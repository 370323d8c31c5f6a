// Package smtp carries emails to an SMTP server.
package smtp

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"
	gosmtp "github.com/wneessen/go-mail/smtp"

	"github.com/poolhouse/poolhouse/internal/message"
)

const (
	timeout = 10 * time.Second // to connect, and for one message

	// idleFor is for how long a connection waits for the next message. Servers wait
	// for minutes.
	idleFor = 30 * time.Second

	// mostIdle is how many connections wait.
	mostIdle = 64
)

// Carrier hands emails to one server. It keeps connections for the next ones.
type Carrier struct {
	client *mail.Client
	from   *netmail.Address
	idle   chan connection
}

type connection struct {
	*gosmtp.Client
	usedAt time.Time
}

// New returns a carrier for the server of a URL: smtp://[user:password@]host[:587]
// demands STARTTLS, ?tls=none forgoes it, and smtps://host[:465] speaks TLS from
// the beginning; ?ca=FILE names the certificates to trust in place of the system's.
// from is the sender of pools that set none: an address or Name <address>.
func New(u *url.URL, from string) (*Carrier, error) {
	sender, err := netmail.ParseAddress(from)
	if err != nil {
		return nil, fmt.Errorf("the address to send from: %w", err)
	}
	query := u.Query()
	options := []mail.Option{mail.WithTimeout(timeout)}
	config := &tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12}
	if file := query.Get("ca"); file != "" {
		pem, err := os.ReadFile(file) //nolint:gosec // the operator names the file
		if err != nil {
			return nil, fmt.Errorf("ca: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("ca: there is no certificate in %s", file)
		}
	}
	port := "587"
	switch mode := query.Get("tls"); {
	case u.Scheme == "smtps" && mode == "":
		port = "465"
		options = append(options, mail.WithSSL())
	case u.Scheme == "smtp" && (mode == "" || mode == "starttls"):
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory), mail.WithDialContextFunc(dial))
	case u.Scheme == "smtp" && mode == "none":
		if u.User != nil {
			return nil, errors.New("tls=none: a password would be sent in the clear")
		}
		options = append(options, mail.WithTLSPolicy(mail.NoTLS), mail.WithDialContextFunc(dial))
	default:
		return nil, fmt.Errorf("tls=%s does not go with %s", mode, u.Scheme)
	}
	number, err := strconv.Atoi(cmp.Or(u.Port(), port))
	if err != nil || u.Hostname() == "" {
		return nil, errors.New("a host is needed, such as smtp://mail.example.com:587")
	}
	options = append(options, mail.WithPort(number), mail.WithTLSConfig(config))
	if name := query.Get("helo"); name != "" {
		options = append(options, mail.WithHELO(name))
	}
	if u.User != nil {
		password, _ := u.User.Password()
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover),
			mail.WithUsername(u.User.Username()), mail.WithPassword(password))
	}
	client, err := mail.NewClient(u.Hostname(), options...)
	if err != nil {
		return nil, err
	}
	return &Carrier{client: client, from: sender, idle: make(chan connection, mostIdle)}, nil
}

// Send hands over one email. A connection that was kept may have ended meanwhile:
// then it takes a new one.
func (c *Carrier) Send(ctx context.Context, p *message.Parcel) error {
	for {
		m, err := c.compose(p)
		if err != nil {
			return message.Refuse(err)
		}
		conn, kept, err := c.connect(ctx)
		if err != nil {
			return fmt.Errorf("connect: %w", err)
		}
		err = c.client.SendWithSMTPClient(conn.Client, m)
		if m.IsDelivered() { // whatever came after
			err = nil
		}
		if err == nil || answered(err) {
			c.keep(conn)
			return verdict(err)
		}
		_ = conn.Close() // it failed already
		if !kept || !harmless(err) {
			return err
		}
	}
}

// Close ends the connections that wait.
func (c *Carrier) Close() error {
	for {
		select {
		case conn := <-c.idle:
			_ = conn.Quit() // the server may be gone
		default:
			return nil
		}
	}
}

// connect returns a connection that waits, or a new one.
func (c *Carrier) connect(ctx context.Context) (conn connection, kept bool, err error) {
	for {
		select {
		case conn := <-c.idle:
			if time.Since(conn.usedAt) < idleFor {
				return conn, true, nil
			}
			_ = conn.Quit()
			continue
		default:
		}
		var raw net.Conn
		client, err := c.client.DialToSMTPClientWithContext(context.WithValue(ctx, rawKey{}, &raw))
		if err != nil && raw != nil {
			_ = raw.Close() // which the library leaves open
		}
		return connection{Client: client}, false, err
	}
}

// rawKey is of a *net.Conn in the context of dial.
type rawKey struct{}

// dial opens a connection and tells whose context it is.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if raw, ok := ctx.Value(rawKey{}).(*net.Conn); ok && err == nil {
		*raw = conn
	}
	return conn, err
}

func (c *Carrier) keep(conn connection) {
	conn.usedAt = time.Now()
	select {
	case c.idle <- conn:
	default:
		_ = conn.Quit()
	}
}

// answered says whether an error is the server's answer to this message, which
// leaves the connection good for the next.
func answered(err error) bool {
	sent, ok := errors.AsType[*mail.SendError](err)
	return ok && sent.ErrorCode() >= 400 && sent.ErrorCode() != 421 // which ends the connection
}

// harmless says whether nothing of the message can have reached the server's
// queue.
func harmless(err error) bool {
	sent, ok := errors.AsType[*mail.SendError](err)
	return !ok || sent.Reason != mail.ErrSMTPDataClose && sent.Reason != mail.ErrWriteContent
}

// verdict refuses for good what the server does (5xx), unless it wants credentials
// first: that is for the operator to set right.
func verdict(err error) error {
	sent, ok := errors.AsType[*mail.SendError](err)
	if !ok {
		return err
	}
	switch code := sent.ErrorCode(); {
	case code == 530 || code == 535 || code == 538:
		return err
	case code >= 500:
		return message.Refuse(err)
	}
	return err
}

// compose makes the email: a plain and an HTML part. The id that stays the same
// lets receivers tell a second copy.
func (c *Carrier) compose(p *message.Parcel) (*mail.Msg, error) {
	from := c.from
	if p.From != "" {
		var err error
		if from, err = netmail.ParseAddress(p.From); err != nil {
			return nil, fmt.Errorf("the pool's address to send from: %w", err)
		}
	}
	to, err := netmail.ParseAddress(p.To)
	if err != nil || to.Address != p.To {
		return nil, errors.New("the recipient is no address")
	}
	m := mail.NewMsg(mail.WithNoDefaultUserAgent())
	m.FromMailAddress(from)
	m.ToMailAddress(to)
	if p.ReplyTo != "" {
		if err := m.ReplyTo(p.ReplyTo); err != nil {
			return nil, fmt.Errorf("the pool's address to reply to: %w", err)
		}
	}
	_, host, _ := strings.Cut(from.Address, "@")
	m.SetMessageIDWithValue(p.ID + "@" + host)
	m.SetDateWithValue(p.CreatedAt)
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.Subject(p.Subject)
	m.SetBodyString(mail.TypeTextPlain, p.Text)
	m.AddAlternativeString(mail.TypeTextHTML, p.HTML)
	return m, nil
}
