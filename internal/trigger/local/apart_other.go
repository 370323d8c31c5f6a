//go:build !unix

package local

import "os/exec"

// apart can do nothing here.
func apart(*exec.Cmd) {}

// killGroup ends a program.
func killGroup(cmd *exec.Cmd) { _ = cmd.Process.Kill() } // it has ended already

// limit knows no limits here.
func limit(int, int) func() int { return nil }
