package functions

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/poolhouse/poolhouse/internal/awscall"
	"github.com/poolhouse/poolhouse/internal/esdk"
	"github.com/poolhouse/poolhouse/internal/trigger"
	"github.com/poolhouse/poolhouse/internal/trigger/lambda"
	"github.com/poolhouse/poolhouse/internal/trigger/local"
	"github.com/poolhouse/poolhouse/internal/trigger/webhook"
)

// Options are what the file does not say.
type Options struct {
	Region string       // of functions and keys whose names are no ARN
	Reload bool         // local programs are started anew when their code has changed
	Logger *slog.Logger // nil: nobody hears of it
}

// Set is a deployment's functions and keys. It may be used by several goroutines
// at once.
type Set struct {
	functions map[string]trigger.Runner
	keys      map[string]func(key string) (esdk.Keyring, error)
	programs  []*local.Runner
}

// New makes what the file describes. It fails for what cannot be: a program that
// is not there, a key that is none.
func New(f *File, o Options) (*Set, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Set{functions: map[string]trigger.Runner{}, keys: map[string]func(string) (esdk.Keyring, error){}}
	for name, fn := range f.Functions {
		runner, err := s.runner(f, o, name, fn)
		if err != nil {
			return nil, fmt.Errorf("function %q: %w", name, err)
		}
		s.functions[name] = runner
	}
	for name, key := range f.Keys {
		keyring, err := keyring(f, o, key)
		if err == nil && name != "*" {
			_, err = keyring(name) // what is wrong with it shows at the start
		}
		if err != nil {
			return nil, fmt.Errorf("key %q: %w", name, err)
		}
		s.keys[name] = keyring
	}
	return s, nil
}

func (s *Set) runner(f *File, o Options, name string, fn Function) (trigger.Runner, error) {
	switch {
	case fn.Lambda != nil && fn.Webhook == nil && fn.Local == nil:
		to, err := f.aws(fn.Lambda.AWS)
		if err != nil {
			return nil, err
		}
		region := o.Region
		if fn.Lambda.Region != "" {
			region = fn.Lambda.Region
		}
		return lambda.New(lambda.Options{Options: to, Function: fn.Lambda.FunctionName, Region: region})
	case fn.Webhook != nil && fn.Lambda == nil && fn.Local == nil:
		secret, err := f.secret("secret", fn.Webhook.Secret, fn.Webhook.SecretFile)
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(fn.Webhook.URL, "http:") {
			o.Logger.Warn("a webhook is called without encryption", "function", name)
		}
		return webhook.New(webhook.Options{URL: fn.Webhook.URL, Secret: []byte(secret)})
	case fn.Local != nil && fn.Lambda == nil && fn.Webhook == nil:
		l := fn.Local
		program := l.Program
		if strings.ContainsRune(program, '/') {
			program = f.path(program)
		}
		runner, err := local.New(local.Options{
			Name: last(name), Dir: f.path(l.Dir), Handler: l.Handler, Runtime: l.Runtime, Program: program,
			Environment: l.Environment, Region: o.Region,
			Memory: l.Memory, Concurrency: l.Concurrency, Queue: l.Queue,
			InitTimeout: time.Duration(l.InitTimeout), Idle: time.Duration(l.Idle),
			Reload: o.Reload, Logger: o.Logger,
		})
		if err == nil {
			s.programs = append(s.programs, runner)
		}
		return runner, err
	}
	return nil, errors.New("it needs one of lambda, webhook and local")
}

func (f *File) aws(a AWS) (awscall.Options, error) {
	secret, err := f.secret("secretAccessKey", a.SecretAccessKey, a.SecretAccessKeyFile)
	return awscall.Options{Endpoint: a.Endpoint, AccessKeyID: a.AccessKeyID, SecretAccessKey: secret, Profile: a.Profile}, err
}

