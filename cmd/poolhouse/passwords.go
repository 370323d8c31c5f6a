package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/poolhouse/poolhouse/internal/threat/leaked"
)

type passwordsCommand struct {
	Build buildPasswordsCommand `cmd:"" help:"Make the file for --leaked-passwords out of a list."`
}

type buildPasswordsCommand struct {
	List   string        `arg:"" type:"existingfile" help:"The list, a password a line."`
	Out    string        `required:"" short:"o" placeholder:"FILE" help:"The file to make. One that is there is replaced; servers see that at their next start."`
	Format leaked.Format `enum:"sha1,plain" default:"sha1" help:"What the lines are: sha1 (hashes in hexadecimal digits, as those of Have I Been Pwned) or plain (the passwords themselves)."`
}

// Run makes the file.
func (c *buildPasswordsCommand) Run(ctx context.Context, stdout io.Writer) error {
	list, err := os.Open(c.List)
	if err != nil {
		return err
	}
	defer list.Close()
	count, err := leaked.Build(ctx, c.Out, list, c.Format)
	if err != nil {
		return fmt.Errorf("%s: %w", c.List, err)
	}
	_, err = fmt.Fprintf(stdout, "%s knows %d passwords.\n", c.Out, count)
	return err
}
