package local

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

var (
	//go:embed bootstrap.mjs
	nodeBootstrap string
	//go:embed bootstrap.py
	pythonBootstrap string
)

// resolve is the command of a function, and whether its client of the runtime
// API is ours. The bootstraps are arguments, so that no file of theirs is left
// behind anywhere.
func resolve(o Options) (command []string, guarded bool, err error) {
	if info, err := os.Stat(o.Dir); err != nil || !info.IsDir() {
		return nil, false, fmt.Errorf("dir: %q is not a directory", o.Dir)
	}
	if strings.Contains(o.Handler, "..") {
		return nil, false, fmt.Errorf("handler: %q must not have two dots in a row", o.Handler)
	}
	runtime := strings.TrimRight(o.Runtime, "0123456789.x")
	runtime, _, _ = strings.Cut(runtime, ".")
	if runtime == "" {
		runtime = guess(o)
	}
	switch runtime {
	case "nodejs":
		if nodeFile(o) == "" {
			return nil, false, fmt.Errorf("handler: there is no file for %q in %s", o.Handler, o.Dir)
		}
		program, err := program(o, "node")
		return []string{program, "--max-old-space-size=" + strconv.Itoa(o.Memory), "--input-type=module", "--eval", nodeBootstrap}, true, err
	case "python":
		if pythonFile(o) == "" {
			return nil, false, fmt.Errorf("handler: there is no file for %q in %s", o.Handler, o.Dir)
		}
		program, err := program(o, "python3")
		return []string{program, "-u", "-c", pythonBootstrap}, true, err
	case "provided":
		name, err := filepath.Abs(filepath.Join(o.Dir, "bootstrap"))
		if err == nil {
			_, err = exec.LookPath(name)
		}
		if err != nil {
			return nil, false, fmt.Errorf("bootstrap: %w", err)
		}
		return []string{name}, false, nil
	case "":
		return nil, false, fmt.Errorf("there is neither a file for the handler %q nor a bootstrap in %s", o.Handler, o.Dir)
	}
	return nil, false, fmt.Errorf("runtime: %q is none of nodejs, python, provided", o.Runtime)
}

func program(o Options, usual string) (string, error) {
	name := usual
	if o.Program != "" {
		name = o.Program
	}
	found, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("program: %w", err)
	}
	return filepath.Abs(found) // the working directory is another
}

// guess is the runtime whose handler is there, or empty.
func guess(o Options) string {
	switch {
	case nodeFile(o) != "":
		return "nodejs"
	case pythonFile(o) != "":
		return "python"
	}
	if _, err := os.Stat(filepath.Join(o.Dir, "bootstrap")); err == nil {
		return "provided"
	}
	return ""
}

// nodeFile is the file of "dir/index.nested.handler": dir/index with an
// extension.
func nodeFile(o Options) string {
	dir, base := filepath.Split(filepath.FromSlash(o.Handler))
	module, _, ok := strings.Cut(base, ".")
	if !ok {
		return ""
	}
	return existing(filepath.Join(o.Dir, dir, module), ".mjs", ".cjs", ".js")
}

// pythonFile is the file of "package/module.handler" or "package.module.handler".
func pythonFile(o Options) string {
	i := strings.LastIndexByte(o.Handler, '.')
	if i < 0 {
		return ""
	}
	module := filepath.Join(o.Dir, filepath.FromSlash(strings.ReplaceAll(o.Handler[:i], ".", "/")))
	if name := existing(module, ".py"); name != "" {
		return name
	}
	return existing(module, string(filepath.Separator)+"__init__.py")
}

func existing(name string, endings ...string) string {
	for _, ending := range endings {
		if info, err := os.Stat(name + ending); err == nil && !info.IsDir() {
			return name + ending
		}
	}
	return ""
}

// passed are the variables that a program takes over from the server. None of
// them is a setting of the server's.
var passed = []string{"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS"}

// environment is all that a program is told: what Lambda's runtimes expect, and
// what the operator adds.
func environment(o Options, address string) []string {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		dir = o.Dir
	}
	all := map[string]string{}
	for _, name := range passed {
		if value, ok := os.LookupEnv(name); ok {
			all[name] = value
		}
	}
	maps.Copy(all, map[string]string{
		"TZ":                              ":UTC",
		"LAMBDA_TASK_ROOT":                dir,
		"_HANDLER":                        o.Handler,
		"AWS_REGION":                      o.Region,
		"AWS_DEFAULT_REGION":              o.Region,
		"AWS_LAMBDA_FUNCTION_NAME":        o.Name,
		"AWS_LAMBDA_FUNCTION_VERSION":     "$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(o.Memory),
		"AWS_LAMBDA_LOG_GROUP_NAME":       "/aws/lambda/" + o.Name,
		"AWS_LAMBDA_LOG_STREAM_NAME":      "poolhouse",
	})
	maps.Copy(all, o.Environment)
	all["AWS_LAMBDA_RUNTIME_API"] = address
	var list []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		list = append(list, name+"="+all[name])
	}
	return list
}

// stamp tells whether files have changed: how many there are, and the newest
// change.
type stamp struct {
	files  int
	newest time.Time
}

// mostFiles bounds the search for changed files.
const mostFiles = 2000

var errEnough = errors.New("enough")

// newestFile looks through a function's code, without what it has installed.
func newestFile(dir string) stamp {
	var s stamp
	_ = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error { // what cannot be read does not count
		switch {
		case err != nil:
			return nil
		case entry.IsDir():
			if slices.Contains([]string{"node_modules", "__pycache__", ".git", ".venv"}, entry.Name()) {
				return fs.SkipDir
			}
			return nil
		case s.files == mostFiles:
			return errEnough
		}
		if info, err := entry.Info(); err == nil && info.ModTime().After(s.newest) {
			s.newest = info.ModTime()
		}
		s.files++
		return nil
	})
	return s
}
