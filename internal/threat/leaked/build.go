package leaked

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Format is what the lines of a list are.
type Format string

// The formats of lists. A line of SHA1 may go on with a colon and how often the
// password was seen, as those of Have I Been Pwned do.
const (
	SHA1  Format = "sha1"
	Plain Format = "plain"
)

// maxLine is the longest line of a list, in bytes: beyond any password that a user
// may have.
const maxLine = 4096

// Build makes the file out of the list, which is read twice. It holds the file in
// memory: 2.5 bytes for each password. An error leaves an earlier file as it was.
func Build(ctx context.Context, out string, list io.ReadSeeker, format Format) (count uint64, err error) {
	if err := eachHash(ctx, list, format, func(hash) { count++ }); err != nil {
		return 0, err
	}
	if count == 0 {
		return 0, errors.New("the list is empty")
	}
	if _, err := list.Seek(0, io.SeekStart); err != nil {
		return 0, fmt.Errorf("read the list again: %w", err)
	}
	n := blocksFor(count)
	content := make([]byte, headerSize+n*blockSize)
	copy(content, magic)
	binary.BigEndian.PutUint64(content[16:], version)
	binary.BigEndian.PutUint64(content[24:], count)
	blocks := content[headerSize:]
	var again uint64
	err = eachHash(ctx, list, format, func(h hash) {
		again++
		block := blocks[h.block(n)*blockSize:]
		for i := range probes {
			at, mask := h.bit(i)
			block[at] |= mask
		}
	})
	if err != nil {
		return 0, err
	}
	if again != count {
		return 0, errors.New("the list changed while it was read")
	}
	return count, replace(out, content)
}

// eachHash calls fn for each line of a list. Empty lines are passed over.
func eachHash(ctx context.Context, list io.Reader, format Format, fn func(hash)) error {
	lines := bufio.NewScanner(list)
	lines.Buffer(make([]byte, 64<<10), maxLine)
	for n := 1; lines.Scan(); n++ {
		if n%(1<<16) == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		line := bytes.TrimSuffix(lines.Bytes(), []byte("\r"))
		if len(line) == 0 {
			continue
		}
		if format == Plain {
			fn(hashOf(string(line)))
			continue
		}
		h, err := parseHash(line)
		if err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		fn(h)
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read the list: %w", err)
	}
	return nil
}

func parseHash(line []byte) (h hash, err error) {
	text, _, _ := bytes.Cut(line, []byte(":"))
	text = bytes.TrimSpace(text)
	if len(text) != hex.EncodedLen(len(h)) {
		return h, errors.New("not a SHA-1 hash in hexadecimal digits")
	}
	if _, err := hex.Decode(h[:], text); err != nil {
		return h, errors.New("not a SHA-1 hash in hexadecimal digits")
	}
	return h, nil
}

// replace writes a file in one step, so that nobody sees half of it.
func replace(path string, content []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Chmod(f.Name(), 0o644) //nolint:gosec // public hashes
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	return err
}
