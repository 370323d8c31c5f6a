package sigv4

import (
	"bufio"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const exampleSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

// The chunks of both examples of the Amazon S3 API reference: 65 KiB of the letter a.
var exampleChunks = []string{strings.Repeat("a", 64<<10), strings.Repeat("a", 1<<10), ""}

// exampleBody joins chunks with their signatures.
func exampleBody(chunks, signatures []string, tail string) string {
	var b strings.Builder
	for i, chunk := range chunks {
		size := map[int]string{64 << 10: "10000", 1 << 10: "400", 0: "0"}[len(chunk)]
		b.WriteString(size + ";chunk-signature=" + signatures[i] + "\r\n" + chunk)
		if chunk != "" {
			b.WriteString("\r\n")
		}
	}
	return b.String() + tail
}

func exampleRequest(headers map[string]string) *http.Request {
	r := httptest.NewRequest(http.MethodPut, "http://s3.amazonaws.com/examplebucket/chunkObject.txt", nil)
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	return r
}

// The examples "Transferring payload in multiple chunks" and "... with trailing
// headers" of the Amazon S3 API reference.
func TestPublishedExamples(t *testing.T) {
	for _, c := range []struct {
		name       string
		headers    map[string]string
		signed     string
		payload    string
		seed       string
		signatures []string
		tail       string
	}{
		{
			"signed chunks",
			map[string]string{
				"Content-Encoding": "aws-chunked", "Content-Length": "66824", "X-Amz-Storage-Class": "REDUCED_REDUNDANCY",
				"X-Amz-Content-Sha256": signedChunks, "X-Amz-Date": "20130524T000000Z", "X-Amz-Decoded-Content-Length": "66560",
			},
			"content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class",
			signedChunks,
			"4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
			[]string{
				"ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
				"0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
				"b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
			},
			"\r\n",
		},
		{
			"signed chunks and trailer",
			map[string]string{
				"Content-Encoding": "aws-chunked", "X-Amz-Storage-Class": "REDUCED_REDUNDANCY", "X-Amz-Trailer": "x-amz-checksum-crc32c",
				"X-Amz-Content-Sha256": signedTrailer, "X-Amz-Date": "20130524T000000Z", "X-Amz-Decoded-Content-Length": "66560",
			},
			"content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer",
			signedTrailer,
			"106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
			[]string{
				"b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
				"1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
				"2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
			},
			"x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := exampleRequest(c.headers)
			if c.headers["Content-Length"] != "" {
				r.ContentLength = 66824
			}
			r.Header.Set("Authorization", algorithm+" Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders="+
				c.signed+",Signature="+c.seed)
			s, err := parse(r)
			if err != nil {
				t.Fatal(err)
			}
			key := signingKey(exampleSecret, s)
			text, ok := s.stringToSign(r, c.payload)
			if got := hexHMAC(key, text); !ok || got != c.seed {
				t.Fatalf("seed %s, want %s", got, c.seed)
			}
			r.Body = io.NopCloser(strings.NewReader(exampleBody(exampleChunks, c.signatures, c.tail)))
			if err := new(Verifier).replaceBody(r, s, c.payload, key); err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(r.Body)
			if err != nil || string(body) != strings.Join(exampleChunks, "") {
				t.Errorf("read %d bytes, %v", len(body), err)
			}
			if r.ContentLength != 66560 || r.Header.Get("Content-Encoding") != "" {
				t.Errorf("length %d, encoding %q", r.ContentLength, r.Header.Get("Content-Encoding"))
			}
		})
	}
}

// chunked is a reader over a body that was signed in the first published example.
func chunked(body string, trailer bool, wanted ...string) *chunkReader {
	s := &signature{date: "20130524", region: "us-east-1", service: "s3"}
	return &chunkReader{
		from: bufio.NewReader(strings.NewReader(body)), body: io.NopCloser(nil), signed: !trailer, trailer: trailer,
		wanted: wanted, sum: newChecksum(wanted), key: signingKey(exampleSecret, s), head: "20130524T000000Z\n" + s.scope(),
		previous: "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9", left: 66560,
	}
}

