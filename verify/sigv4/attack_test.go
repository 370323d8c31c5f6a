package sigv4

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

// resign signs a request by hand, so that it may be one no SDK sends: with the
// time, the life and the names given.
func resign(at time.Time, expires, names string) *http.Request {
	s := &signature{service: "execute-api", region: "us-east-1", time: at, date: at.Format("20060102"), headers: strings.Split(names, ";")}
	query := url.Values{
		"X-Amz-Algorithm": {algorithm}, "X-Amz-Credential": {testCredentials.AccessKeyID + "/" + s.scope()},
		"X-Amz-Date": {at.Format(timeFormat)}, "X-Amz-Expires": {expires}, "X-Amz-SignedHeaders": {names}, "X-Amz-Security-Token": {"session"},
	}
	r := httptest.NewRequest("GET", "http://api.example.com/notes/a?"+query.Encode(), nil)
	r.Header.Set("X-Other", "1")
	text, _ := s.stringToSign(r, emptyHash)
	r.URL.RawQuery += "&X-Amz-Signature=" + hexHMAC(signingKey(exampleSecret, s), text)
	return r
}

func TestPresignedBounds(t *testing.T) {
	server := newKeyServer(t)
	for _, c := range []struct {
		name  string
		r     *http.Request
		later time.Duration
		want  Code
	}{
		{"seven days", resign(testTime, "604800", "host"), 0, ""},
		{"a second more", resign(testTime, "604801", "host"), 0, ErrMalformed},
		{"no life", resign(testTime, "0", "host"), 0, ErrMalformed},
		{"negative life", resign(testTime, "-1", "host"), 0, ErrMalformed},
		{"life with a sign", resign(testTime, "+60", "host"), 0, ErrMalformed},
		{"life beyond an integer", resign(testTime, "18446744073709551617", "host"), 0, ErrMalformed},
		{"from the future within the skew", resign(testTime.Add(5*time.Minute), "60", "host"), 0, ""},
		{"from the future", resign(testTime.Add(301*time.Second), "60", "host"), 0, ErrTime},
		{"host not signed", resign(testTime, "60", "x-other"), 0, ErrNotSigned},
		{"headers out of order", resign(testTime, "60", "x-other;host"), 0, ErrMalformed},
		{"header twice", resign(testTime, "60", "host;host"), 0, ErrMalformed},
		{"header in capitals", resign(testTime, "60", "Host"), 0, ErrMalformed},
		{"signed header that is not there", resign(testTime, "60", "host;x-absent"), 0, ErrSignature},
		{"longer than the session", resign(testTime, "604800", "host"), time.Hour, ErrExpired},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := testConfig(server.URL)
			config.Now = func() time.Time { return testTime.Add(c.later) }
			_, err := newVerifier(t, config).Verify(c.r)
			wantCode(t, err, c.want)
		})
	}
}

// What was signed cannot become another request on the way.
func TestSmuggling(t *testing.T) {
	v := newVerifier(t, testConfig(newKeyServer(t).URL))
	for _, c := range []struct {
		name   string
		change func(*http.Request)
		want   Code
	}{
		{"nothing", func(*http.Request) {}, ""},
		{"dot segments, as the package says", func(r *http.Request) { r.URL.Path, r.URL.RawPath = "/x/..//notes/./a b", "" }, ""},
		{"parameters in another order", func(r *http.Request) { r.URL.RawQuery = "y=%2F&x=1" }, ""},
		{"a signed header twice", func(r *http.Request) { r.Header.Add("Content-Type", "text/html") }, ErrSignature},
		{"the date twice", func(r *http.Request) { r.Header.Add("X-Amz-Date", r.Header.Get("X-Amz-Date")) }, ErrMalformed},
		{"the token twice", func(r *http.Request) { r.Header.Add("X-Amz-Security-Token", "session") }, ErrMalformed},
		{"the hash twice", func(r *http.Request) { r.Header.Add(contentSHA256, unsignedPayload) }, ErrMalformed},
		{"two signatures", func(r *http.Request) { r.Header.Add("Authorization", r.Header.Get("Authorization")) }, ErrMalformed},
		{"a signature in the query too", func(r *http.Request) { r.URL.RawQuery += "&X-Amz-Signature=00" }, ErrMalformed},
		{"an announced trailer of HTTP", func(r *http.Request) { r.Trailer = http.Header{"X-Amz-Meta-A": nil} }, ErrNotSigned},
		{"a parameter twice", func(r *http.Request) { r.URL.RawQuery += "&x=1" }, ErrSignature},
		{"a semicolon in the query", func(r *http.Request) { r.URL.RawQuery += ";x=2" }, ErrMalformed},
		{"path encoded twice", func(r *http.Request) { r.URL.Path, r.URL.RawPath = "/notes/a%20b", "/notes/a%2520b" }, ErrSignature},
		{"slash at the end", func(r *http.Request) { r.URL.Path, r.URL.RawPath = "/notes/a b/", "" }, ErrSignature},
		{"encoded slash", func(r *http.Request) { r.URL.Path, r.URL.RawPath = "/notes/a b", "/notes%2Fa%20b" }, ErrSignature},
		{"encoded dots", func(r *http.Request) { r.URL.Path, r.URL.RawPath = "/x/../notes/a b", "/x/%2e%2e/notes/a%20b" }, ErrSignature},
		{"another key id", func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), ", SignedHeaders", "/x, SignedHeaders", 1))
		}, ErrMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := signed(t, "", emptyHash, nil)
			c.change(r)
			_, err := v.Verify(r)
			wantCode(t, err, c.want)
		})
	}
}

