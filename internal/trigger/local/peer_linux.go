package local

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
)

// stranger says whether a connection on loopback is another user's. The kernel
// tells whose each socket is; where it does not, nobody is a stranger.
func stranger(conn net.Conn) bool {
	here, ok := conn.LocalAddr().(*net.TCPAddr)
	there, ok2 := conn.RemoteAddr().(*net.TCPAddr)
	if !ok || !ok2 {
		return false
	}
	for _, name := range []string{"/proc/self/net/tcp", "/proc/self/net/tcp6"} { // a socket of IPv6 can speak IPv4
		f, err := os.Open(name)
		if err != nil {
			continue
		}
		uid, found := ownerOf(f, there.Port, here.Port)
		f.Close()
		if found {
			return uid != os.Geteuid()
		}
	}
	return false
}

// ownerOf looks for the socket from a port to another in a table as proc(5)
// describes it: number, local address, remote address, state, three more, uid.
func ownerOf(table io.Reader, from, to int) (uid int, found bool) {
	local, remote := fmt.Sprintf(":%04X", from), fmt.Sprintf(":%04X", to)
	lines := bufio.NewScanner(table)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) > 7 && strings.HasSuffix(fields[1], local) && strings.HasSuffix(fields[2], remote) {
			uid, err := strconv.Atoi(fields[7])
			return uid, err == nil
		}
	}
	return 0, false
}
