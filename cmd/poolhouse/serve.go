package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"

	"github.com/poolhouse/poolhouse/internal/app"
	"github.com/poolhouse/poolhouse/internal/awsjson"
	"github.com/poolhouse/poolhouse/internal/config"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/trigger/functions"
)

type serveCommand struct{ config.Serve }

// Run serves until the process is told to end. The parser has called Validate.
func (c *serveCommand) Run(ctx context.Context, stdout io.Writer) error {
	o, err := options(&c.Server, logger(&c.Server))
	if err != nil {
		return err
	}
	if o.MasterKey, err = masterKey(&c.MasterKey, c.Data); err != nil {
		return err
	}
	if o.RateLimits, err = awsjson.ParseLimits(c.RateLimits); err != nil {
		return fmt.Errorf("--rate-limits: %w", err)
	}
	o.Migrate, o.PrivateProviders, o.PrivateClients = c.Migrate, c.PrivateProviders, c.PrivateClients
	o.Threat.PerAddress = c.FailuresPerAddress
	var tlsConfig *tls.Config
	if c.TLSAddr != "" {
		certificate, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
		if err != nil {
			return fmt.Errorf("--tls-cert, --tls-key: %w", err)
		}
		tlsConfig = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	}
	listeners, err := app.Listen(ctx, c.Addr, c.TLSAddr, tlsConfig)
	if err != nil {
		return err
	}
	return serve(ctx, o, listeners, &c.Server, func() {
		for _, l := range listeners {
			o.Logger.Info("serving", "addr", l.Addr().String())
		}
		fmt.Fprintln(stdout, "ready")
	})
}

// options are what dev and serve have in common.
func options(s *config.Server, log *slog.Logger) (app.Options, error) {
	o := app.Options{
		PublicURL: strings.TrimRight(s.PublicURL, "/"), IssuerStyle: s.IssuerStyle,
		Region: s.Region, AccountID: s.AccountID, StrictTiers: s.StrictTiers, Logger: log,
		DomainSuffix: s.Suffix(), PrefixHosts: s.DomainSuffix != "", ResourceLimits: s.ResourceLimits, STSURL: s.STSURL,
	}
	o.DomainHosts = s.DomainSuffix != ""
	o.Threat = app.Threat{LeakedPasswords: s.LeakedPasswords, GeoIP: s.GeoIP, EventRetention: s.AuthEventRetention}
	o.Messages = app.MessageOptions{From: s.EmailFrom, Workers: s.MessageWorkers, PerRecipient: s.MessageLimit, DailyEmails: s.DailyEmails, ConfirmButton: s.ConfirmButton}
	var err error
	if o.Messages.EmailURL, o.Messages.SMSURL, err = s.URLs(); err != nil {
		return o, err
	}
	if o.Messages.WebhookSecret, err = s.WebhookSecret(); err != nil {
		return o, err
	}
	if o.TrustedProxies, err = s.Proxies(); err != nil {
		return o, err
	}
	if o.MetricsFrom, err = s.Scrapers(); err != nil {
		return o, err
	}
	if o.DatabaseURL, err = s.URL(); err != nil {
		return o, err
	}
	if s.Data != "" {
		if err := os.MkdirAll(s.Data, 0o700); err != nil {
			return o, fmt.Errorf("--data: %w", err)
		}
	}
	if s.Functions != "" {
		if o.FunctionsFile, err = functions.Read(s.Functions); err != nil {
			return o, fmt.Errorf("--functions: %w", err)
		}
	}
	if s.Seed != "" {
		if o.Seed, err = app.ReadSeed(s.Seed); err != nil {
			return o, fmt.Errorf("--seed: %w", err)
		}
	}
	return o, nil
}

// serve runs a server on listeners, and closes them.
func serve(ctx context.Context, o app.Options, listeners []net.Listener, s *config.Server, ready func()) error {
	a, err := app.New(ctx, o)
	if err != nil {
		for _, l := range listeners {
			l.Close()
		}
		return err
	}
	err = a.Serve(ctx, listeners, s.ShutdownGrace, ready)
	return errors.Join(err, a.Close())
}

func masterKey(m *config.MasterKey, dataDir string) (keys.MasterKey, error) {
	text, err := m.Text(dataDir)
	if err != nil {
		return keys.MasterKey{}, err
	}
	if text == "" {
		return keys.MasterKey{}, errors.New("a master key is needed: make one with 'poolhouse key make master.key' and give it with --master-key-file master.key")
	}
	key, err := keys.ParseMasterKey(text)
	if err != nil {
		return keys.MasterKey{}, fmt.Errorf("master key: %w", err)
	}
	return key, nil
}
