package functions

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// maxFile is the most that a file has, in bytes.
const maxFile = 1 << 20

// File is the configuration. Names are whole ARNs, or what stands last in them
// (a function's name, a key's id), or "*" for all that have no entry.
type File struct {
	Functions map[string]Function `json:"functions"`
	Keys      map[string]Key      `json:"keys"`

	// Timeout is how long one try of a call may take, such as "5s", and
	// Attempts how often a function that does not answer is tried in all. Zero:
	// as Cognito has it, 5 seconds and 3.
	Timeout  Duration `json:"timeout"`
	Attempts int      `json:"attempts"`

	dir string // relative names of files are relative to it
}

// Function says how a function is called: one of the members.
type Function struct {
	Lambda  *Lambda  `json:"lambda"`
	Webhook *Webhook `json:"webhook"`
	Local   *Local   `json:"local"`
}

// AWS is where an API of AWS is and who calls it.
type AWS struct {
	Endpoint            string `json:"endpoint"` // empty: AWS's own
	AccessKeyID         string `json:"accessKeyId"`
	SecretAccessKey     string `json:"secretAccessKey"`
	SecretAccessKeyFile string `json:"secretAccessKeyFile"`
	Profile             string `json:"profile"`
}

// Lambda is a function that the Lambda API calls.
type Lambda struct {
	AWS
	Region       string `json:"region"`       // for names that are no ARN
	FunctionName string `json:"functionName"` // in place of the pool's
}

// Webhook is a function that is an HTTP endpoint.
type Webhook struct {
	URL        string `json:"url"`
	Secret     string `json:"secret"`
	SecretFile string `json:"secretFile"`
}

// Local is a function that is a program of this machine, as in local.Options.
type Local struct {
	Dir         string            `json:"dir"`
	Handler     string            `json:"handler"`
	Runtime     string            `json:"runtime"`
	Program     string            `json:"program"`
	Environment map[string]string `json:"environment"`
	Memory      int               `json:"memory"` // MB
	Concurrency int               `json:"concurrency"`
	Queue       int               `json:"queue"`
	InitTimeout Duration          `json:"initTimeout"`
	Idle        Duration          `json:"idle"`
}

// Key says how the codes for custom senders are encrypted: one of the members.
type Key struct {
	KMS *KMS    `json:"kms"`
	AES *RawKey `json:"aes"`
	RSA *RawKey `json:"rsa"`
}

// KMS is a key of AWS KMS, or of what speaks its API.
type KMS struct {
	AWS
	Region string `json:"region"` // for names that are no ARN
	KeyID  string `json:"keyId"`  // in place of the pool's
}

// RawKey is a key that the function has, too: 16, 24 or 32 bytes in base64 for
// AES, the public key as PEM for RSA.
type RawKey struct {
	Namespace string `json:"namespace"` // of the function's keyring; empty: poolhouse
	Name      string `json:"name"`      // of the key in it; empty: what stands last in the key's ARN
	Key       string `json:"key"`
	KeyFile   string `json:"keyFile"`
}

// Duration is a time.Duration, in JSON a text such as "5s".
type Duration time.Duration

// UnmarshalJSON reads a duration that is not negative.
func (d *Duration) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return errors.New(`a duration is a text such as "5s"`)
	}
	parsed, err := time.ParseDuration(text)
	if err != nil || parsed < 0 {
		return fmt.Errorf(`%q is not a duration such as "5s"`, text)
	}
	*d = Duration(parsed)
	return nil
}

// Read reads a file. A member that it does not know is an error, for a
// misspelt limit would be no limit.
func Read(name string) (*File, error) {
	f, err := os.Open(name) //nolint:gosec // the operator's file
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	return parse(text, filepath.Dir(name))
}

func parse(text []byte, dir string) (*File, error) {
	if len(text) > maxFile {
		return nil, fmt.Errorf("the file is longer than %d bytes", maxFile)
	}
	file := &File{dir: dir}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(file); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more after the JSON object")
	}
	if file.Attempts < 0 || file.Attempts > 10 {
		return nil, errors.New("attempts must be 1 to 10")
	}
	if time.Duration(file.Timeout) > 25*time.Second {
		return nil, errors.New("timeout must be at most 25s: a request ends after 30")
	}
	return file, nil
}

// path is a name of the file, as seen from here.
func (f *File) path(name string) string {
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(f.dir, name)
}

// secret is what stands in the file itself or in another that it names. what is
// the member's name.
func (f *File) secret(what, text, name string) (string, error) {
	switch {
	case text != "" && name != "":
		return "", fmt.Errorf("%s and %sFile: give one of them", what, what)
	case name == "":
		return text, nil
	}
	read, err := os.ReadFile(f.path(name))
	if err != nil {
		return "", fmt.Errorf("%sFile: %w", what, err)
	}
	return strings.TrimSpace(string(read)), nil
}
