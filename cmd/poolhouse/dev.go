package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"

	"github.com/poolhouse/poolhouse/internal/app"
	"github.com/poolhouse/poolhouse/internal/awsjson"
	"github.com/poolhouse/poolhouse/internal/config"
	"github.com/poolhouse/poolhouse/internal/devserver"
	"github.com/poolhouse/poolhouse/internal/keys"
)

type devCommand struct{ config.Dev }

// Run serves this machine until the process is told to end. The parser has called
// Validate.
func (c *devCommand) Run(ctx context.Context, stdout io.Writer) error {
	o, err := options(&c.Server, logger(&c.Server))
	if err != nil {
		return err
	}
	o.Dev, o.Migrate, o.Messages.PerRecipient = true, true, 0
	o.SkipSignatures = !c.VerifySignatures
	if o.DatabaseURL == "" {
		o.DatabaseURL = "sqlite::memory:"
	}
	if c.RateLimits != "" {
		if o.RateLimits, err = awsjson.ParseLimits(c.RateLimits); err != nil {
			return fmt.Errorf("--rate-limits: %w", err)
		}
	}
	if o.MasterKey, err = devMasterKey(c.Data); err != nil {
		return err
	}
	tlsConfig, err := devserver.TLSConfig(c.TLSAddr)
	if err != nil {
		return err
	}
	listeners, err := app.Listen(ctx, c.Addr, c.TLSAddr, tlsConfig)
	if err != nil {
		return err
	}
	base := baseURL(listeners, c.Addr == "")
	if o.PublicURL == "" {
		o.PublicURL = base
	}
	https := "none; --tls-addr 127.0.0.1:9340 serves it"
	if c.TLSAddr != "" {
		https = baseURL(listeners[len(listeners)-1:], true)
	}
	return serve(ctx, o, listeners, &c.Server, func() { welcome(stdout, base, https, o.PublicURL, c.Data) })
}

// devMasterKey is the key kept beside the data. Data in memory gets one that
// goes with it.
func devMasterKey(dataDir string) (keys.MasterKey, error) {
	if dataDir == "" {
		return keys.GenerateMasterKey(), nil
	}
	var m config.MasterKey
	text, err := m.Text(dataDir)
	if err != nil {
		return keys.MasterKey{}, err
	}
	if text != "" {
		return keys.ParseMasterKey(text)
	}
	key := keys.GenerateMasterKey()
	return key, writeSecret(filepath.Join(dataDir, "master.key"), key.Text())
}

// writeSecret makes a file that only its owner reads; one that is there already
// stays.
func writeSecret(name, text string) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.WriteString(f, text+"\n")
	return errors.Join(err, f.Close())
}

// baseURL is the URL of the first listener.
func baseURL(listeners []net.Listener, https bool) string {
	scheme := "http"
	if https {
		scheme = "https"
	}
	return scheme + "://" + listeners[0].Addr().String()
}

func welcome(w io.Writer, base, https, issuer, dataDir string) {
	kept := "in memory; --data DIR keeps it"
	if dataDir != "" {
		kept = dataDir
	}
	fmt.Fprintf(w, `Poolhouse development server, for this machine only.

  endpoint   %s
  https      %s
  demo pool  %s
  client     %s
  issuer     %s/%s
  inbox      %s/_poolhouse/inbox
  data       %s

Try it:
  aws cognito-idp sign-up --endpoint-url %s --region us-east-1 --no-sign-request \
    --client-id %s --username ada --password 'Passw0rd!' --user-attributes Name=email,Value=ada@example.com

ready
`, base, https, app.DemoPoolID, app.DemoClientID, issuer, app.DemoPoolID, base, kept, base, app.DemoClientID)
}
