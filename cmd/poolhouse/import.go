package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"filippo.io/age"

	"github.com/poolhouse/poolhouse/internal/archive"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
)

type importCommand struct {
	opened
	File           string `arg:"" help:"File that 'poolhouse export' made; - for standard input."`
	Identity       string `type:"existingfile" placeholder:"FILE" help:"File with the age private key (AGE-SECRET-KEY-1...), as made by age-keygen."`
	PassphraseFile string `name:"passphrase-file" type:"existingfile" placeholder:"FILE" help:"File that holds the passphrase of the file, instead of --identity."`
	Replace        bool   `help:"Delete the present pool of the same id and put the file's in its place."`
}

// Run imports a pool. A file that is to replace one is read to its end before.
func (c *importCommand) Run(ctx context.Context, stdout io.Writer) error {
	identities, err := c.identities()
	if err != nil {
		return err
	}
	in := os.Stdin
	if c.File != "-" {
		if in, err = os.Open(c.File); err != nil {
			return err
		}
		defer in.Close()
	}
	if c.Replace {
		if _, err := in.Seek(0, io.SeekStart); err != nil {
			return errors.New("--replace needs a file, not standard input: it is read twice")
		}
		if _, err := archive.Check(ctx, in, identities...); err != nil {
			return err
		}
		if _, err := in.Seek(0, io.SeekStart); err != nil {
			return err
		}
	}
	return c.open(ctx, true, func(db *store.DB, ring *keys.Ring) error {
		summary, err := archive.Import(ctx, db, ring, in, archive.ImportOptions{Identities: identities, Replace: c.Replace})
		if errors.Is(err, archive.ErrPoolExists) {
			return fmt.Errorf("%w; --replace deletes it first", err)
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(stdout, "Imported %s (%s) with %d users.\n", summary.Pool, summary.Name, summary.Rows["users"])
		if !summary.SigningKeys {
			fmt.Fprintln(stdout, "It has new signing keys: users sign in anew.")
		}
		return nil
	})
}

func (c *importCommand) identities() ([]age.Identity, error) {
	if (c.Identity != "") == (c.PassphraseFile != "") {
		return nil, errors.New("--identity or --passphrase-file is needed, and not both")
	}
	if c.PassphraseFile != "" {
		passphrase, err := readPassphrase(c.PassphraseFile)
		if err != nil {
			return nil, err
		}
		identity, err := age.NewScryptIdentity(passphrase)
		if err != nil {
			return nil, fmt.Errorf("--passphrase-file: %w", err)
		}
		return []age.Identity{identity}, nil
	}
	f, err := os.Open(c.Identity)
	if err != nil {
		return nil, fmt.Errorf("--identity: %w", err)
	}
	defer f.Close()
	identities, err := age.ParseIdentities(f)
	if err != nil {
		return nil, fmt.Errorf("--identity: %w", err)
	}
	return identities, nil
}
