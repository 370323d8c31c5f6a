// Package geo tells where addresses are, by a file in MaxMind's format that the
// operator gives, such as GeoLite2-City or one of DB-IP.
package geo

import (
	"fmt"
	"math"
	"net/netip"

	"github.com/oschwald/maxminddb-golang/v2"
)

// Place is where an address is, as far as the file knows. Its zero value is
// nowhere.
type Place struct {
	City    string // in English, or ""
	Country string // likewise
	Located bool   // Latitude and Longitude are known, in degrees

	Latitude, Longitude float64
}

// File is an open file. It is safe for concurrent use.
type File struct{ r *maxminddb.Reader }

// Open opens a file, which must be one of cities or countries.
func Open(path string) (*File, error) {
	r, err := maxminddb.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &File{r}, nil
}

// Place says where an address is; nowhere for one that the file does not know or
// that is none.
func (f *File) Place(address string) (Place, error) {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return Place{}, nil //nolint:nilerr // an address that is none is nowhere
	}
	var record struct {
		City     named `maxminddb:"city"`
		Country  named `maxminddb:"country"`
		Location struct {
			Latitude  *float64 `maxminddb:"latitude"`
			Longitude *float64 `maxminddb:"longitude"`
		} `maxminddb:"location"`
	}
	if err := f.r.Lookup(ip.Unmap()).Decode(&record); err != nil {
		return Place{}, fmt.Errorf("look up an address: %w", err)
	}
	p := Place{City: record.City.Names.English, Country: record.Country.Names.English}
	if l := record.Location; l.Latitude != nil && l.Longitude != nil && onEarth(*l.Latitude, *l.Longitude) {
		p.Located, p.Latitude, p.Longitude = true, *l.Latitude, *l.Longitude
	}
	return p, nil
}

type named struct {
	Names struct {
		English string `maxminddb:"en"`
	} `maxminddb:"names"`
}

func onEarth(latitude, longitude float64) bool {
	return math.Abs(latitude) <= 90 && math.Abs(longitude) <= 180 // false for what is no number, too
}

// Close closes the file.
func (f *File) Close() error { return f.r.Close() }

// earthRadius is in kilometres.
const earthRadius = 6371

// Distance is how far two located places are from each other, in kilometres, on a
// globe.
func Distance(a, b Place) float64 {
	const degree = math.Pi / 180
	latitude, longitude := (b.Latitude-a.Latitude)*degree, (b.Longitude-a.Longitude)*degree
	h := math.Pow(math.Sin(latitude/2), 2) +
		math.Cos(a.Latitude*degree)*math.Cos(b.Latitude*degree)*math.Pow(math.Sin(longitude/2), 2)
	return 2 * earthRadius * math.Asin(math.Sqrt(min(1, h)))
}
