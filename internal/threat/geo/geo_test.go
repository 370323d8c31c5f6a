package geo

import (
	"encoding/binary"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
)

// The parts of MaxMind's format (https://maxmind.github.io/MaxMind-DB/) that a
// file of few networks needs.

func text(s string) []byte { return append([]byte{2<<5 | byte(len(s))}, s...) }

func double(f float64) []byte {
	return binary.BigEndian.AppendUint64([]byte{3<<5 | 8}, math.Float64bits(f))
}

func number(kind byte, n uint32) []byte {
	if kind > 7 {
		return binary.BigEndian.AppendUint32([]byte{4, kind - 7}, n)
	}
	if kind == 5 {
		return []byte{kind<<5 | 2, byte(n >> 8), byte(n)}
	}
	return binary.BigEndian.AppendUint32([]byte{kind<<5 | 4}, n)
}

func dict(pairs ...any) []byte {
	b := []byte{7<<5 | byte(len(pairs)/2)}
	for i := 0; i < len(pairs); i += 2 {
		b = append(append(b, text(pairs[i].(string))...), pairs[i+1].([]byte)...)
	}
	return b
}

// write makes a file in which each network of IPv4 has a record.
func write(t *testing.T, records map[string][]byte) string {
	t.Helper()
	const empty = -1
	tree := [][2]int{{empty, empty}} // children: nodes, or -2-offset of a record
	var data []byte
	for network, record := range records {
		prefix := netip.MustParsePrefix(network)
		bits, node := binary.BigEndian.Uint32(prefix.Addr().AsSlice()), 0
		for i := range prefix.Bits() {
			side := bits >> (31 - i) & 1
			if i == prefix.Bits()-1 {
				tree[node][side] = -2 - len(data)
				break
			}
			if tree[node][side] == empty {
				tree = append(tree, [2]int{empty, empty})
				tree[node][side] = len(tree) - 1
			}
			node = tree[node][side]
		}
		data = append(data, record...)
	}
	var file []byte
	for _, children := range tree {
		for _, c := range children {
			switch {
			case c == empty:
				c = len(tree)
			case c < empty:
				c = len(tree) + 16 - 2 - c
			}
			file = binary.BigEndian.AppendUint32(file, uint32(c))
		}
	}
	file = append(append(file, make([]byte, 16)...), data...)
	file = append(file, "\xab\xcd\xefMaxMind.com"...)
	file = append(file, dict("node_count", number(6, uint32(len(tree))), "record_size", number(5, 32), "ip_version", number(5, 4),
		"binary_format_major_version", number(5, 2), "binary_format_minor_version", number(5, 0), "build_epoch", number(9, 0),
		"database_type", text("City"), "languages", []byte{0, 4}, "description", dict())...)
	path := filepath.Join(t.TempDir(), "places.mmdb")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPlace(t *testing.T) {
	english := func(name string) []byte { return dict("names", dict("de", text("anders"), "en", text(name))) }
	path := write(t, map[string][]byte{
		"198.51.100.0/24": dict("city", english("Berlin"), "country", english("Germany"), "location", dict("latitude", double(52.5), "longitude", double(13.4))),
		"203.0.113.0/25":  dict("country", english("Japan")),
		"192.0.2.0/24":    dict("location", dict("latitude", double(math.NaN()), "longitude", double(999))),
	})
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for address, want := range map[string]Place{
		"198.51.100.200":      {City: "Berlin", Country: "Germany", Located: true, Latitude: 52.5, Longitude: 13.4},
		"::ffff:198.51.100.1": {City: "Berlin", Country: "Germany", Located: true, Latitude: 52.5, Longitude: 13.4},
		"203.0.113.1":         {Country: "Japan"},
		"203.0.113.200":       {},
		"192.0.2.1":           {},
		"no address":          {},
		"":                    {},
	} {
		got, err := f.Place(address)
		if err != nil || got != want {
			t.Errorf("%s is at %+v, %v; want %+v", address, got, err, want)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "places")
	if err := os.WriteFile(path, []byte("no places"), 0o600); err != nil {
		t.Fatal(err)
	}
	if f, err := Open(path); err == nil {
		f.Close()
		t.Error("it was opened")
	}
}

func TestDistance(t *testing.T) {
	berlin, tokyo := Place{Latitude: 52.52, Longitude: 13.405}, Place{Latitude: 35.68, Longitude: 139.69}
	if d := Distance(berlin, tokyo); d < 8900 || d > 8950 {
		t.Errorf("Berlin is %.0f km from Tokyo", d)
	}
	if d := Distance(berlin, berlin); d != 0 {
		t.Errorf("Berlin is %.0f km from itself", d)
	}
	if d := Distance(Place{Latitude: 90}, Place{Latitude: -90}); d < 20_000 || d > 20_030 {
		t.Errorf("the poles are %.0f km apart", d)
	}
}
