package keys

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
)

// certificateYears is how long a certificate is valid, from the making of its
// key: whoever pins it must not be surprised.
const certificateYears = 10

// Certificate returns a self-signed X.509 certificate of the key, DER encoded,
// whose subject is the pool. It follows from the key alone, so that all nodes
// give the same one and none has to be kept.
func (k *SigningKey) Certificate() ([]byte, error) {
	digest := sha256.Sum256([]byte(k.ID))
	digest[0] = digest[0]&0x7f | 0x40 // positive, and of one length
	name := pkix.Name{CommonName: k.row.PoolID}
	template := &x509.Certificate{
		SerialNumber:          new(big.Int).SetBytes(digest[:16]), // RFC 5280, section 4.1.2.2: 20 bytes at most
		Subject:               name,
		Issuer:                name,
		NotBefore:             k.row.CreatedAt.UTC(),
		NotAfter:              k.row.CreatedAt.UTC().AddDate(certificateYears, 0, 0),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
		SignatureAlgorithm:    x509.SHA256WithRSA, // has no random part
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, k.public, k.private)
	if err != nil {
		return nil, fmt.Errorf("certificate of signing key %s: %w", k.ID, err)
	}
	return der, nil
}
