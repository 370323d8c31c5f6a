package smtptest

import (
	"bufio"
	"encoding/base64"
	"strings"
)

// data reads a message up to its final dot.
func data(r *bufio.Reader) (string, error) {
	var b strings.Builder
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return "", err
		}
		if line == ".\r\n" {
			return b.String(), nil
		}
		b.WriteString(strings.TrimPrefix(line, "."))
	}
}

// address is what stands between the angle brackets of MAIL and RCPT.
func address(text string) string {
	_, text, _ = strings.Cut(text, "<")
	text, _, _ = strings.Cut(text, ">")
	return text
}

// plain is the user name and the password of AUTH PLAIN.
func plain(text string) string {
	_, encoded, _ := strings.Cut(text, " ")
	b, _ := base64.StdEncoding.DecodeString(encoded) // what is no base64 is no login
	return strings.ReplaceAll(strings.Trim(string(b), "\x00"), "\x00", " ")
}
