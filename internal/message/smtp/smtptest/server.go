// Package smtptest is an SMTP server for tests: it keeps what it is sent, and
// refuses what the test wants refused.
package smtptest

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
)

// Mail is one message that a server took.
type Mail struct{ From, To, Data string }

// Server is a running server. Its fields are set before the first connection.
type Server struct {
	Addr string // host:port

	// TLS is offered by STARTTLS, or spoken at once where Implicit is set.
	TLS      *tls.Config
	Implicit bool

	// Login is the user name and password that must be given, with a space between;
	// "" for none.
	Login string

	// Answer is asked before each RCPT and each end of DATA: "" takes it, anything
	// else is the answer, such as "450 4.7.1 Greylisted"; "close" ends the
	// connection, and "take and close" keeps the message first. It may be nil.
	Answer func(command, to string) string

	listener net.Listener
	mu       sync.Mutex
	mails    []Mail
	conns    map[net.Conn]bool
}

// Start serves on a free port until the test ends.
func Start(t testing.TB, s *Server) *Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.listener, s.Addr, s.conns = l, l.Addr().String(), make(map[net.Conn]bool)
	go s.accept()
	t.Cleanup(func() {
		l.Close()
		s.Hangup()
	})
	return s
}

// Mails returns what it took so far.
func (s *Server) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Mail(nil), s.mails...)
}

// Hangup ends all connections.
func (s *Server) Hangup() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.Close()
	}
}

func (s *Server) accept() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns[c] = true
		s.mu.Unlock()
		go func() {
			s.serve(c)
			c.Close()
			s.mu.Lock()
			delete(s.conns, c)
			s.mu.Unlock()
		}()
	}
}

// serve speaks as much of RFC 5321 as a client needs.
func (s *Server) serve(c net.Conn) {
	secure := s.TLS != nil && s.Implicit
	if secure {
		c = tls.Server(c, s.TLS)
	}
	r := bufio.NewReader(c)
	say := func(format string, args ...any) bool {
		_, err := fmt.Fprintf(c, format+"\r\n", args...)
		return err == nil
	}
	var m Mail
	loggedIn := s.Login == ""
	for ok := say("220 smtptest"); ok; {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		verb, rest, _ := strings.Cut(line, " ")
		switch strings.ToUpper(verb) {
		case "EHLO":
			text := "250-smtptest\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n"
			if s.TLS != nil && !secure {
				text += "250-STARTTLS\r\n"
			}
			ok = say("%s250 AUTH PLAIN", text)
		case "STARTTLS":
			say("220 go on")
			c = tls.Server(c, s.TLS)
			r, secure = bufio.NewReader(c), true
		case "AUTH":
			loggedIn = loggedIn || plain(rest) == s.Login
			if loggedIn {
				ok = say("235 2.7.0 ok")
			} else {
				ok = say("535 5.7.8 wrong")
			}
		case "MAIL":
			if !loggedIn {
				ok = say("530 5.7.0 log in")
				continue
			}
			m = Mail{From: address(rest)}
			ok = say("250 2.1.0 ok")
		case "RCPT":
			m.To = address(rest)
			ok = reply(say, s.ask("RCPT", m.To), "250 2.1.5 ok")
		case "DATA":
			say("354 go on")
			if m.Data, err = data(r); err != nil {
				return
			}
			answer := s.ask("DATA", m.To)
			if answer == "" || answer == "take and close" {
				s.mu.Lock()
				s.mails = append(s.mails, m)
				s.mu.Unlock()
			}
			ok = reply(say, answer, "250 2.0.0 queued")
		case "QUIT":
			say("221 bye")
			return
		case "NOOP", "RSET":
			ok = say("250 2.0.0 ok")
		default:
			ok = say("502 5.5.1 what?")
		}
	}
}

func (s *Server) ask(command, to string) string {
	if s.Answer == nil {
		return ""
	}
	return s.Answer(command, to)
}

func reply(say func(string, ...any) bool, answer, otherwise string) bool {
	switch answer {
	case "":
		return say("%s", otherwise)
	case "close", "take and close":
		return false
	}
	return say("%s", answer)
}
