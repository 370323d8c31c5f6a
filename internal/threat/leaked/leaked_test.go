package leaked

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func build(t testing.TB, list string, format Format) *File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "leaked")
	if _, err := Build(t.Context(), path, strings.NewReader(list), format); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func has(t testing.TB, f *File, password string) bool {
	t.Helper()
	known, err := f.Has(password)
	if err != nil {
		t.Fatal(err)
	}
	return known
}

// The list of Have I Been Pwned has upper-case hashes and counts.
func TestFormats(t *testing.T) {
	const hashes = "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:9545824\r\n" + // password
		"b1b3773a05c0ed0176787a4f1574ff0075f7521e\n\n" // qwerty
	for name, f := range map[string]*File{"hashes": build(t, hashes, SHA1), "plain": build(t, "password\r\nqwerty", Plain)} {
		t.Run(name, func(t *testing.T) {
			if f.Len() != 2 || !has(t, f, "password") || !has(t, f, "qwerty") {
				t.Errorf("%d passwords, and not those", f.Len())
			}
			if has(t, f, "Password") || has(t, f, "") {
				t.Error("it has what was not in the list")
			}
		})
	}
}

// All that were put in are found, and of others no more than the package says.
func TestFalsePositives(t *testing.T) {
	const in, out = 50_000, 200_000
	var list strings.Builder
	for i := range in {
		fmt.Fprintf(&list, "in %d\n", i)
	}
	f := build(t, list.String(), Plain)
	for i := range in {
		if !has(t, f, fmt.Sprintf("in %d", i)) {
			t.Fatalf("in %d is lost", i)
		}
	}
	wrong := 0
	for i := range out {
		if has(t, f, fmt.Sprintf("out %d", i)) {
			wrong++
		}
	}
	t.Logf("1 in %d", out/max(1, wrong))
	if wrong > out/2_000 {
		t.Errorf("%d of %d are known wrongly", wrong, out)
	}
}

func TestBuildRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "leaked")
	if _, err := Build(t.Context(), path, strings.NewReader("first"), Plain); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, list := range map[string]string{
		"nothing": "", "no hash": "password\n", "short hash": "5BAA61E4\n", "no digits": strings.Repeat("g", 40),
		"a long line": strings.Repeat("a", 5000),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Build(t.Context(), path, strings.NewReader(list), SHA1); err == nil {
				t.Error("it was built")
			}
		})
	}
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := Build(ctx, path, strings.NewReader(strings.Repeat("a\n", 1<<17)), Plain); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
	after, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file changed: %v", err)
	}
	if files, err := os.ReadDir(filepath.Dir(path)); err != nil || len(files) != 1 {
		t.Errorf("files left behind: %v, %v", files, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "leaked")
	if _, err := Build(t.Context(), path, strings.NewReader("a\nb"), Plain); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	future := bytes.Clone(whole)
	future[23] = 2
	countless := bytes.Clone(whole)
	for i := 24; i < 32; i++ {
		countless[i] = 0xff
	}
	for name, content := range map[string][]byte{
		"empty": nil, "text": []byte(strings.Repeat("password\n", 50)), "cut off": whole[:len(whole)-1],
		"longer": append(bytes.Clone(whole), 0), "from the future": future, "countless": countless,
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(dir, name)
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			if f, err := Open(path); err == nil {
				f.Close()
				t.Error("it was opened")
			}
		})
	}
	if _, err := Open(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

func TestCommon(t *testing.T) {
	for _, password := range []string{
		"password", "Password1", "Password1!", "P@ssw0rd", "P@ssw0rd!", "Passw0rd123!", "Summer2026!", "Welcome@123", "QWERTY123!", "Iloveyou1.",
		"123456", "1234567890", "Qwerty123456!", "Admin#2024", "Dragon!!!",
	} {
		if !Common(password) {
			t.Errorf("%q is common", password)
		}
	}
	for _, password := range []string{
		"", "1", "!!", "Correct-Horse-Battery-9", "hXz81!kQpw", "Passwort-ist-lang-42", "dragonfruit-Milk-7", "Summer2926!", "Password3947!",
		strings.Repeat("password", 9),
	} {
		if Common(password) {
			t.Errorf("%q is not common", password)
		}
	}
}

func FuzzParseHash(f *testing.F) {
	f.Add([]byte("5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:9545824"))
	f.Add([]byte(":"))
	f.Fuzz(func(t *testing.T, line []byte) {
		h, err := parseHash(line)
		if err == nil && !strings.HasPrefix(strings.ToLower(strings.TrimSpace(string(line))), hex.EncodeToString(h[:])) {
			t.Errorf("%q is %x", line, h)
		}
	})
}

func FuzzCommon(f *testing.F) {
	f.Add("P@ssw0rd!!")
	f.Fuzz(func(t *testing.T, password string) {
		if Common(password) && !Common(strings.ToUpper(strings.ToLower(password))) && len(strings.ToUpper(password)) == len(password) && isASCII(password) {
			t.Errorf("%q is common only in one case", password)
		}
	})
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > 127 })
}

func BenchmarkHas(b *testing.B) {
	f := build(b, strings.Repeat("a\n", 1000), Plain)
	for b.Loop() {
		if _, err := f.Has("password"); err != nil {
			b.Fatal(err)
		}
	}
}
