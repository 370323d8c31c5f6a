package saml

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/federation/saml/samltest"
)

// prefixes declares n namespaces.
func prefixes(from, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, ` xmlns:p%d="x"`, from+i)
	}
	return b.String()
}

// TestCost bounds what a response costs that proves nothing: anybody may send one,
// and the library goes through it for each certificate. What was measured was two
// gigabytes and five seconds of work for 26 KB.
func TestCost(t *testing.T) {
	const most = 16 << 20 // bytes
	idp := samltest.New(entity, testNow)
	p := provider(t, idp)
	other := provider(t, samltest.New(entity, testNow)).Certificates[0]
	for range 14 { // of the 16 that metadata may have
		p.Certificates = append(p.Certificates, other)
	}
	good := idp.Response(ada())
	forged := strings.Replace(good, `<ds:SignatureValue>`, `<ds:SignatureValue>AAAA`, 1)
	load := func(depth, each int) string {
		var open strings.Builder
		for i := range depth {
			open.WriteString(`<a` + prefixes(i*each, each) + `>`)
		}
		return open.String() + strings.Repeat(`<a/>`, 900) + strings.Repeat(`</a>`, depth)
	}
	for _, depth := range []struct{ levels, each int }{{3, 9}, {25, 1}, {25, 49}} {
		elements := load(depth.levels, depth.each)
		for _, tc := range []struct{ name, response, before string }{
			{"before the signature", forged, signatureBegin},
			{"behind it", forged, `<saml:Subject>`},
			{"in the digest", forged, `</ds:DigestValue>`},
			{"in the canonicalization", forged, `</ds:CanonicalizationMethod>`},
			{"in the certificate", forged, `</ds:KeyInfo>`},
			{"in the response", forged, assertionBegin},
			{"below a good signature", good, `<saml:Subject>`},
		} {
			t.Run(fmt.Sprintf("%d times %d prefixes %s", depth.levels, depth.each, tc.name), func(t *testing.T) {
				response := []byte(strings.Replace(tc.response, tc.before, elements+tc.before, 1))
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				_, err := Verify(response, p, expected())
				runtime.ReadMemStats(&after)
				if !errors.Is(err, ErrSignature) && !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrAlgorithm) {
					t.Errorf("got %v", err)
				}
				if cost := after.TotalAlloc - before.TotalAlloc; cost > most {
					t.Errorf("%d bytes cost %d", len(response), cost)
				}
			})
		}
	}
	// Those who are in many groups sign in nevertheless.
	l := ada()
	l.Attributes = map[string][]string{"groups": strings.Split(strings.Repeat("g,", 600), ",")}
	l.Change = func(a string) string {
		return strings.ReplaceAll(a, `<saml:AttributeValue>`, `<saml:AttributeValue xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="x">`)
	}
	if a, err := Verify([]byte(idp.Response(l)), p, expected()); err != nil || len(a.Attributes["groups"]) != 601 {
		t.Errorf("many groups: %v", err)
	}
}