// keyring is what makes the keyring of a key, by its ARN.
func keyring(f *File, o Options, key Key) (func(string) (esdk.Keyring, error), error) {
	switch {
	case key.KMS != nil && key.AES == nil && key.RSA == nil:
		to, err := f.aws(key.KMS.AWS)
		if err != nil {
			return nil, err
		}
		client, err := awscall.New(to)
		if err != nil {
			return nil, err
		}
		return func(name string) (esdk.Keyring, error) {
			region := o.Region
			if key.KMS.Region != "" {
				region = key.KMS.Region
			}
			if parts := strings.Split(name, ":"); len(parts) > 3 {
				region = parts[3]
			}
			if key.KMS.KeyID != "" {
				name = key.KMS.KeyID
			}
			return esdk.NewKMSKeyring(client, region, name), nil
		}, nil
	case key.AES != nil && key.KMS == nil && key.RSA == nil:
		text, err := f.secret("key", key.AES.Key, key.AES.KeyFile)
		if err != nil {
			return nil, err
		}
		secret, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, errors.New("the AES key is not base64")
		}
		return func(name string) (esdk.Keyring, error) {
			return esdk.NewAESKeyring(key.AES.namespace(), key.AES.name(name), secret)
		}, nil
	case key.RSA != nil && key.KMS == nil && key.AES == nil:
		text, err := f.secret("key", key.RSA.Key, key.RSA.KeyFile)
		if err != nil {
			return nil, err
		}
		public, err := publicKey(text)
		if err != nil {
			return nil, err
		}
		return func(name string) (esdk.Keyring, error) {
			return esdk.NewRSAKeyring(key.RSA.namespace(), key.RSA.name(name), public)
		}, nil
	}
	return nil, errors.New("it needs one of kms, aes and rsa")
}

func (k *RawKey) namespace() string {
	if k.Namespace == "" {
		return "poolhouse"
	}
	return k.Namespace
}

func (k *RawKey) name(arn string) string {
	if k.Name == "" {
		return last(arn)
	}
	return k.Name
}

func publicKey(text string) (*rsa.PublicKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil || block.Type != "PUBLIC KEY" {
		return nil, errors.New("the RSA key is not a public key as PEM (BEGIN PUBLIC KEY)")
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("the RSA key: %w", err)
	}
	key, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("the RSA key is a key of another kind")
	}
	return key, nil
}

// Invoke calls a function, as trigger.Runner says.
func (s *Set) Invoke(ctx context.Context, function string, event []byte) ([]byte, error) {
	runner, ok := find(s.functions, function)
	if !ok {
		return nil, &trigger.InvocationError{Name: "ResourceNotFoundException", Err: errors.New("the function is not configured"), Final: true}
	}
	return runner.Invoke(ctx, function, event)
}

// Encrypt encrypts a code of a pool for a custom sender under a key, by the
// key's ARN, in the format of the AWS Encryption SDK.
func (s *Set) Encrypt(ctx context.Context, key, poolID string, code []byte) ([]byte, error) {
	of, ok := find(s.keys, key)
	if !ok {
		return nil, errors.New("the key is not configured")
	}
	ring, err := of(key)
	if err != nil {
		return nil, err
	}
	return esdk.Encrypt(ctx, ring, map[string]string{"userpool-id": poolID}, code)
}

// HasKeys says whether codes can be encrypted for custom senders.
func (s *Set) HasKeys() bool { return len(s.keys) > 0 }

// Close ends the local programs. Calls that are running fail.
func (s *Set) Close() error {
	for _, program := range s.programs {
		if err := program.Close(); err != nil {
			return err
		}
	}
	return nil
}

// find looks for the entry of an ARN: itself, without the version or alias of a
// function, by what stands last, and the one for all.
func find[T any](entries map[string]T, arn string) (T, bool) {
	names := []string{arn, "", last(arn), "*"}
	if parts := strings.SplitN(arn, ":", 8); len(parts) == 8 {
		names[1] = strings.Join(parts[:7], ":")
	}
	for _, name := range names {
		if entry, ok := entries[name]; ok {
			return entry, true
		}
	}
	var none T
	return none, false
}

// last is the name of a function (arn:aws:lambda:region:account:function:name:alias)
// or the id of a key (arn:aws:kms:region:account:key/id).
func last(arn string) string {
	parts := strings.SplitN(arn, ":", 8)
	switch {
	case len(parts) >= 7:
		return parts[6]
	case len(parts) == 6:
		_, id, _ := strings.Cut(parts[5], "/")
		return id
	}
	return arn
}