func TestChunksRefused(t *testing.T) {
	good := exampleBody(exampleChunks, []string{
		"ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
		"0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
		"b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
	}, "\r\n")
	second := strings.Index(good, "400;chunk")
	last := strings.Index(good, "0;chunk-signature=b6")
	for _, c := range []struct{ name, body string }{
		{"nothing", ""},
		{"a byte of data changed", strings.Replace(good, "aaa\r\n400", "aab\r\n400", 1)},
		{"a signature changed", strings.Replace(good, "=0055", "=1055", 1)},
		{"no signature", strings.Replace(good, ";chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497", "", 1)},
		{"chunks in another order", good[second:last] + good[:second] + good[last:]},
		{"a chunk twice", good[:last] + good[second:]},
		{"a chunk left out", good[:second] + good[last:]},
		{"the last chunk left out", good[:last]},
		{"cut in the data", good[:1000]},
		{"bytes behind the end", good + "x"},
		{"size that is none", "zz" + good},
		{"size beyond bounds", "ffffffff" + good[5:]},
		{"endless line", strings.Repeat("1", 10000)},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := chunked(c.body, false)
			n, err := io.Copy(io.Discard, r)
			wantCode(t, err, ErrPayload)
			if n == 66560 && c.name == "a byte of data changed" {
				t.Error("the changed chunk was handed on")
			}
			if _, again := r.Read(make([]byte, 1)); again == nil || again == io.EOF {
				t.Errorf("the next Read: %v", again)
			}
		})
	}
}

func TestUnsignedTrailer(t *testing.T) {
	body := func(tail string) string {
		return "10000\r\n" + exampleChunks[0] + "\r\n400\r\n" + exampleChunks[1] + "\r\n0\r\n" + tail
	}
	for _, c := range []struct {
		name, tail string
		good       bool
	}{
		{"checksum fits", "x-amz-checksum-crc32c:sOO8/Q==\r\n\r\n", true},
		{"checksum of another body", "x-amz-checksum-crc32c:sOO8/A==\r\n\r\n", false},
		{"no checksum", "\r\n", false},
		{"no end", "x-amz-checksum-crc32c:sOO8/Q==\r\n", false},
		{"not announced", "x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-meta:1\r\n\r\n", false},
		{"twice", "x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-checksum-crc32c:sOO8/Q==\r\n\r\n", false},
		{"no colon", "x-amz-checksum-crc32c\r\n\r\n", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := io.ReadAll(chunked(body(c.tail), true, "x-amz-checksum-crc32c"))
			if c.good {
				if err != nil || len(got) != 66560 {
					t.Errorf("%d bytes, %v", len(got), err)
				}
				return
			}
			wantCode(t, err, ErrPayload)
		})
	}
}

// The check value of CRC-64/NVME, ae8b14860a799888, in the catalogue of parametrised
// CRC algorithms.
func TestCRC64NVME(t *testing.T) {
	c := newChecksum([]string{"x-amz-checksum-crc64nvme"})
	c.write([]byte("123456789"))
	if err := c.compare("x-amz-checksum-crc64nvme", "rosUhgp5mIg="); err != nil {
		t.Error(err)
	}
}

// FuzzChunks reads any body: nothing panics, and what is not signed never comes out.
func FuzzChunks(f *testing.F) {
	f.Add("0;chunk-signature=b6c6\r\n\r\n", false)
	f.Add("3\r\nabc\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n", true)
	f.Fuzz(func(t *testing.T, body string, trailer bool) {
		n, err := io.Copy(io.Discard, chunked(body, trailer, "x-amz-checksum-crc32"))
		if err == nil || !trailer && n > 0 {
			t.Fatalf("%d bytes came out, %v", n, err)
		}
	})
}
