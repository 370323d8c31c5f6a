package sigv4

import (
	"bufio"
	"crypto/hmac"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

const (
	maxChunk       = 8 << 20 // bytes of one chunk, which is held in memory
	maxChunkLine   = 512
	maxTrailers    = 16
	maxTrailerLine = 1024
)

// A chunkReader reads a body in the chunks of aws-chunked. A signed chunk is
// handed on when its signature was checked, and the end only when everything was.
type chunkReader struct {
	from     *bufio.Reader
	body     io.Closer
	signed   bool     // the chunks, and the trailer if there is one
	trailer  bool     // a trailer follows the last chunk
	wanted   []string // the names that x-amz-trailer announces
	sum      *checksum
	key      []byte
	head     string // of the strings to sign, behind the algorithm: time and scope
	previous string // the signature before
	left     int64  // of the decoded length

	buffer []byte // of the chunk, not handed on yet
	err    error
}

// Read hands on what was checked.
func (c *chunkReader) Read(p []byte) (int, error) {
	for len(c.buffer) == 0 && c.err == nil {
		if err := c.next(); err != nil {
			c.err = err
			if !errors.Is(err, io.EOF) {
				c.err = &Error{ErrPayload, err}
			}
		}
	}
	n := copy(p, c.buffer)
	c.buffer = c.buffer[n:]
	if n > 0 || len(p) == 0 {
		return n, nil
	}
	return 0, c.err
}

// Close closes the body.
func (c *chunkReader) Close() error { return c.body.Close() }

// next reads a chunk; io.EOF says that it was the last and that all is well.
func (c *chunkReader) next() error {
	line, err := c.line(maxChunkLine)
	if err != nil {
		return err
	}
	digits, extension, _ := strings.Cut(line, ";")
	size, err := strconv.ParseUint(digits, 16, 32)
	if err != nil || size > maxChunk {
		return errors.New("a chunk has a wrong size")
	}
	if int64(size) > c.left {
		return errors.New("the chunks are longer than announced")
	}
	// What is announced is believed only in part: it may never come.
	data, err := io.ReadAll(io.LimitReader(c.from, int64(size)))
	if err != nil || len(data) != int(size) {
		return errors.New("a chunk breaks off")
	}
	if err := c.check(extension, data); err != nil {
		return err
	}
	if size == 0 {
		return c.end()
	}
	if line, err := c.line(2); err != nil || line != "" {
		return errors.New("a chunk does not end where it should")
	}
	c.left -= int64(size)
	c.sum.write(data)
	c.buffer = data
	return nil
}

func (c *chunkReader) check(extension string, data []byte) error {
	if !c.signed {
		return nil
	}
	signature, ok := strings.CutPrefix(extension, "chunk-signature=")
	text := "AWS4-HMAC-SHA256-PAYLOAD\n" + c.head + "\n" + c.previous + "\n" + emptyHash + "\n" + hexSHA256(data)
	if want := hexHMAC(c.key, text); !ok || !hmac.Equal([]byte(want), []byte(signature)) {
		return errors.New("a chunk has a wrong signature")
	}
	c.previous = signature
	return nil
}

// end reads what is behind the last chunk.
func (c *chunkReader) end() error {
	if c.left != 0 {
		return errors.New("the chunks are shorter than announced")
	}
	if !c.trailer {
		if line, err := c.line(2); err != nil || line != "" {
			return errors.New("the last chunk does not end where it should")
		}
		return c.nothingMore()
	}
	var signed strings.Builder
	var names []string
	signature := ""
	for range maxTrailers + 2 { // and the signature, and the empty line
		line, err := c.line(maxTrailerLine)
		if err != nil {
			return err
		}
		if line == "" {
			break
		}
		name, value, ok := strings.Cut(line, ":")
		name, value = strings.ToLower(name), strings.TrimSpace(value)
		switch {
		case !ok || signature != "" || slices.Contains(names, name):
			return errors.New("the trailer is malformed")
		case name == "x-amz-trailer-signature" && c.signed:
			signature = value
			continue
		case !slices.Contains(c.wanted, name):
			return errors.New("the trailer was not announced")
		}
		if err := c.sum.compare(name, value); err != nil {
			return err
		}
		names = append(names, name)
		signed.WriteString(name + ":" + value + "\n")
	}
	if len(names) != len(c.wanted) {
		return errors.New("the trailer is incomplete")
	}
	if c.signed {
		text := "AWS4-HMAC-SHA256-TRAILER\n" + c.head + "\n" + c.previous + "\n" + hexSHA256([]byte(signed.String()))
		if !hmac.Equal([]byte(hexHMAC(c.key, text)), []byte(signature)) {
			return errors.New("the trailer has a wrong signature")
		}
	}
	return c.nothingMore()
}

func (c *chunkReader) nothingMore() error {
	if _, err := c.from.ReadByte(); !errors.Is(err, io.EOF) {
		return errors.New("bytes follow the last chunk")
	}
	return io.EOF
}

// line reads a line that ends in CRLF, without that.
func (c *chunkReader) line(most int) (string, error) {
	var line []byte
	for len(line) <= most+2 {
		b, err := c.from.ReadByte()
		if err != nil {
			return "", fmt.Errorf("the body breaks off: %w", io.ErrUnexpectedEOF)
		}
		line = append(line, b)
		if b == '\n' {
			text, ok := strings.CutSuffix(string(line), "\r\n")
			if !ok {
				break
			}
			return text, nil
		}
	}
	return "", errors.New("a line is malformed or too long")
}
