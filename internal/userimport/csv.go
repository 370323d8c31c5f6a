package userimport

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/poolhouse/poolhouse/internal/userpool"
)

// Limits of a file (developer guide, "Formatting the CSV file").
const (
	maxFile = 100 << 20 // bytes
	maxRows = 500_000   // without the header
	maxRow  = 16_000    // characters
)

// A fileError says why a file as a whole cannot be imported. Its text is shown as
// the CompletionMessage, which has at most 128 characters.
type fileError string

func (e fileError) Error() string { return string(e) }

// A row is a line of the file.
type row struct {
	line   int64  // of the file, from 1
	text   string // without the line break
	reason string // why it is no row, or ""
}

// rows reads the lines of a file. It knows where the next one begins.
type rows struct {
	r      *bufio.Reader
	offset int64 // of the byte behind the line that was read last
	line   int64
}

// newRows reads from r, which is at a byte of the file behind so many lines.
func newRows(r io.Reader, offset, line int64) *rows {
	return &rows{r: bufio.NewReaderSize(r, maxRow*utf8.UTFMax+len("\r\n")), offset: offset, line: line}
}

// next returns the next line with anything in it, or io.EOF. A line ends with LF
// or CR LF; the last one need not.
func (r *rows) next() (row, error) {
	for {
		text, long, err := r.read()
		if err != nil {
			return row{}, err
		}
		r.line++
		switch {
		case long || utf8.RuneCountInString(text) > maxRow:
			return row{line: r.line, reason: fmt.Sprintf("The row is longer than %d characters.", maxRow)}, nil
		case !utf8.ValidString(text):
			return row{line: r.line, reason: "The row is not UTF-8."}, nil
		case strings.TrimSpace(text) != "":
			return row{line: r.line, text: text}, nil
		}
	}
}

// read returns the next line. A line beyond the buffer is passed over.
func (r *rows) read() (text string, long bool, err error) {
	for {
		b, err := r.r.ReadSlice('\n')
		r.offset += int64(len(b))
		if errors.Is(err, bufio.ErrBufferFull) {
			long = true
			continue
		}
		if err != nil && !(errors.Is(err, io.EOF) && (len(b) > 0 || long)) {
			return "", false, err
		}
		if long {
			return "", true, nil
		}
		return strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r"), false, nil
	}
}

// fields are the values of a row: between commas, a comma within a value behind a
// backslash, and without the white space at both ends. Quotation marks mean
// nothing.
func fields(text string) []string {
	var all []string
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text) && text[i+1] == ',':
			b.WriteByte(',')
			i++
		case text[i] == ',':
			all = append(all, strings.TrimSpace(b.String()))
			b.Reset()
		default:
			b.WriteByte(text[i])
		}
	}
	return append(all, strings.TrimSpace(b.String()))
}

// header holds the first line of a file against the columns that the pool has,
// and returns them in the order of the file. In a job with password hashes their
// column must be there and of the others only the username's, as in AWS's own
// example; else all of the pool must. The error is a fileError.
func header(first row, pool *userpool.Pool, hashes bool) ([]string, error) {
	switch {
	case first.reason != "":
		return nil, fileError("The CSV header: " + first.reason)
	case strings.HasPrefix(first.text, "\ufeff"):
		return nil, fileError("The CSV file begins with a byte order mark.")
	}
	known := pool.ImportHeader()
	columns := fields(first.text)
	seen := make(map[string]bool, len(columns))
	for i, c := range columns {
		switch {
		case c != userpool.ImportHashColumn && !slices.Contains(known, c):
			return nil, fileError(fmt.Sprintf("Column %d of the CSV header is none of the user pool.", i+1))
		case seen[c]:
			return nil, fileError(fmt.Sprintf("The CSV header has the column %s twice.", c))
		}
		seen[c] = true
	}
	wanted := known
	if hashes {
		wanted = []string{userpool.ImportUsernameColumn, userpool.ImportHashColumn}
	}
	for _, c := range wanted {
		if !seen[c] {
			return nil, fileError(fmt.Sprintf("The CSV header lacks the column %s.", c))
		}
	}
	return columns, nil
}

// user is what a row says of a user; a text says why it cannot be read, or is "".
func user(columns []string, r row, algorithm string) (in userpool.ImportedUser, reason string) {
	if r.reason != "" {
		return in, r.reason
	}
	values := fields(r.text)
	if len(values) != len(columns) {
		return in, fmt.Sprintf("The row has %d values, the header has %d columns.", len(values), len(columns))
	}
	in = userpool.ImportedUser{HashAlgorithm: algorithm, Attributes: make(map[string]string, len(columns))}
	for i, value := range values {
		switch columns[i] {
		case userpool.ImportUsernameColumn:
			in.Username = value
		case userpool.ImportMFAColumn:
			in.MFAEnabled = value
		case userpool.ImportHashColumn:
			in.PasswordHash = value
		default:
			if value != "" {
				in.Attributes[columns[i]] = value
			}
		}
	}
	if in.PasswordHash != "" && algorithm == "" {
		return in, "The row has a password hash, but the import job has no password hashing algorithm."
	}
	return in, ""
}
