package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/poolhouse/poolhouse/internal/app"
	"github.com/poolhouse/poolhouse/internal/config"
	"github.com/poolhouse/poolhouse/internal/iam"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
)

// openDatabase opens the configured database; a new one is made only if the
// command may be the first to use it.
func openDatabase(ctx context.Context, s *config.Storage, first bool) (*store.DB, error) {
	url, err := s.URL()
	if err != nil {
		return nil, err
	}
	if url == "" {
		return nil, errors.New("--database or --data is needed")
	}
	file, isFile := strings.CutPrefix(url, "sqlite:")
	if _, err := os.Stat(file); isFile && !first && errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("there is no database at %s", file)
	}
	if s.Data != "" {
		if err := os.MkdirAll(s.Data, 0o700); err != nil {
			return nil, fmt.Errorf("--data: %w", err)
		}
	}
	return store.Open(ctx, store.Options{URL: url, Migrate: first})
}

// opened is a database with its keys, for the commands that work on it.
type opened struct {
	config.Storage
	config.MasterKey
}

// with opens the database, for a command that needs it to be there.
func (o *opened) with(ctx context.Context, do func(*store.DB, *keys.Ring) error) error {
	return o.open(ctx, false, do)
}

func (o *opened) open(ctx context.Context, first bool, do func(*store.DB, *keys.Ring) error) error {
	master, err := masterKey(&o.MasterKey, o.Data)
	if err != nil {
		return err
	}
	db, err := openDatabase(ctx, &o.Storage, first)
	if err != nil {
		return err
	}
	defer db.Close()
	if first {
		if _, _, err := db.Migrate(ctx); err != nil {
			return err
		}
	}
	ring, err := keys.Open(ctx, db, master, nil)
	if err != nil {
		return err
	}
	defer ring.Close()
	return do(db, ring)
}

type migrateCommand struct{ config.Storage }

// Run applies the migrations that the database lacks.
func (c *migrateCommand) Run(ctx context.Context, stdout io.Writer) error {
	db, err := openDatabase(ctx, &c.Storage, true)
	if err != nil {
		return err
	}
	defer db.Close()
	from, to, err := db.Migrate(ctx)
	if err != nil {
		return err
	}
	if from == to {
		fmt.Fprintf(stdout, "The database is up to date (version %d).\n", to)
		return nil
	}
	fmt.Fprintf(stdout, "Migrated the database from version %d to %d.\n", from, to)
	return nil
}

type keyCommands struct {
	Make         makeKeyCommand      `cmd:"" help:"Make a new master key."`
	RotateMaster rotateMasterCommand `cmd:"" name:"rotate-master" help:"Seal the database's keys under a new master key."`
	RotateData   rotateDataCommand   `cmd:"" name:"rotate-data" help:"Seal what is written from now on under a new data key; the old ones go on opening."`
	RotatePool   rotatePoolCommand   `cmd:"" name:"rotate-pool" help:"Give a pool new signing keys; the old ones stay valid for the tokens they signed."`

	RotateIdentity rotateIdentityCommand `cmd:"" name:"rotate-identity" help:"Give the identity pools, which share them, new signing keys, in the same way."`
}

type makeKeyCommand struct {
	File string `arg:"" optional:"" help:"File to make, readable by its owner only; without it the key is printed."`
}

// Run makes a new master key.
func (c *makeKeyCommand) Run(stdout io.Writer) error {
	key := keys.GenerateMasterKey().Text()
	if c.File != "" {
		return writeSecret(c.File, key)
	}
	_, err := fmt.Fprintln(stdout, key)
	return err
}

type rotateMasterCommand struct {
	opened
	NewMasterKeyFile string `required:"" type:"existingfile" placeholder:"FILE" help:"File that holds the new master key, as made by 'poolhouse key make'."`
}

// Run reseals the data keys. Running nodes go on; they need the new key at their
// next start.
func (c *rotateMasterCommand) Run(ctx context.Context, stdout io.Writer) error {
	next, err := masterKey(&config.MasterKey{MasterKeyFile: c.NewMasterKeyFile}, "")
	if err != nil {
		return fmt.Errorf("--new-master-key-file: %w", err)
	}
	old, err := masterKey(&c.MasterKey, c.Data)
	if err != nil {
		return err
	}
	db, err := openDatabase(ctx, &c.Storage, false)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := keys.RotateMaster(ctx, db, old, next); err != nil {
		return err
	}
	fmt.Fprintln(stdout, "The database is sealed under the new master key. Give it to every server before its next start.")
	return nil
}

type rotateDataCommand struct{ opened }

