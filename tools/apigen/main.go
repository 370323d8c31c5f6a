// Command apigen turns an AWS API model (service-2.json, as botocore publishes
// it) into a Go package: a struct for each structure, a string type for each
// enumeration, and the descriptors that package apimodel decodes requests with.
//
//	go run ./tools/apigen -model cognito-idp.service-2.json -package idpapi -out internal/idpapi
//
// It writes only files named *_gen.go, and contract_gen_test.go, and the same bytes for the same model.
// The models themselves are not part of this repository.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

func main() {
	modelFile := flag.String("model", "", "the API model, a service-2.json `file`")
	name := flag.String("package", "", "the `name` of the generated package")
	out := flag.String("out", "", "the `directory` of the generated package")
	flag.Parse()
	if *modelFile == "" || *name == "" || *out == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*modelFile, *name, *out); err != nil {
		fmt.Fprintln(os.Stderr, "apigen:", err)
		os.Exit(1)
	}
}

func run(modelFile, name, out string) error {
	text, err := os.ReadFile(modelFile)
	if err != nil {
		return err
	}
	files, err := generate(text, name)
	if err != nil {
		return fmt.Errorf("%s: %w", modelFile, err)
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(out, f.name), f.text, 0o644); err != nil { //nolint:gosec // source code, readable by all
			return err
		}
	}
	return removeStale(out, files)
}

// removeStale deletes generated files that this version no longer writes.
func removeStale(out string, files []file) error {
	old, err := filepath.Glob(filepath.Join(out, "*_gen.go"))
	if err != nil {
		return err
	}
	for _, path := range old {
		if slices.ContainsFunc(files, func(f file) bool { return f.name == filepath.Base(path) }) {
			continue
		}
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return nil
}
