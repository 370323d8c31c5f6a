package local

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
)

// What a function may put into the log: bytes of a line, and lines a second, and
// at once.
const (
	maxLine        = 4096
	linesPerSecond = 200
	linesAtOnce    = 2000
)

// lineWriter puts the lines that a program prints into the log.
type lineWriter struct {
	process *process
	stream  string
	line    []byte
	lost    int // lines over the limit, since the last one that was logged
}

func (p *process) output(stream string) *lineWriter { return &lineWriter{process: p, stream: stream} }

// Write never fails: a program must not fail for what it prints.
func (w *lineWriter) Write(b []byte) (int, error) {
	n := len(b)
	for {
		before, after, found := bytes.Cut(b, []byte{'\n'})
		w.line = append(w.line, before[:min(len(before), maxLine-len(w.line))]...)
		if !found {
			return n, nil
		}
		w.flush()
		b = after
	}
}

// flush logs the line so far.
func (w *lineWriter) flush() {
	line := strings.TrimRight(strings.ToValidUTF8(string(w.line), "�"), "\r ")
	w.line = w.line[:0]
	if line == "" {
		return
	}
	if !w.process.runner.lines.Allow() {
		w.lost++
		return
	}
	attributes := []slog.Attr{slog.String("stream", w.stream), slog.String("line", line)}
	if id := w.process.working(); id != "" {
		attributes = append(attributes, slog.String("invocation", id))
	}
	if w.lost > 0 {
		attributes = append(attributes, slog.Int("lines_lost", w.lost))
		w.lost = 0
	}
	w.process.runner.o.Logger.LogAttrs(context.Background(), slog.LevelInfo, "a function prints", attributes...)
}
