// Poolhouse is Amazon Cognito that you run yourself.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/poolhouse/poolhouse/internal/config"
)

type commands struct {
	Dev       devCommand       `cmd:"" help:"Run a development server on this machine: no keys needed, messages go to an inbox."`
	Serve     serveCommand     `cmd:"" help:"Run a production server."`
	Migrate   migrateCommand   `cmd:"" help:"Bring a database up to date."`
	Key       keyCommands      `cmd:"" help:"Make the master key; rotate it or a pool's signing keys."`
	AccessKey accessKeyCommand `cmd:"" name:"access-key" help:"Make, list and revoke keys for administrative calls."`
	Role      roleCommand      `cmd:"" help:"Make, list and delete the roles that identity pools give credentials for."`

	SAMLProvider samlProviderCommand `cmd:"" name:"saml-provider" help:"Make, list and delete the SAML providers whose users identity pools take."`

	Export    exportCommand    `cmd:"" help:"Write a whole pool into an encrypted file."`
	Import    importCommand    `cmd:"" help:"Make a pool of a file that export wrote."`
	Messages  messagesCommand  `cmd:"" help:"See, retry or drop the messages that could not be delivered."`
	Passwords passwordsCommand `cmd:"" help:"Make the file of passwords that attackers know."`
	Version   versionCommand   `cmd:"" help:"Print the version."`
}

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "poolhouse:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout, stderr io.Writer) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c commands
	parser, err := kong.New(&c,
		kong.Name("poolhouse"),
		kong.Description("Amazon Cognito that you run yourself. Each flag can be set as POOLHOUSE_<FLAG> in the environment."),
		kong.DefaultEnvars("POOLHOUSE"),
		kong.Writers(stdout, stderr),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.BindTo(stdout, (*io.Writer)(nil)),
	)
	if err != nil {
		return err
	}
	command, err := parser.Parse(args)
	if err != nil {
		return fmt.Errorf("%w (see poolhouse --help)", err)
	}
	return command.Run()
}

// logger writes to standard error, as the server's flags say.
func logger(s *config.Server) *slog.Logger {
	options := &slog.HandlerOptions{Level: s.LogLevel}
	if s.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, options))
}
