package idp

import (
	"context"
	"encoding/base64"

	"github.com/poolhouse/poolhouse/internal/idpapi"
)

// GetSigningCertificate shows a pool's certificate, base64 of DER without PEM
// armour.
func (s *Service) GetSigningCertificate(ctx context.Context, in *idpapi.GetSigningCertificateInput) (*idpapi.GetSigningCertificateOutput, error) {
	der, err := s.pools.SigningCertificate(ctx, in.UserPoolId)
	if err != nil {
		return nil, err
	}
	return &idpapi.GetSigningCertificateOutput{Certificate: base64.StdEncoding.EncodeToString(der)}, nil
}
