package lawtest

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/poolhouse/poolhouse/"

// law says for each package what it may import besides the standard library.
// A name without a dot is a package below internal/, one with a slash before it
// stands at the top of the module, and one with a dot is a third-party module or
// package, with everything below it. A package that is not here fails the test:
// add its row, in the place the architecture gives it.
const law = `
# Leaves: the standard library only.
fault:
apimodel:
srp:
totp:
config:
testenv:
lawtest:

# Contracts and proofs.
idpapi:      apimodel
identityapi: apimodel
arn:
passkey:             github.com/go-webauthn/webauthn github.com/google/uuid
passkey/passkeytest: github.com/go-webauthn/webauthn
sigv4:       fault /verify/sigv4/canonical
iam:         fault

# Rows, keys, and what is written to users.
store:           fault github.com/jackc/pgx/v5 modernc.org/sqlite
store/storetest: store testenv keys/keystest github.com/jackc/pgx/v5
keys:            fault store keys/internal/rsakey
keys/internal/rsakey:
keys/keystest:   keys/internal/rsakey
archive:         store keys filippo.io/age
message:         fault store keys golang.org/x/net golang.org/x/text

# What carries messages to their recipients.
message/httpsend: message
message/webhook:  message message/httpsend
message/twilio:   message message/httpsend
message/smtp:     message github.com/wneessen/go-mail
message/smtp/smtptest:
message/awserror: message github.com/aws/smithy-go
message/ses:      message message/awserror github.com/aws/aws-sdk-go-v2
message/sns:      message message/awserror github.com/aws/aws-sdk-go-v2
message/eum:      message message/awserror github.com/aws/aws-sdk-go-v2

# What identity providers publish: read without a network, and fetched.
federation/metadata:
federation/fetch:
federation/saml: github.com/russellhaering/goxmldsig github.com/beevik/etree
federation/saml/samltest:
federation/samlprovider: arn store federation/metadata federation/saml

# Functions of the operator's that take part in what the domain does.
trigger: fault github.com/google/uuid

# Who calls those functions, and what encrypts for them.
awscall:           github.com/aws/aws-sdk-go-v2
esdk:              awscall
trigger/lambda:    awscall trigger
trigger/webhook:   trigger github.com/google/uuid
trigger/local:     trigger github.com/google/uuid golang.org/x/sys golang.org/x/time
trigger/functions: awscall esdk trigger trigger/lambda trigger/local trigger/webhook

# The rules of the domain.
branding: fault
userpool: branding arn fault federation/metadata passkey store keys message srp totp trigger github.com/google/uuid golang.org/x/crypto golang.org/x/sync
token:    fault store keys message trigger userpool github.com/google/uuid
signin:   fault passkey store keys message userpool srp threat totp token trigger github.com/google/uuid
userimport: fault store keys userpool

threat:        fault keys message store userpool threat/geo threat/leaked github.com/google/uuid
threat/geo:    github.com/oschwald/maxminddb-golang/v2
threat/leaked:
logdelivery:   userpool

identitypool/login: fault federation/metadata federation/saml federation/samlprovider token userpool
identitypool:       arn credentials fault iam store keys userpool token identitypool/login github.com/google/uuid

# Credentials for the identities of identity pools.
credentials:           arn fault iam keys store
credentials/stsclient: credentials fault
sts:                   credentials fault iam sigv4 github.com/google/uuid

# Clients that want to hear of logouts.
backchannel: fault message store token userpool

# The OAuth endpoints at the domains of pools, and their pages.
oauth: fault store keys userpool token trigger /verify/dpop github.com/google/uuid

# The edge, and the operations behind it.
awsjson:  arn fault apimodel sigv4 iam github.com/google/uuid github.com/prometheus/client_golang golang.org/x/time
hosted: fault store keys message branding userpool trigger token threat signin oauth rsc.io/qr golang.org/x/text
idp:      branding fault apimodel awsjson idpapi iam store keys message threat trigger userimport userpool srp token signin golang.org/x/net
identity: apimodel awsjson identityapi identitypool

# What only the development server has.
devserver: fault store message trigger

# Where all meet.
app: arn fault apimodel awsjson config devserver hosted iam identity idp idpapi keys message oauth signin sigv4 store token
app: credentials credentials/stsclient sts identitypool identitypool/login
app: message/eum message/ses message/smtp message/sns message/twilio message/webhook github.com/aws/aws-sdk-go-v2
app: backchannel logdelivery threat threat/geo threat/leaked federation/fetch federation/samlprovider trigger trigger/functions userimport userpool github.com/prometheus/client_golang

/cmd/poolhouse:      app archive awsjson config credentials devserver federation/samlprovider iam keys message store threat/leaked trigger/functions filippo.io/age github.com/alecthomas/kong
/cmd/poolhouse-load: srp golang.org/x/sync github.com/alecthomas/kong github.com/aws/aws-sdk-go-v2 github.com/aws/smithy-go

# For programs of others: nothing of the server, nothing of third parties.
/verify/internal/jose:
/verify/dpop:       /verify/internal/jose
/verify/dpop/dpoptest:
/verify/sigv4/canonical:
/verify:            /verify/dpop /verify/internal/jose /verify/sigv4/canonical
/verify/middleware: /verify /verify/dpop
/verify/sigv4:      /verify /verify/sigv4/canonical
/verify/settings:   /verify /verify/middleware
/verify/albauth:    /verify /verify/middleware

# The server inside the tests of others; its exported names are of no internal package.
/poolhousetest: app keys /verify

/tools/apigen:
/test:
/test/clients:
`

