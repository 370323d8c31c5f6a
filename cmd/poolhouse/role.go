package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"github.com/poolhouse/poolhouse/internal/credentials"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
)

type roleCommand struct {
	Put    putRoleCommand    `cmd:"" help:"Make a role for identity pools, or replace it, and print its ARN."`
	List   listRolesCommand  `cmd:"" help:"List roles."`
	Show   showRoleCommand   `cmd:"" help:"Print the policies of a role."`
	Delete deleteRoleCommand `cmd:"" help:"Delete a role; the credentials given out for it are worth nothing then."`
}

// roles is a database with the roles in it.
type roles struct {
	opened
	AccountID string `name:"account-id" default:"123456789012" help:"Account in ARNs, the server's (default ${default})."`
}

func (r *roles) do(ctx context.Context, first bool, do func(*credentials.Roles) error) error {
	return r.open(ctx, first, func(db *store.DB, _ *keys.Ring) error { return do(credentials.NewRoles(db, r.AccountID)) })
}

type putRoleCommand struct {
	roles
	Name   string `arg:"" help:"Name: letters, digits and _+=,.@-"`
	Trust  string `required:"" type:"existingfile" placeholder:"FILE" help:"Trust policy: which identities of which identity pools may have the role."`
	Policy string `type:"existingfile" placeholder:"FILE" help:"Permission policy; without it the role may do nothing."`
	Path   string `default:"/" help:"Path in the role's ARN (default ${default})."`
}

// Run makes or replaces a role.
func (c *putRoleCommand) Run(ctx context.Context, stdout io.Writer) error {
	d := credentials.Definition{Name: c.Name, Path: c.Path}
	trust, err := os.ReadFile(c.Trust)
	if err != nil {
		return err
	}
	d.Trust = string(trust)
	if c.Policy != "" {
		policy, err := os.ReadFile(c.Policy)
		if err != nil {
			return err
		}
		d.Policy = string(policy)
	}
	return c.do(ctx, true, func(all *credentials.Roles) error {
		arn, err := all.Put(ctx, d)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(stdout, arn)
		return err
	})
}

type listRolesCommand struct{ roles }

// Run lists the roles.
func (c *listRolesCommand) Run(ctx context.Context, stdout io.Writer) error {
	return c.do(ctx, false, func(all *credentials.Roles) error {
		rows, arns, err := all.List(ctx)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(stdout, 0, 8, 2, ' ', 0)
		fmt.Fprintln(table, "NAME\tARN\tCHANGED")
		for i, row := range rows {
			fmt.Fprintf(table, "%s\t%s\t%s\n", row.Name, arns[i], row.ModifiedAt.Format(time.DateOnly))
		}
		return table.Flush()
	})
}

type showRoleCommand struct {
	roles
	Name string `arg:"" help:"Name of the role."`
}

// Run prints a role's documents, as they were written.
func (c *showRoleCommand) Run(ctx context.Context, stdout io.Writer) error {
	return c.do(ctx, false, func(all *credentials.Roles) error {
		rows, arns, err := all.List(ctx)
		if err != nil {
			return err
		}
		for i, row := range rows {
			if row.Name == c.Name {
				_, err := fmt.Fprintf(stdout, "%s\n\nTrust policy:\n%s\n\nPermission policy:\n%s\n", arns[i], row.Trust, row.Policy)
				return err
			}
		}
		return fmt.Errorf("there is no role %s", c.Name)
	})
}

type deleteRoleCommand struct {
	roles
	Name string `arg:"" help:"Name of the role."`
}

// Run deletes a role; every server knows within a second.
func (c *deleteRoleCommand) Run(ctx context.Context, stdout io.Writer) error {
	return c.do(ctx, false, func(all *credentials.Roles) error {
		if err := all.Delete(ctx, c.Name); err != nil {
			return err
		}
		_, err := fmt.Fprintf(stdout, "Deleted the role %s.\n", c.Name)
		return err
	})
}
