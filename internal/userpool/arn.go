package userpool

import (
	"strings"

	"github.com/poolhouse/poolhouse/internal/arn"
)

// ARN is the Amazon Resource Name of a pool, which policies and tags name it by.
func (p *Pools) ARN(poolID string) string {
	region, _, _ := strings.Cut(poolID, "_")
	return arn.New("cognito-idp", region, p.accountID, "userpool/"+poolID)
}
