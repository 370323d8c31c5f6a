package hosted

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/cookiejar"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// maxTransfer is what a login page may weigh with everything, in bytes as they go
// over the wire.
const maxTransfer = 30 << 10

// transfer gets a page and all that it needs, as a browser that comes for the first
// time, and returns how many bytes of bodies there were.
func (b *browser) transfer(path string) (total int) {
	b.t.Helper()
	address := b.base + path
	queue, seen := []string{address}, map[string]bool{}
	plain := &http.Client{Jar: b.http.Jar, Transport: &http.Transport{DisableCompression: true}}
	for ; len(queue) > 0; queue = queue[1:] {
		if seen[queue[0]] {
			continue
		}
		seen[queue[0]] = true
		r, err := http.NewRequest(http.MethodGet, queue[0], nil)
		b.must(err)
		r.Header.Set("Accept-Encoding", "gzip")
		response, err := plain.Do(r)
		b.must(err)
		body, err := io.ReadAll(response.Body)
		b.must(err)
		b.must(response.Body.Close())
		if response.StatusCode != http.StatusOK {
			b.t.Fatalf("%s: %d", queue[0], response.StatusCode)
		}
		total += len(body)
		text := string(body)
		if response.Header.Get("Content-Encoding") == "gzip" {
			z, err := gzip.NewReader(strings.NewReader(text))
			b.must(err)
			unpacked, err := io.ReadAll(z)
			b.must(err)
			text = string(unpacked)
		}
		if !strings.HasPrefix(response.Header.Get("Content-Type"), "text/html") {
			continue
		}
		for _, found := range regexp.MustCompile(`<(?:link rel="stylesheet" href|script src|img src)="(/[^"]+)"`).FindAllStringSubmatch(text, -1) {
			to, err := response.Request.URL.Parse(strings.ReplaceAll(found[1], "&amp;", "&"))
			b.must(err)
			queue = append(queue, to.String())
		}
	}
	if len(seen) < 3 {
		b.t.Fatalf("only %d files", len(seen))
	}
	return total
}

func TestPagesAreSmall(t *testing.T) {
	b := newSite(t, setting{pool: verifiesEmail()}).browser()
	b.user("ada", map[string]string{"email": "ada@example.com"})
	b.signIn("ada")
	for _, path := range append(b.forms()[:1], b.forms()[2:6]...) {
		if n := b.transfer(path + "&other=1"); n > maxTransfer {
			t.Errorf("%s: %d bytes", path, n)
		}
	}
	if n := b.transfer("/account?client_id=" + b.client.ID); n > maxTransfer {
		t.Errorf("account: %d bytes", n)
	}
}

// BenchmarkLoginPage is the login page as browsers get it. Its client is in the
// same process: the server alone takes less. bytes is the page with everything.
func BenchmarkLoginPage(b *testing.B) {
	w := newSite(b, setting{})
	jar, err := cookiejar.New(nil)
	w.must(err)
	client := &http.Client{Jar: jar}
	visitor := w.browser()
	address := w.base + visitor.forms()[0]
	var before, after syscall.Rusage
	for range 20 {
		load(b, client, address)
	}
	w.must(syscall.Getrusage(syscall.RUSAGE_SELF, &before))
	b.ResetTimer()
	for range b.N {
		load(b, client, address)
	}
	b.StopTimer()
	w.must(syscall.Getrusage(syscall.RUSAGE_SELF, &after))
	used := after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()
	b.ReportMetric(float64(used)/float64(b.N)/float64(time.Millisecond), "cpu-ms/op")
	b.ReportMetric(float64(visitor.transfer(visitor.forms()[0])), "bytes")
}

func load(b *testing.B, client *http.Client, address string) {
	response, err := client.Get(address)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		b.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		b.Fatal(response.StatusCode)
	}
}
