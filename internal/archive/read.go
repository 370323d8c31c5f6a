package archive

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"filippo.io/age"

	"github.com/poolhouse/poolhouse/internal/store"
)

// poolID is the form of a pool's id: a region and letters and digits.
var poolID = regexp.MustCompile(`^[0-9A-Za-z-]{1,45}_[0-9A-Za-z]{1,9}$`)

// maxColumns bounds the columns of a table.
const maxColumns = 100

// Check reads a whole file and returns what it holds. The errors are those of the
// package, with what is wrong.
func Check(ctx context.Context, in io.Reader, identities ...age.Identity) (*Summary, error) {
	r, err := open(in, identities)
	if err != nil {
		return nil, err
	}
	return r.read(ctx, visitor{
		table: func(*table, section) error { return nil },
		row:   func([]any) error { return nil },
	})
}

// visitor is told what is in a file, in its order.
type visitor struct {
	table func(*table, section) error
	row   func([]any) error // of the table told of last; a value is a string, a json.Number or nil
}

// reader reads the lines of a file.
type reader struct {
	in     *bufio.Reader
	hash   hash.Hash
	buf    []byte
	header Header
	number int // of the line, for messages
}

// open decrypts the beginning of a file and reads its header.
func open(in io.Reader, identities []age.Identity) (*reader, error) {
	plain, err := age.Decrypt(in, identities...)
	if err != nil {
		if _, ok := errors.AsType[*age.NoIdentityMatchError](err); ok {
			return nil, ErrWrongKey
		}
		return nil, fmt.Errorf("%w: %w", ErrNotArchive, err)
	}
	return newReader(plain)
}

// newReader reads the header of what was decrypted.
func newReader(plain io.Reader) (*reader, error) {
	r := &reader{in: bufio.NewReaderSize(plain, 64<<10), hash: sha256.New()}
	line, err := r.line()
	if err != nil {
		return nil, err
	}
	// Not strict: what a later format adds must not hide that it is later.
	if err := json.Unmarshal(line, &r.header); err != nil || r.header.Format != formatName || r.header.Version < 1 {
		return nil, fmt.Errorf("%w: it has no header", ErrNotArchive)
	}
	if r.header.Version > formatVersion {
		return nil, fmt.Errorf("%w: it has format %d, and this program reads %d", ErrFuture, r.header.Version, formatVersion)
	}
	if !poolID.MatchString(r.header.Pool) {
		return nil, fmt.Errorf("%w: %q is not the id of a user pool", ErrNotArchive, r.header.Pool)
	}
	r.hash.Write(line)
	return r, nil
}

// line returns the next line, with its end. It is valid until the next call.
func (r *reader) line() ([]byte, error) {
	r.buf = r.buf[:0]
	r.number++
	for {
		piece, err := r.in.ReadSlice('\n')
		r.buf = append(r.buf, piece...)
		switch {
		case len(r.buf) > maxLine:
			return nil, fmt.Errorf("%w: line %d is too long", ErrNotArchive, r.number)
		case err == nil:
			return r.buf, nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF):
			return nil, ErrDamaged
		default: // age finds a piece missing or altered, or the file cannot be read
			return nil, fmt.Errorf("%w: line %d: %w", ErrDamaged, r.number, err)
		}
	}
}

// read visits what follows the header, to the end.
func (r *reader) read(ctx context.Context, v visitor) (*Summary, error) {
	counts := make(map[string]int64)
	var current section
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		line, err := r.line()
		if err != nil {
			return nil, err
		}
		if line[0] == '[' {
			if current.Table == "" {
				return nil, r.damaged("a row without a table")
			}
			values, err := r.row(line, len(current.Columns))
			if err != nil {
				return nil, err
			}
			r.hash.Write(line)
			counts[current.Table]++
			if err := v.row(values); err != nil {
				return nil, err
			}
			continue
		}
		var next struct {
			section
			trailer
		}
		if err := strict(line, &next); err != nil {
			return nil, r.damaged("it is neither a table, a row nor the end")
		}
		if next.End {
			if err := r.end(next.trailer, counts); err != nil {
				return nil, err
			}
			return &Summary{Header: r.header, Rows: counts}, nil
		}
		t, err := r.table(next.section, counts)
		if err != nil {
			return nil, err
		}
		r.hash.Write(line)
		current, counts[t.Name] = next.section, 0
		if err := v.table(t, current); err != nil {
			return nil, err
		}
	}
}

// row parses a row of so many columns.
func (r *reader) row(line []byte, columns int) ([]any, error) {
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.UseNumber()
	var values []any
	if err := decoder.Decode(&values); err != nil || len(values) != columns {
		return nil, r.damaged("it is not a row")
	}
	if decoder.InputOffset() != int64(len(line)-1) {
		return nil, r.damaged("something follows the row")
	}
	return values, nil
}

// table finds the table of a section, which must be known and new.
func (r *reader) table(s section, counts map[string]int64) (*table, error) {
	t, ok := find(s.Table)
	if !ok {
		return nil, fmt.Errorf("%w: it has a table %q", ErrFuture, s.Table)
	}
	if _, seen := counts[t.Name]; seen {
		return nil, r.damaged("the table is there twice")
	}
	sorted := slices.Sorted(slices.Values(s.Columns))
	if len(s.Columns) == 0 || len(s.Columns) > maxColumns || len(slices.Compact(sorted)) != len(s.Columns) {
		return nil, r.damaged("its columns cannot be")
	}
	for _, name := range t.Key {
		if !slices.Contains(s.Columns, name) {
			return nil, r.damaged("its key is not there")
		}
	}
	for _, name := range s.Secrets {
		if !slices.Contains(t.secretColumns(), name) {
			return nil, fmt.Errorf("%w: column %q of %s is secret", ErrFuture, name, t.Name)
		}
	}
	return t, nil
}

// end checks the trailer, and that nothing follows it.
func (r *reader) end(t trailer, counts map[string]int64) error {
	if !maps.Equal(t.Rows, counts) {
		return r.damaged("the rows are not as many as it says")
	}
	if digest := hex.EncodeToString(r.hash.Sum(nil)); !strings.EqualFold(t.SHA256, digest) {
		return r.damaged("the digest differs")
	}
	if counts[userPools.Name] != 1 {
		return r.damaged("there must be one user pool")
	}
	switch _, err := r.in.ReadByte(); {
	case errors.Is(err, io.EOF):
		return nil
	case err == nil:
		return r.damaged("something follows the end")
	default: // age finds its last piece missing or altered
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
}

func (r *reader) damaged(what string) error {
	return fmt.Errorf("%w: line %d: %s", ErrNotArchive, r.number, what)
}

func strict(text []byte, v any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	return decoder.Decode(v)
}

// typed turns the values of a line into those of the columns.
func typed(columns []store.Column, values []any) error {
	for i, c := range columns {
		switch v := values[i].(type) {
		case nil:
		case string:
			if c.Number || strings.ContainsRune(v, 0) {
				return fmt.Errorf("%w: column %s does not take such a text", ErrNotArchive, c.Name)
			}
		case json.Number:
			n, err := v.Int64()
			if err != nil || !c.Number {
				return fmt.Errorf("%w: column %s does not take such a number", ErrNotArchive, c.Name)
			}
			values[i] = n
		default:
			return fmt.Errorf("%w: column %s is neither a text nor a number", ErrNotArchive, c.Name)
		}
	}
	return nil
}
