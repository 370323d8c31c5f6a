package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"filippo.io/age"

	"github.com/poolhouse/poolhouse/internal/archive"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
)

// shortestPassphrase is how many bytes the passphrase of an export has at least:
// the file holds everything that is secret in a pool.
const shortestPassphrase = 12

type exportCommand struct {
	opened
	Pool           string   `required:"" placeholder:"ID" help:"Id of the pool."`
	Recipient      []string `placeholder:"KEY" help:"age public key (age1...) that the file is encrypted for; may be repeated."`
	PassphraseFile string   `name:"passphrase-file" type:"existingfile" placeholder:"FILE" help:"File that holds a passphrase to encrypt the file with, instead of --recipient."`
	SigningKeys    bool     `name:"signing-keys" help:"Export the keys of the pool's tokens too, so that tokens go on holding."`
	Output         string   `short:"o" required:"" placeholder:"FILE" help:"File to make; - for standard output."`
}

// Run exports a pool.
func (c *exportCommand) Run(ctx context.Context, stdout io.Writer) error {
	recipients, err := c.recipients()
	if err != nil {
		return err
	}
	o := archive.ExportOptions{Pool: c.Pool, SigningKeys: c.SigningKeys, Software: "(devel)", Recipients: recipients}
	if info, ok := debug.ReadBuildInfo(); ok {
		o.Software = info.Main.Version
	}
	return c.with(ctx, func(db *store.DB, ring *keys.Ring) error {
		if c.Output == "-" {
			_, err := archive.Export(ctx, db, ring, stdout, o)
			return err
		}
		var summary *archive.Summary
		if err := writeWhole(c.Output, func(f io.Writer) (err error) {
			summary, err = archive.Export(ctx, db, ring, f, o)
			return err
		}); err != nil {
			return err
		}
		fmt.Fprintf(stdout, "Exported %s (%s) with %d users to %s.\n", summary.Pool, summary.Name, summary.Rows["users"], c.Output)
		return nil
	})
}

func (c *exportCommand) recipients() ([]age.Recipient, error) {
	if (len(c.Recipient) > 0) == (c.PassphraseFile != "") {
		return nil, errors.New("--recipient or --passphrase-file is needed, and not both")
	}
	if c.PassphraseFile != "" {
		passphrase, err := readPassphrase(c.PassphraseFile)
		if err != nil {
			return nil, err
		}
		recipient, err := age.NewScryptRecipient(passphrase)
		if err != nil {
			return nil, fmt.Errorf("--passphrase-file: %w", err)
		}
		return []age.Recipient{recipient}, nil
	}
	recipients, err := age.ParseRecipients(strings.NewReader(strings.Join(c.Recipient, "\n")))
	if err != nil {
		return nil, fmt.Errorf("--recipient: %w", err)
	}
	return recipients, nil
}

// readPassphrase reads the first line of a file.
func readPassphrase(file string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("--passphrase-file: %w", err)
	}
	passphrase, _, _ := strings.Cut(string(text), "\n")
	passphrase = strings.TrimSuffix(passphrase, "\r")
	if len(passphrase) < shortestPassphrase {
		return "", fmt.Errorf("--passphrase-file: the first line has fewer than %d characters", shortestPassphrase)
	}
	return passphrase, nil
}

// writeWhole makes a file that only its owner reads, and that is there only when
// all of it is. A file of the name stays.
func writeWhole(name string, write func(io.Writer) error) error {
	if _, err := os.Lstat(name); err == nil {
		return fmt.Errorf("%s: %w", name, os.ErrExist)
	}
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*") // mode 0600
	if err != nil {
		return err
	}
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
