package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Storage says where the data is.
type Storage struct {
	Database     string `placeholder:"URL" help:"Where data is kept: sqlite:FILE, or postgres://... for several nodes."`
	DatabaseFile string `placeholder:"FILE" type:"existingfile" help:"File that holds the database URL."`
	Data         string `placeholder:"DIR" help:"Directory for data: without --database, the SQLite file poolhouse.db in it; the master key, if it is in no other place, is master.key in it."`
}

// MasterKey says where the key is that everything secret is sealed under.
type MasterKey struct {
	MasterKey     string `placeholder:"KEY" help:"Master key, as made by 'poolhouse key make'. Prefer --master-key-file."`
	MasterKeyFile string `placeholder:"FILE" type:"existingfile" help:"File that holds the master key."`
}

// Server is what serve and dev have in common.
type Server struct {
	Storage
	Threat
	Messages

	Addr           string         `placeholder:"HOST:PORT" default:"127.0.0.1:9339" help:"Address for http (default ${default})."`
	TLSAddr        string         `name:"tls-addr" placeholder:"HOST:PORT" help:"Address for https."`
	PublicURL      string         `name:"public-url" placeholder:"URL" help:"Base of the token issuer, as clients see this server."`
	IssuerStyle    string         `enum:"url,aws" default:"url" help:"Issuer in tokens: url (<public-url>/<pool>) or aws (https://cognito-idp.<region>.amazonaws.com/<pool>)."`
	DomainSuffix   string         `name:"domain-suffix" placeholder:"HOST" help:"Host name below which the prefix domains of pools are, as <prefix>.auth.<suffix> (default the host of --public-url, or localhost)."`
	Region         string         `default:"us-east-1" help:"Region of new pools (default ${default})."`
	AccountID      string         `name:"account-id" default:"123456789012" help:"Account in ARNs (default ${default})."`
	StrictTiers    bool           `name:"strict-tiers" help:"Refuse the features that a pool's tier lacks, as AWS does; otherwise every tier has them all."`
	STSURL         string         `name:"sts-url" placeholder:"URL" help:"Security token service that identity pools get credentials from; otherwise this server makes them itself, for the roles of 'poolhouse role'."`
	Functions      string         `placeholder:"FILE" type:"existingfile" help:"JSON file that says how trigger functions are called, and the keys that codes for custom senders are encrypted under."`
	Seed           string         `placeholder:"FILE" type:"existingfile" help:"JSON file of pools, clients and users that must exist."`
	TrustedProxies []string       `name:"trusted-proxies" placeholder:"CIDR" help:"Proxies whose X-Forwarded-For is believed."`
	MetricsFrom    []string       `name:"metrics-from" placeholder:"CIDR" default:"127.0.0.0/8,::1" help:"Addresses that may read /_poolhouse/metrics (default this machine)."`
	RateLimits     string         `name:"rate-limits" placeholder:"LIST" help:"Requests per second by category, pool and source address, such as UserAuthentication=50,UserCreation=5 or *=off."`
	ResourceLimits map[string]int `name:"resource-limits" mapsep:"," placeholder:"LIST" help:"How many there may be of what, such as Pools=100,ClientsPerPool=50; otherwise the most that Cognito grants."`
	ShutdownGrace  time.Duration  `name:"shutdown-grace" default:"15s" help:"How long running requests may take at shutdown (default ${default})."`
	LogLevel       slog.Level     `name:"log-level" default:"info" help:"debug, info, warn or error (default ${default})."`
	LogFormat      string         `name:"log-format" enum:"text,json" default:"text" help:"text or json (default ${default})."`
}

// Dev is the configuration of poolhouse dev.
type Dev struct {
	Server
	VerifySignatures bool `name:"verify-signatures" help:"Check signatures and policies as serve does."`
}

// Serve is the configuration of poolhouse serve.
type Serve struct {
	Server
	MasterKey
	TLSCert string `name:"tls-cert" placeholder:"FILE" type:"existingfile" help:"Certificate chain for --tls-addr."`
	TLSKey  string `name:"tls-key" placeholder:"FILE" type:"existingfile" help:"Private key for --tls-addr."`
	Migrate bool   `default:"true" negatable:"" help:"Bring the database up to date at the start."`

	FailuresPerAddress int `name:"failures-per-address" default:"300" help:"How many wrong passwords and codes an address (of IPv6 a /64) may send this node in five minutes (default ${default}); 0 for any number."`

	PrivateProviders bool `name:"private-providers" help:"Read the metadata of identity providers at private addresses and by http, too. Whoever may configure pools can then make this server send requests into its network."`
	PrivateClients   bool `name:"private-clients" help:"Tell clients of logouts at private addresses, too. Whoever may configure pools can then make this server send requests into its network."`
}