// testLaw says what the tests of a package may import on top of law. All may
// import the package itself, testenv, store and store/storetest.
const testLaw = `
apimodel: idpapi identityapi
trigger:  github.com/aws/aws-lambda-go
esdk:     sigv4
trigger/lambda: sigv4
trigger/local:  github.com/aws/aws-lambda-go
sigv4:    github.com/aws/aws-sdk-go-v2
sts:      keys
backchannel: keys federation/fetch github.com/coreos/go-oidc/v3
oauth:    keys /verify/dpop /verify/dpop/dpoptest github.com/coreos/go-oidc/v3 golang.org/x/oauth2
awsjson:  idpapi identityapi github.com/aws/aws-sdk-go-v2 github.com/aws/smithy-go
passkey:  passkey/passkeytest
federation/saml: federation/metadata federation/saml/samltest
federation/samlprovider: federation/saml/samltest
message/smtp: keys message/smtp/smtptest
message/ses:  message/eum message/sns
signin:   passkey/passkeytest
hosted:   message totp passkey/passkeytest
userimport: message
identity: app keys federation/saml/samltest federation/samlprovider identitypool/login
idp:      totp config app identity identityapi passkey/passkeytest github.com/aws/aws-lambda-go
app:      identityapi srp totp /verify /verify/sigv4 github.com/aws/aws-sdk-go-v2 github.com/aws/smithy-go
/cmd/poolhouse-load: app iam keys
/verify/dpop:         /verify/dpop/dpoptest
/verify/middleware:   /verify/dpop/dpoptest
/verify:              /verify/dpop/dpoptest github.com/aws/aws-sdk-go-v2
/verify/sigv4:        github.com/aws/aws-sdk-go-v2
/test/clients:       app awscall esdk keys trigger/functions

/test:    federation/saml/samltest message/smtp/smtptest keys passkey/passkeytest srp totp /verify /verify/dpop/dpoptest /verify/middleware /verify/sigv4 filippo.io/age github.com/aws/aws-sdk-go-v2 github.com/aws/smithy-go github.com/coreos/go-oidc/v3 github.com/jackc/pgx/v5 golang.org/x/oauth2
`

// never says what packages must not even reach through others: the domain knows
// neither HTTP nor the API's shapes.
const never = `
store:    net/http apimodel idpapi identityapi awsjson
keys:     net/http apimodel idpapi identityapi awsjson
userpool: net/http apimodel idpapi identityapi awsjson
passkey:  net/http apimodel idpapi identityapi awsjson
trigger:  net/http apimodel idpapi identityapi awsjson
threat:   net/http apimodel idpapi identityapi awsjson
token:    net/http apimodel idpapi identityapi awsjson
signin:   net/http apimodel idpapi identityapi awsjson
userimport: net/http apimodel idpapi identityapi awsjson
federation/saml: net/http apimodel idpapi identityapi awsjson
identitypool: net/http apimodel idpapi identityapi awsjson
identitypool/login: net/http apimodel idpapi identityapi awsjson
`