// What a presigned URL says of its signing is said once.
func TestPresignedSmuggling(t *testing.T) {
	v := newVerifier(t, testConfig(newKeyServer(t).URL))
	for _, c := range []struct {
		name   string
		change func(*http.Request)
		want   Code
	}{
		{"nothing", func(*http.Request) {}, ""},
		{"the life twice", func(r *http.Request) { r.URL.RawQuery += "&X-Amz-Expires=604800" }, ErrMalformed},
		{"the life twice, the longer first", func(r *http.Request) { r.URL.RawQuery = "X-Amz-Expires=604800&" + r.URL.RawQuery }, ErrMalformed},
		{"the life in other letters", func(r *http.Request) { r.URL.RawQuery += "&x-amz-expires=604800" }, ErrSignature},
		{"the life in escapes", func(r *http.Request) { r.URL.RawQuery += "&X%2DAmz%2DExpires=604800" }, ErrMalformed},
		{"the date twice", func(r *http.Request) { r.URL.RawQuery += "&X-Amz-Date=20300101T000000Z" }, ErrMalformed},
		{"the credential twice", func(r *http.Request) { r.URL.RawQuery += "&X-Amz-Credential=x" }, ErrMalformed},
		{"the token twice", func(r *http.Request) { r.URL.RawQuery += "&X-Amz-Security-Token=session" }, ErrMalformed},
		{"the signature twice", func(r *http.Request) { r.URL.RawQuery += "&X-Amz-Signature=00" }, ErrMalformed},
		{"the names twice", func(r *http.Request) { r.URL.RawQuery += "&X-Amz-SignedHeaders=host" }, ErrMalformed},
		{"another token as a header", func(r *http.Request) { r.Header.Set("X-Amz-Security-Token", "other") }, ErrMalformed},
		{"the same token as a header too", func(r *http.Request) { r.Header.Set("X-Amz-Security-Token", "session") }, ErrNotSigned},
		{"a hash as a header", func(r *http.Request) { r.Header.Set(contentSHA256, emptyHash) }, ErrNotSigned},
		{"a date as a header", func(r *http.Request) { r.Header.Set("X-Amz-Date", "20300101T000000Z") }, ErrNotSigned},
		{"a parameter more", func(r *http.Request) { r.URL.RawQuery += "&admin=1" }, ErrSignature},
		{"another host", func(r *http.Request) { r.Host = "evil.example.com" }, ErrSignature},
		{"another port", func(r *http.Request) { r.Host = "api.example.com:8080" }, ErrSignature},
		{"another path", func(r *http.Request) { r.URL.Path = "/notes/b" }, ErrSignature},
		{"another method", func(r *http.Request) { r.Method = "DELETE" }, ErrSignature},
		{"a body", func(r *http.Request) { r.Body, r.ContentLength = io.NopCloser(strings.NewReader("x")), 1 }, ErrSignature},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := resign(testTime, "60", "host")
			c.change(r)
			_, err := v.Verify(r)
			wantCode(t, err, c.want)
		})
	}
}

func TestDecodedLength(t *testing.T) {
	v := newVerifier(t, testConfig(newKeyServer(t).URL))
	for name, values := range map[string][]string{
		"none": nil, "signed": {"+5"}, "negative": {"-1"}, "two": {"5", "6"}, "beyond an integer": {"9223372036854775808"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := v.Verify(signed(t, "", signedChunks, func(r *http.Request) {
				for _, value := range values {
					r.Header.Add(decodedLength, value)
				}
			}))
			wantCode(t, err, ErrMalformed)
		})
	}
}

