//go:build unix && !linux

package local

import (
	"os/exec"
	"syscall"
)

// apart gives a program a process group of its own.
func apart(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// killGroup ends a program and what it has started.
func killGroup(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) } // nobody is left to kill

// limit knows no limits here.
func limit(int, int) func() int { return nil }
