package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/poolhouse/poolhouse/internal/federation/samlprovider"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
)

type samlProviderCommand struct {
	Put    putSAMLProviderCommand    `cmd:"" help:"Make a SAML provider of its metadata, or replace that, and print its ARN."`
	List   listSAMLProvidersCommand  `cmd:"" help:"List SAML providers, and until when users can sign in with each."`
	Show   showSAMLProviderCommand   `cmd:"" help:"Print what a SAML provider is made of."`
	Delete deleteSAMLProviderCommand `cmd:"" help:"Delete a SAML provider; its assertions are worth nothing then."`
}

// samlProviders is a database with the SAML providers in it.
type samlProviders struct {
	opened
	AccountID string `name:"account-id" default:"123456789012" help:"Account in ARNs, the server's (default ${default})."`
}

func (s *samlProviders) do(ctx context.Context, first bool, do func(*samlprovider.Providers) error) error {
	return s.open(ctx, first, func(db *store.DB, _ *keys.Ring) error {
		return do(samlprovider.New(db, samlprovider.Options{AccountID: s.AccountID}))
	})
}

type putSAMLProviderCommand struct {
	samlProviders
	Name      string   `arg:"" help:"Name: up to 88 letters, digits and ._-"`
	Metadata  string   `required:"" type:"existingfile" placeholder:"FILE" help:"The provider's metadata: XML, as it publishes it."`
	Audience  []string `sep:"none" env:"POOLHOUSE_SAML_AUDIENCE" placeholder:"URI" help:"Audience that assertions must have; can be repeated. Without it those of before, or else that of AWS, or <public-url>/saml."`
	Recipient []string `sep:"none" env:"POOLHOUSE_SAML_RECIPIENT" placeholder:"URL" help:"Recipient that assertions must have: where the application takes them; can be repeated. Without it those of before, or else that of AWS, or <public-url>/saml."`
}

// Run makes or replaces a SAML provider.
func (c *putSAMLProviderCommand) Run(ctx context.Context, stdout io.Writer) error {
	text, err := os.ReadFile(c.Metadata)
	if err != nil {
		return err
	}
	d := samlprovider.Definition{Name: c.Name, Metadata: string(text), Audiences: c.Audience, Recipients: c.Recipient}
	return c.do(ctx, true, func(all *samlprovider.Providers) error {
		arn, err := all.Put(ctx, d)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(stdout, arn)
		return err
	})
}

type listSAMLProvidersCommand struct{ samlProviders }

// Run lists the SAML providers.
func (c *listSAMLProvidersCommand) Run(ctx context.Context, stdout io.Writer) error {
	return c.do(ctx, false, func(all *samlprovider.Providers) error {
		list, err := all.List(ctx)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(stdout, 0, 8, 2, ' ', 0)
		fmt.Fprintln(table, "NAME\tARN\tENTITY\tUNTIL\tCHANGED")
		for _, p := range list {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", p.Name, p.ARN, p.EntityID, p.Until().Format(time.DateOnly), p.ModifiedAt.Format(time.DateOnly))
		}
		return table.Flush()
	})
}

type showSAMLProviderCommand struct {
	samlProviders
	Name string `arg:"" help:"Name of the SAML provider."`
}

// Run prints a SAML provider's metadata, as it was written, and what stands beside
// it.
func (c *showSAMLProviderCommand) Run(ctx context.Context, stdout io.Writer) error {
	return c.do(ctx, false, func(all *samlprovider.Providers) error {
		list, err := all.List(ctx)
		if err != nil {
			return err
		}
		for _, p := range list {
			if p.Name == c.Name {
				_, err := fmt.Fprintf(stdout, "%s\n\nAudiences:\n%s\n\nRecipients:\n%s\n\nMetadata:\n%s\n",
					p.ARN, lines(p.Audiences), lines(p.Recipients), p.Metadata)
				return err
			}
		}
		return fmt.Errorf("there is no SAML provider %s", c.Name)
	})
}

// lines is what was configured, one a line.
func lines(texts []string) string {
	if len(texts) == 0 {
		return "the server's"
	}
	return strings.Join(texts, "\n")
}

type deleteSAMLProviderCommand struct {
	samlProviders
	Name string `arg:"" help:"Name of the SAML provider."`
}

// Run deletes a SAML provider; every server knows within a second.
func (c *deleteSAMLProviderCommand) Run(ctx context.Context, stdout io.Writer) error {
	return c.do(ctx, false, func(all *samlprovider.Providers) error {
		if err := all.Delete(ctx, c.Name); err != nil {
			return err
		}
		_, err := fmt.Fprintf(stdout, "Deleted the SAML provider %s.\n", c.Name)
		return err
	})
}