// Codings and trailers may stand in several headers.
func TestRepeatedHeadersOfChunks(t *testing.T) {
	r := exampleRequest(map[string]string{decodedLength: "0"})
	r.Header["Content-Encoding"] = []string{"aws-chunked", "gzip"}
	var tail strings.Builder
	for i := range maxTrailers {
		r.Header.Add(announcedTrailer, "x-"+strconv.Itoa(i))
		tail.WriteString("x-" + strconv.Itoa(i) + ":1\r\n")
	}
	s := &signature{service: "s3", region: "us-east-1", date: "20130524", value: "seed"}
	key := signingKey(exampleSecret, s)
	last := hexHMAC(key, "AWS4-HMAC-SHA256-PAYLOAD\n"+s.time.Format(timeFormat)+"\n"+s.scope()+"\nseed\n"+emptyHash+"\n"+emptyHash)
	end := hexHMAC(key, "AWS4-HMAC-SHA256-TRAILER\n"+s.time.Format(timeFormat)+"\n"+s.scope()+"\n"+last+"\n"+
		hexSHA256([]byte(strings.ReplaceAll(tail.String(), "\r", ""))))
	for _, c := range []struct {
		name, tail string
		want       Code
	}{
		{"good", tail.String() + "x-amz-trailer-signature:" + end + "\r\n\r\n", ""},
		{"not signed", tail.String() + "\r\n", ErrPayload},
		{"value changed", strings.Replace(tail.String(), ":1", ":2", 1) + "x-amz-trailer-signature:" + end + "\r\n\r\n", ErrPayload},
		{"signature of the chunk", tail.String() + "x-amz-trailer-signature:" + last + "\r\n\r\n", ErrPayload},
		{"more behind the signature", "x-amz-trailer-signature:" + end + "\r\n" + tail.String() + "\r\n", ErrPayload},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := r.Clone(t.Context())
			r.Body = io.NopCloser(strings.NewReader("0;chunk-signature=" + last + "\r\n" + c.tail))
			if err := new(Verifier).replaceBody(r, s, signedTrailer, key); err != nil {
				t.Fatal(err)
			}
			_, err := io.ReadAll(r.Body)
			wantCode(t, err, c.want)
			if got := r.Header.Get("Content-Encoding"); got != "gzip" {
				t.Errorf("the handler sees the coding %q", got)
			}
		})
	}
}

// An answer that is kept does not outlive its session, nor serve another key id,
// token or day.
func TestKeptAnswerIsOfOneSession(t *testing.T) {
	server := newKeyServer(t)
	config := testConfig(server.URL)
	now := testTime
	config.Now, config.CacheFor = func() time.Time { return now }, 48*time.Hour
	v := newVerifier(t, config)
	good := func() *http.Request { return resign(testTime, "604800", "host") }
	for _, c := range []struct {
		name  string
		r     *http.Request
		later time.Duration
		want  Code
		asked int32
	}{
		{"first", good(), 0, "", 1},
		{"again", good(), time.Minute, "", 1},
		{"another token", func() *http.Request {
			r := good()
			r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "Security-Token=session", "Security-Token=other", 1)
			return r
		}(), time.Minute, ErrSession, 2},
		{"another key id", func() *http.Request {
			r := good()
			r.URL.RawQuery = strings.Replace(r.URL.RawQuery, testCredentials.AccessKeyID, "ASIAOTHER", 1)
			return r
		}(), time.Minute, ErrSignature, 3},
		{"another day", resign(testTime.Add(-24*time.Hour), "604800", "host"), time.Minute, "", 4},
		{"at the session's end", good(), time.Hour, ErrExpired, 5},
	} {
		now = testTime.Add(c.later)
		_, err := v.Verify(c.r)
		if wantCode(t, err, c.want); server.asked.Load() != c.asked {
			t.Errorf("%s: asked %d times, want %d", c.name, server.asked.Load(), c.asked)
		}
	}
}

// Invented tokens, each a question to the server, hold no more memory than a bounded
// number of them does, and keep nobody out who is known.
func TestManyInventedTokens(t *testing.T) {
	server := newKeyServer(t)
	v := newVerifier(t, testConfig(server.URL))
	good := func() *http.Request { return resign(testTime, "60", "host") }
	if _, err := v.Verify(good()); err != nil {
		t.Fatal(err)
	}
	for range maxAsking {
		v.keys.slots <- struct{}{} // the server is slow
	}
	invented := func(i int) *http.Request {
		r := good()
		r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "Security-Token=session", fmt.Sprintf("Security-Token=%d", i), 1)
		return r
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	for i := range maxAsking + maxWaiting { // their senders wait for no answer
		if _, err := v.Verify(invented(i).WithContext(gone)); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	_, err := v.Verify(invented(-1))
	if wantCode(t, err, ErrUnavailable); errors.Is(err, context.Canceled) || len(v.keys.asking) != maxAsking+maxWaiting {
		t.Errorf("%d questions wait: %v", len(v.keys.asking), err)
	}
	if _, err := v.Verify(good()); err != nil {
		t.Errorf("a session that is known: %v", err)
	}
}
