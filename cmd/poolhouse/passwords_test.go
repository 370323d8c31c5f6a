package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/poolhouse/poolhouse/internal/threat/leaked"
)

func TestPasswordsBuild(t *testing.T) {
	dir := t.TempDir()
	list, file := filepath.Join(dir, "list"), filepath.Join(dir, "file")
	if err := os.WriteFile(list, []byte("5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:9545824\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := run([]string{"passwords", "build", list, "--out", file}, &out, &out); err != nil {
		t.Fatal(err)
	}
	if want := file + " knows 1 passwords.\n"; out.String() != want {
		t.Errorf("it said %q, want %q", out.String(), want)
	}
	f, err := leaked.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if known, err := f.Has("password"); err != nil || !known {
		t.Errorf("the password is not known: %v", err)
	}
	if err := os.WriteFile(list, []byte("plain text\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run([]string{"passwords", "build", list, "--out", file}, &out, &out); err == nil {
		t.Error("a list of another format was taken")
	}
}
