package userimport

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/poolhouse/poolhouse/internal/userpool"
)

func TestFields(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{``, `[]`},
		{`a,b`, `[a|b]`},
		{` a , b	`, `[a|b]`},
		{`,`, `[|]`},
		{`a\,b,c`, `[a,b|c]`},
		{`a\b\,`, `[a\b,]`},
		{`a\`, `[a\]`},
		{`"a,b"`, `["a|b"]`},
	} {
		t.Run(tc.text, func(t *testing.T) {
			if got := "[" + strings.Join(fields(tc.text), "|") + "]"; got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

// FuzzRows reads files whole, byte by byte, and again from behind each row: all
// must find the same rows.
func FuzzRows(f *testing.F) {
	for _, seed := range []string{"", "a,b\nc,d\n", "a\r\n\r\n \nb", "\xff\n\ufeff", "x\\,y,\\", strings.Repeat("x", 70_000) + "\ny"} {
		f.Add(seed)
	}
	pool := &userpool.Pool{}
	f.Fuzz(func(t *testing.T, text string) {
		type place struct {
			row
			offset int64
		}
		read := func(r *rows) (all []place) {
			for {
				next, err := r.next()
				if errors.Is(err, io.EOF) {
					if r.offset != int64(len(text)) {
						t.Fatalf("ends at %d of %d", r.offset, len(text))
					}
					return all
				}
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, place{next, r.offset})
			}
		}
		whole := read(newRows(strings.NewReader(text), 0, 0))
		if slow := read(newRows(iotest.OneByteReader(strings.NewReader(text)), 0, 0)); len(slow) != len(whole) {
			t.Fatalf("%d rows, byte by byte %d", len(whole), len(slow))
		}
		for i, at := range whole[:min(len(whole), 20)] {
			rest := read(newRows(strings.NewReader(text[at.offset:]), at.offset, at.line))
			if len(rest) != len(whole)-i-1 || len(rest) > 0 && rest[0] != whole[i+1] {
				t.Fatalf("behind row %d there are %d rows of %d", i, len(rest), len(whole))
			}
			if _, err := header(at.row, pool, false); err != nil && len(err.Error()) > 128 {
				t.Fatalf("long message: %s", err)
			}
			if in, reason := user([]string{"a", "b"}, at.row, ""); reason == "" && len(in.Attributes) > 2 {
				t.Fatalf("user %+v", in)
			}
		}
	})
}
