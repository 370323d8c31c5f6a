package local

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/poolhouse/poolhouse/internal/testenv"
)

func TestOwnerOf(t *testing.T) {
	const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 100 1 0000000000000000 100 0 0 10 0
   1: 0100007F:C350 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 101 1 0000000000000000 20 4 30 10 -1
   2: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 102 1 0000000000000000 20 4 30 10 -1
   3: broken`
	for _, c := range []struct {
		from, to, uid int
		found         bool
	}{{50000, 8080, 1000, true}, {8080, 50000, 0, true}, {50001, 8080, 0, false}} {
		if uid, found := ownerOf(strings.NewReader(table), c.from, c.to); uid != c.uid || found != c.found {
			t.Errorf("%d to %d: %d %v", c.from, c.to, uid, found)
		}
	}
}

// TestStranger connects as this user and as another one.
func TestStranger(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	own, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer accepted.Close()
	if stranger(accepted) {
		t.Error("this user is a stranger")
	}

	testenv.Require(t, "root", os.Geteuid() == 0, "only root can be another user, too")
	_, port, _ := net.SplitHostPort(l.Addr().String())
	other := exec.Command("/bin/bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/"+port+"; read -u 3")
	other.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	other.Dir = "/"
	err = other.Start()
	testenv.Require(t, "root", err == nil, fmt.Sprintf("no program of another user can be started: %v", err))
	theirs, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if !stranger(theirs) {
		t.Error("another user is no stranger")
	}
	theirs.Close()
	_ = other.Wait() // its read has failed
}
