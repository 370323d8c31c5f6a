package srp

import (
	"crypto/rand"
	"crypto/subtle"
	"math/big"
	"math/bits"
	"sync"
)

const (
	windowBits = 4
	windowSize = 1 << windowBits
	windows    = secretSize * 8 / windowBits
	groupWords = groupSize * 8 / bits.UintSize
)

// fixedBase holds r * g^(d * 16^i) for each window i and digit d. The factor r,
// drawn once per process, makes the entry of digit 0 as wide as the others and
// keeps intermediate values from being predictable; start takes it out again.
type fixedBase struct {
	start *big.Int // r^-windows
	rows  [windows]row
}

type row [windowSize][groupWords]big.Word

// read sets dst to entry digit, reading every entry alike.
func (r *row) read(dst *[groupWords]big.Word, digit byte) {
	clear(dst[:])
	for d := range r {
		mask := -big.Word(subtle.ConstantTimeByteEq(byte(d), digit))
		for j, w := range &r[d] {
			dst[j] |= w & mask
		}
	}
}

// fixedBaseTable takes about 5 ms and 400 kB at its first use, which is why
// process start does not pay for it.
var fixedBaseTable = sync.OnceValue(newFixedBase)

func newFixedBase() *fixedBase {
	r := randomElement()
	t := &fixedBase{start: new(big.Int).Exp(r, big.NewInt(windows), prime)}
	t.start.ModInverse(t.start, prime)
	step := new(big.Int).Set(two) // g^(16^i)
	for i := range t.rows {
		entry := new(big.Int).Set(r)
		for d := range t.rows[i] {
			copy(t.rows[i][d][:], entry.Bits())
			mod(entry.Mul(entry, step))
		}
		step.Exp(step, big.NewInt(windowSize), prime)
	}
	return t
}

// randomElement returns a random invertible element, never 0.
func randomElement() *big.Int {
	for {
		var b [groupSize]byte
		rand.Read(b[:]) // never fails, see crypto/rand
		if n := mod(new(big.Int).SetBytes(b[:])); n.Sign() != 0 {
			return n
		}
	}
}

// expG returns g^e mod N for 0 <= e < 2^256.
func expG(e *big.Int) *big.Int {
	t := fixedBaseTable()
	var digits [secretSize]byte
	e.FillBytes(digits[:])
	acc := new(big.Int).Set(t.start)
	var entry, product, quotient big.Int
	var words [groupWords]big.Word
	for i := range t.rows {
		digit := digits[secretSize-1-i/2] >> (windowBits * (i % 2)) & (windowSize - 1)
		t.rows[i].read(&words, digit)
		product.Mul(acc, entry.SetBits(words[:]))
		quotient.QuoRem(&product, prime, acc)
	}
	return acc
}
