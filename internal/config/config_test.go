package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func valid() Server {
	return Server{Addr: "127.0.0.1:9339", Region: "us-east-1", AccountID: "123456789012", IssuerStyle: "url"}
}

func TestServeValidate(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Serve)
		want   string // part of the error; "" for none
	}{
		{"complete", func(*Serve) {}, ""},
		{"no address", func(s *Serve) { s.Addr = "" }, "--addr"},
		{"address without port", func(s *Serve) { s.Addr = "localhost" }, "--addr"},
		{"not a region", func(s *Serve) { s.Region = "mars" }, "--region"},
		{"not an account", func(s *Serve) { s.AccountID = "1" }, "--account-id"},
		{"relative public URL", func(s *Serve) { s.PublicURL = "id.example.com" }, "--public-url"},
		{"no public URL", func(s *Serve) { s.PublicURL = "" }, "--public-url"},
		{"issuer of AWS needs none", func(s *Serve) { s.PublicURL, s.IssuerStyle = "", "aws" }, ""},
		{"no database", func(s *Serve) { s.Data = "" }, "--database"},
		{"two databases", func(s *Serve) { s.Database, s.DatabaseFile = "sqlite:a", "b" }, "--database-file"},
		{"certificate without address", func(s *Serve) { s.TLSCert, s.TLSKey = "c", "k" }, "--tls-addr"},
		{"https without certificate", func(s *Serve) { s.TLSAddr = "127.0.0.1:8443" }, "--tls-cert"},
		{"https", func(s *Serve) { s.TLSAddr, s.TLSCert, s.TLSKey = "127.0.0.1:8443", "c", "k" }, ""},
		{"STS", func(s *Serve) { s.STSURL = "https://sts.us-east-1.amazonaws.com" }, ""},
		{"STS without a scheme", func(s *Serve) { s.STSURL = "sts.us-east-1.amazonaws.com" }, "--sts-url"},
		{"domain suffix", func(s *Serve) { s.DomainSuffix = "login.example.com" }, ""},
		{"domain suffix with a port", func(s *Serve) { s.DomainSuffix = "localhost:9339" }, "--domain-suffix"},
		{"domain suffix of digits", func(s *Serve) { s.DomainSuffix = "127.0.0.1" }, "--domain-suffix"},
		{"endless domain suffix", func(s *Serve) { s.DomainSuffix = strings.Repeat("a.", 100) + "com" }, "--domain-suffix"},
		{"resource limits", func(s *Serve) { s.ResourceLimits = map[string]int{"Pools": 1, "GroupsPerUser": 20} }, ""},
		{"unknown resource", func(s *Serve) { s.ResourceLimits = map[string]int{"Users": 1} }, "--resource-limits"},
		{"no resources", func(s *Serve) { s.ResourceLimits = map[string]int{"Pools": 0} }, "--resource-limits"},
		{"proxy is no block", func(s *Serve) { s.TrustedProxies = []string{"proxy"} }, "--trusted-proxies"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := Serve{Server: valid()}
			s.PublicURL, s.Data = "https://id.example.com", "/data"
			c.change(&s)
			checkError(t, s.Validate(), c.want)
		})
	}
}

func TestDevStaysOnLoopback(t *testing.T) {
	for addr, want := range map[string]string{
		"127.0.0.1:9339": "", "localhost:9339": "", "[::1]:9339": "", "127.0.0.2:0": "",
		"0.0.0.0:9339": "not loopback", ":9339": "not loopback", "192.168.1.2:9339": "not loopback", "example.com:9339": "not loopback",
	} {
		t.Run(addr, func(t *testing.T) {
			d := Dev{Server: valid()}
			d.Addr = addr
			checkError(t, d.Validate(), want)
			d = Dev{Server: valid()}
			d.TLSAddr = addr
			checkError(t, d.Validate(), want)
		})
	}
}

// A database that outlives its key could never be opened again.
func TestDevKeepsTheKeyOfADatabase(t *testing.T) {
	d := Dev{Server: valid()}
	d.Database = "sqlite:file.db"
	checkError(t, d.Validate(), "--data")
	d.Data = "dir"
	checkError(t, d.Validate(), "")
}

func TestSuffix(t *testing.T) {
	for _, c := range []struct{ suffix, publicURL, want string }{
		{"", "", "localhost"},
		{"", "https://Id.Example.com:8443/base", "id.example.com"},
		{"", "http://127.0.0.1:9339", "localhost"},
		{"", "http://[::1]:9339", "localhost"},
		{"login.example.com", "https://id.example.com", "login.example.com"},
	} {
		s := Server{DomainSuffix: c.suffix, PublicURL: c.publicURL}
		if got := s.Suffix(); got != c.want {
			t.Errorf("suffix %q of %q is %q, want %q", c.suffix, c.publicURL, got, c.want)
		}
	}
}

func TestProxies(t *testing.T) {
	s := Server{TrustedProxies: []string{"10.0.0.0/8", "192.0.2.1", "::1"}}
	got, err := s.Proxies()
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"10.0.0.0/8", "192.0.2.1/32", "::1/128"} {
		if got[i].String() != want {
			t.Errorf("proxy %d is %s, want %s", i, got[i], want)
		}
	}
}

func TestMasterKeyText(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "master.key")
	if text, err := (&MasterKey{}).Text(dir); err != nil || text != "" {
		t.Errorf("nowhere: %q, %v", text, err)
	}
	if err := os.WriteFile(file, []byte("from file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		key     MasterKey
		dataDir string
		want    string
	}{
		"flag":           {MasterKey{MasterKey: "from flag"}, dir, "from flag"},
		"file":           {MasterKey{MasterKeyFile: file}, "", "from file"},
		"data directory": {MasterKey{}, dir, "from file"},
	} {
		if text, err := c.key.Text(c.dataDir); err != nil || text != c.want {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
	_, err := (&MasterKey{MasterKey: "a", MasterKeyFile: file}).Text("")
	checkError(t, err, "give one of them")
}

func checkError(t *testing.T, err error, want string) {
	t.Helper()
	if want == "" && err != nil {
		t.Errorf("error %v", err)
	}
	if want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
		t.Errorf("error %v, want one about %s", err, want)
	}
}