// Run adds a data key.
func (c *rotateDataCommand) Run(ctx context.Context, stdout io.Writer) error {
	return c.with(ctx, func(_ *store.DB, ring *keys.Ring) error {
		if err := ring.AddDataKey(ctx); err != nil {
			return err
		}
		fmt.Fprintln(stdout, "A new data key seals what is written from now on.")
		return nil
	})
}

// rotatePoolCommand retires keys after the day that a token lives at most, and an
// hour for clocks that differ.
type rotatePoolCommand struct {
	Pool string `arg:"" help:"Id of the pool."`
	rotation
}

// Run rotates a pool's signing keys.
func (c *rotatePoolCommand) Run(ctx context.Context, stdout io.Writer) error {
	return c.rotate(ctx, stdout, c.Pool, c.Pool)
}

// rotateIdentityCommand is the same for the keys of the tokens of identities, a
// day of which is the most too.
type rotateIdentityCommand struct{ rotation }

// Run rotates the signing keys of the identity pools.
func (c *rotateIdentityCommand) Run(ctx context.Context, stdout io.Writer) error {
	return c.rotate(ctx, stdout, keys.OfIdentityPools, "identity pools")
}

type rotation struct {
	opened
	ActivateAfter time.Duration `default:"1h" help:"How long the new keys are published before they sign (default ${default})."`
	RetireAfter   time.Duration `default:"25h" help:"How long the old keys are published after that (default ${default})."`
}

func (c *rotation) rotate(ctx context.Context, stdout io.Writer, pool, name string) error {
	return c.with(ctx, func(_ *store.DB, ring *keys.Ring) error {
		err := ring.RotatePool(ctx, pool, c.ActivateAfter, c.RetireAfter)
		if errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("%s: there are no signing keys yet", name)
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(stdout, "New keys of %s are published now and sign from %s on.\n", name,
			time.Now().Add(c.ActivateAfter).Format(time.RFC3339))
		return nil
	})
}

type accessKeyCommand struct {
	Create createAccessKeyCommand `cmd:"" help:"Make an access key and print its secret, once."`
	List   listAccessKeysCommand  `cmd:"" help:"List access keys."`
	Revoke revokeAccessKeyCommand `cmd:"" help:"Revoke an access key."`
}

type createAccessKeyCommand struct {
	opened
	Name   string `arg:"" help:"Name, which errors and logs show."`
	Policy string `type:"existingfile" placeholder:"FILE" help:"IAM-style policy document; without it the key may do everything."`
}

// Run makes an access key.
func (c *createAccessKeyCommand) Run(ctx context.Context, stdout io.Writer) error {
	policy := iam.AdministratorPolicy()
	if c.Policy != "" {
		text, err := os.ReadFile(c.Policy)
		if err != nil {
			return err
		}
		if policy, err = iam.ParsePolicy(text); err != nil {
			return fmt.Errorf("%s: %w", c.Policy, err)
		}
	}
	return c.open(ctx, true, func(db *store.DB, ring *keys.Ring) error {
		key, err := app.NewAccessKeys(db, ring).Create(ctx, c.Name, policy)
		if err != nil {
			return err
		}
		fmt.Fprintf(stdout, "AWS_ACCESS_KEY_ID=%s\nAWS_SECRET_ACCESS_KEY=%s\n", key.ID, key.Secret)
		return nil
	})
}

type listAccessKeysCommand struct{ opened }

// Run lists access keys, without their secrets.
func (c *listAccessKeysCommand) Run(ctx context.Context, stdout io.Writer) error {
	return c.with(ctx, func(db *store.DB, ring *keys.Ring) error {
		list, err := app.NewAccessKeys(db, ring).List(ctx)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(stdout, 0, 8, 2, ' ', 0)
		fmt.Fprintln(table, "ID\tNAME\tCREATED\tREVOKED\tPOLICY")
		for _, k := range list {
			revoked := "-"
			if !k.RevokedAt.IsZero() {
				revoked = k.RevokedAt.Format(time.DateOnly)
			}
			var policy bytes.Buffer // on one line
			if err := json.Compact(&policy, []byte(k.Policy)); err != nil {
				return fmt.Errorf("policy of %s: %w", k.ID, err)
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", k.ID, k.Name, k.CreatedAt.Format(time.DateOnly), revoked, policy.String())
		}
		return table.Flush()
	})
}

type revokeAccessKeyCommand struct {
	opened
	ID string `arg:"" help:"Id of the access key."`
}

// Run revokes an access key; every server refuses it within a second.
func (c *revokeAccessKeyCommand) Run(ctx context.Context, stdout io.Writer) error {
	return c.with(ctx, func(db *store.DB, ring *keys.Ring) error {
		if err := app.NewAccessKeys(db, ring).Revoke(ctx, c.ID); err != nil {
			return err
		}
		fmt.Fprintf(stdout, "Revoked %s.\n", c.ID)
		return nil
	})
}
