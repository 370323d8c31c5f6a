package local

import (
	"bytes"
	"os"
	"os/exec"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// apart gives a program a process group of its own, and has the kernel end it
// with this server, however that ends.
func apart(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// killGroup ends a program and what it has started.
func killGroup(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) } // nobody is left to kill

// limit bounds the data segment of a program, and forbids core files, in which
// its events would be. It returns what tells the program's size in memory, in MB.
// Address space is not bounded: Node.js reserves far more than it uses.
func limit(pid, megabytes int) func() int {
	data := (2*uint64(megabytes) + 512) << 20 //nolint:gosec // checked to be positive
	for resource, most := range map[int]uint64{unix.RLIMIT_DATA: data, unix.RLIMIT_CORE: 0} {
		_ = unix.Prlimit(pid, resource, &unix.Rlimit{Cur: most, Max: most}, nil) // it may have ended already
	}
	name, page := "/proc/"+strconv.Itoa(pid)+"/statm", os.Getpagesize()
	return func() int {
		text, err := os.ReadFile(name) //nolint:gosec // a file of the kernel
		fields := bytes.Fields(text)
		if err != nil || len(fields) < 2 {
			return 0 // it has ended
		}
		pages, err := strconv.Atoi(string(fields[1]))
		if err != nil {
			return 0
		}
		return pages * page >> 20
	}
}