var (
	regionPattern  = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]+$`)
	accountPattern = regexp.MustCompile(`^[0-9]{12}$`)
	hostPattern    = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)
)

// resourceLimits are the names in ResourceLimits, those of userpool.PoolLimits.
var resourceLimits = []string{"Pools", "ClientsPerPool", "GroupsPerPool", "GroupsPerUser", "ResourceServersPerPool"}

// Validate reports the first setting that cannot be.
func (s *Server) Validate() error {
	if s.Addr == "" && s.TLSAddr == "" {
		return errors.New("--addr or --tls-addr is needed")
	}
	for flag, addr := range map[string]string{"--addr": s.Addr, "--tls-addr": s.TLSAddr} {
		if _, _, err := net.SplitHostPort(addr); addr != "" && err != nil {
			return fmt.Errorf("%s: %w", flag, err)
		}
	}
	if !regionPattern.MatchString(s.Region) {
		return fmt.Errorf("--region: %q is not a region such as us-east-1", s.Region)
	}
	if !accountPattern.MatchString(s.AccountID) {
		return fmt.Errorf("--account-id: %q is not 12 digits", s.AccountID)
	}
	if s.PublicURL != "" {
		u, err := url.Parse(s.PublicURL)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
			return fmt.Errorf("--public-url: %q is not a URL such as https://id.example.com", s.PublicURL)
		}
	}
	if s.STSURL != "" {
		u, err := url.Parse(s.STSURL)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			return fmt.Errorf("--sts-url: %q is not a URL such as https://sts.us-east-1.amazonaws.com", s.STSURL)
		}
	}
	if s.DomainSuffix != "" && (len(s.DomainSuffix) > 180 || !hostPattern.MatchString(s.DomainSuffix)) {
		return fmt.Errorf("--domain-suffix: %q is not a host name such as id.example.com", s.DomainSuffix)
	}
	for name, most := range s.ResourceLimits {
		switch {
		case !slices.Contains(resourceLimits, name):
			return fmt.Errorf("--resource-limits: %q is none of %s", name, strings.Join(resourceLimits, ", "))
		case most < 1:
			return fmt.Errorf("--resource-limits: %s must be at least 1", name)
		}
	}
	if _, err := s.Proxies(); err != nil {
		return err
	}
	if _, err := s.Scrapers(); err != nil {
		return err
	}
	if err := s.Messages.validate(); err != nil {
		return err
	}
	if err := s.Threat.validate(); err != nil {
		return err
	}
	return s.Storage.validate()
}

// Suffix is the host name below which prefix domains are: the one configured, or
// the host of the public URL if that is a name, or localhost, whose every
// subdomain is this machine.
func (s *Server) Suffix() string {
	if s.DomainSuffix != "" {
		return s.DomainSuffix
	}
	if u, err := url.Parse(s.PublicURL); err == nil {
		if host := strings.ToLower(u.Hostname()); hostPattern.MatchString(host) {
			return host
		}
	}
	return "localhost"
}

// Proxies are the trusted proxies, parsed.
func (s *Server) Proxies() ([]netip.Prefix, error) {
	return prefixes("--trusted-proxies", s.TrustedProxies)
}

// Scrapers are who may read the metrics, parsed.
func (s *Server) Scrapers() ([]netip.Prefix, error) {
	return prefixes("--metrics-from", s.MetricsFrom)
}

func prefixes(flag string, texts []string) ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, text := range texts {
		prefix, err := netip.ParsePrefix(text)
		if addr, addrErr := netip.ParseAddr(text); addrErr == nil {
			prefix, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %q is neither an address nor a CIDR block", flag, text)
		}
		all = append(all, prefix)
	}
	return all, nil
}

// Validate reports the first setting that cannot be. A development server stays
// on loopback: it lets anybody do anything.
func (d *Dev) Validate() error {
	if err := d.Server.Validate(); err != nil {
		return err
	}
	if (d.Database != "" || d.DatabaseFile != "") && d.Data == "" {
		return errors.New("--database needs --data DIR as well: the master key is kept in it")
	}
	for flag, addr := range map[string]string{"--addr": d.Addr, "--tls-addr": d.TLSAddr} {
		host, _, _ := net.SplitHostPort(addr)
		if ip, err := netip.ParseAddr(host); addr != "" && host != "localhost" && (err != nil || !ip.IsLoopback()) {
			return fmt.Errorf("%s: %q is not loopback; poolhouse dev serves only this machine, use poolhouse serve", flag, addr)
		}
	}
	return nil
}

// Validate reports the first setting that cannot be.
func (s *Serve) Validate() error {
	if err := s.Server.Validate(); err != nil {
		return err
	}
	if s.Database == "" && s.DatabaseFile == "" && s.Data == "" {
		return errors.New("--database or --data is needed, such as --data /var/lib/poolhouse")
	}
	if s.PublicURL == "" && s.IssuerStyle == "url" {
		return errors.New("--public-url is needed: it goes into every token as its issuer")
	}
	if (s.TLSAddr != "") != (s.TLSCert != "" && s.TLSKey != "") {
		return errors.New("--tls-addr, --tls-cert and --tls-key go together")
	}
	return nil
}

func (s *Storage) validate() error {
	if s.Database != "" && s.DatabaseFile != "" {
		return errors.New("--database and --database-file: give one of them")
	}
	return nil
}

// URL is the database's, or "" where none is configured. It may hold a
// password.
func (s *Storage) URL() (string, error) {
	switch {
	case s.Database != "":
		return s.Database, nil
	case s.DatabaseFile != "":
		text, err := os.ReadFile(s.DatabaseFile)
		if err != nil {
			return "", fmt.Errorf("--database-file: %w", err)
		}
		return strings.TrimSpace(string(text)), nil
	case s.Data != "":
		return "sqlite:" + filepath.Join(s.Data, "poolhouse.db"), nil
	}
	return "", nil
}

// Text is the master key's text, looked for in the flag, the file, and the data
// directory; "" where there is none.
func (m *MasterKey) Text(dataDir string) (string, error) {
	file := m.MasterKeyFile
	switch {
	case m.MasterKey != "" && file != "":
		return "", errors.New("--master-key and --master-key-file: give one of them")
	case m.MasterKey != "":
		return m.MasterKey, nil
	case file == "" && dataDir != "":
		file = filepath.Join(dataDir, "master.key")
		if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
			return "", nil
		}
	}
	if file == "" {
		return "", nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("--master-key-file: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}
