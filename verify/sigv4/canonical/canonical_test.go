package canonical

import (
	"net/url"
	"strings"
	"testing"
)

func TestPath(t *testing.T) {
	for path, want := range map[string]string{
		"": "/", "/": "/", "//": "/", "/..": "/", "/a": "/a", "/a/": "/a/", "/a//b": "/a/b", "/./a/../b": "/b", "/a/..": "/",
		"/a b": "/a%2520b", "/a%2Fb": "/a%252Fb", "/%2e%2e/a": "/%252e%252e/a", "/ä": "/%25C3%25A4", "/a~_.-1": "/a~_.-1",
	} {
		u, err := url.Parse("http://host" + path)
		if err != nil {
			t.Fatal(err)
		}
		if got := Path(u); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
}

func TestQuery(t *testing.T) {
	for raw, want := range map[string]string{
		"": "", "b=2&a=1": "a=1&b=2", "a": "a=", "a=2&a=1": "a=1&a=2", "a=x+y": "a=x%20y", "a=%7e%2f": "a=~%2F",
		"a=1&a-b=2":                  "a=1&a-b=2", // by name, in which = is no character
		"X-Amz-Signature=00&b":       "b=",
		"x-amz-signature=00":         "x-amz-signature=00",
		"%58-Amz-Signature=00&a=%26": "a=%26",
	} {
		if got, ok := Query(raw); !ok || got != want {
			t.Errorf("%s is %s, %t, want %s", raw, got, ok, want)
		}
	}
	for _, raw := range []string{"a=%zz", "a;b", "%"} {
		if got, ok := Query(raw); ok {
			t.Errorf("%s is %s", raw, got)
		}
	}
}

func TestHeader(t *testing.T) {
	for _, c := range []struct {
		values []string
		want   string
	}{
		{[]string{"a"}, "x:a\n"}, {[]string{" \ta  b   c\t "}, "x:a b c\n"}, {[]string{"b", "a"}, "x:b,a\n"}, {[]string{""}, "x:\n"},
		{[]string{"a\t\tb"}, "x:a\t\tb\n"},
	} {
		if got := Header("x", c.values); got != c.want {
			t.Errorf("%q is %q, want %q", c.values, got, c.want)
		}
	}
}

func TestEscape(t *testing.T) {
	var all strings.Builder
	for c := range 128 {
		all.WriteByte(byte(c))
	}
	const want = "%00%01%02%03%04%05%06%07%08%09%0A%0B%0C%0D%0E%0F%10%11%12%13%14%15%16%17%18%19%1A%1B%1C%1D%1E%1F" +
		"%20%21%22%23%24%25%26%27%28%29%2A%2B%2C-.%2F0123456789%3A%3B%3C%3D%3E%3F%40ABCDEFGHIJKLMNOPQRSTUVWXYZ%5B%5C%5D%5E_" +
		"%60abcdefghijklmnopqrstuvwxyz%7B%7C%7D~%7F"
	if got := Escape(all.String()); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}