type pkg struct {
	ImportPath, Name, Doc                    string
	Imports, Deps, TestImports, XTestImports []string
}

func TestImportLaw(t *testing.T) {
	allowed, testAllowed, forbidden := parse(t, law), parse(t, testLaw), parse(t, never)
	for _, p := range packages(t) {
		name := shortName(p.ImportPath)
		may, ok := allowed[name]
		if !ok {
			t.Errorf("%s is not in the table of the import law", name)
			continue
		}
		for _, path := range p.Imports {
			if !permits(may, path) {
				t.Errorf("%s must not import %s", name, path)
			}
		}
		inTests := slices.Concat(may, testAllowed[name], []string{name, "testenv", "store", "store/storetest"})
		for _, path := range slices.Concat(p.TestImports, p.XTestImports) {
			if !permits(inTests, path) {
				t.Errorf("tests of %s must not import %s", name, path)
			}
		}
		for _, path := range p.Deps {
			if slices.Contains(forbidden[name], shortName(path)) {
				t.Errorf("%s must not depend on %s, through others neither", name, path)
			}
		}
	}
}

// TestEveryPackageSaysWhatItIsFor wants a package comment everywhere.
func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	for _, p := range packages(t) {
		if p.Doc == "" {
			t.Errorf("%s has no package comment", shortName(p.ImportPath))
		}
	}
}

func TestPermits(t *testing.T) {
	may := []string{"fault", "store", "github.com/jackc/pgx/v5"}
	for path, want := range map[string]bool{
		"crypto/sha256":                    true,
		module + "internal/fault":          true,
		module + "internal/faults":         false,
		module + "internal/store/sub":      false,
		module + "fault":                   false,
		"github.com/jackc/pgx/v5":          true,
		"github.com/jackc/pgx/v5/stdlib":   true,
		"github.com/jackc/pgx/v50":         false,
		"github.com/poolhouse/other":       false,
		module + "internal/store":          true,
		"golang.org/x/crypto/cryptobyte":   false,
		"vendor/golang.org/x/net/dns":      false,
		module + "cmd/poolhouse":           false,
		"github.com/jackc/pgx":             false,
		module + "internal/userpool/store": false,
	} {
		if got := permits(may, path); got != want {
			t.Errorf("permits(%q) = %v, want %v", path, got, want)
		}
	}
}

// permits reports whether the row allows importing path.
func permits(row []string, path string) bool {
	first, _, _ := strings.Cut(path, "/")
	switch {
	case strings.HasPrefix(path, module):
		return slices.Contains(row, shortName(path))
	case first == "vendor":
		return false
	case !strings.Contains(first, "."):
		return true // the standard library
	}
	return slices.ContainsFunc(row, func(m string) bool { return path == m || strings.HasPrefix(path, m+"/") })
}

// shortName is a package as the tables call it.
func shortName(path string) string {
	if short, ok := strings.CutPrefix(path, module); ok {
		if name, ok := strings.CutPrefix(short, "internal/"); ok {
			return name
		}
		return "/" + short
	}
	return path
}

// parse reads "name: words" lines. A name may have several lines.
func parse(t *testing.T, table string) map[string][]string {
	t.Helper()
	m := make(map[string][]string)
	for line := range strings.Lines(table) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, words, ok := strings.Cut(line, ":")
		if !ok {
			t.Fatalf("the table has a line without a colon: %q", line)
		}
		m[name] = append(m[name], strings.Fields(words)...)
	}
	return m
}

// packages lists the packages of the module.
func packages(t *testing.T) []pkg {
	t.Helper()
	// -e lists a package with its imports even while it does not build, so that
	// one broken file does not hide what the law has to say about the rest.
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e",
		"-json=ImportPath,Name,Doc,Imports,Deps,TestImports,XTestImports", "./...")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			t.Fatalf("go list: %v\n%s", err, exit.Stderr)
		}
		t.Fatalf("go list: %v", err)
	}
	var all []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if len(all) == 0 {
		t.Fatal("go list names no packages")
	}
	return all
}
