package userpool

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/poolhouse/poolhouse/internal/branding"
	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
)

// Image returns an image of a pool's login pages and its media type. The name is
// the SHA-256 of the image in hexadecimal digits with the format behind a dot,
// so what a name stands for never changes. Errors: ResourceNotFoundException.
func (p *Pools) Image(ctx context.Context, poolID, name string) (data []byte, mediaType string, err error) {
	if _, err := p.Pool(ctx, poolID); err != nil {
		return nil, "", err
	}
	notFound := fault.New(fault.ResourceNotFound, "There is no such image.")
	digest, format, _ := strings.Cut(name, ".")
	if len(digest) != hex.EncodedLen(sha256.Size) || strings.Trim(digest, "0123456789abcdef") != "" {
		return nil, "", notFound
	}
	var image *store.BrandingImage
	err = p.db.View(ctx, func(tx *store.Tx) (err error) {
		image, err = tx.BrandingImage(poolID, digest)
		return err
	})
	if errors.Is(err, store.ErrNotFound) || err == nil && image.Format != format {
		return nil, "", notFound
	}
	if err != nil {
		return nil, "", fmt.Errorf("load image: %w", err)
	}
	return image.Data, branding.Format(image.Format).MediaType(), nil
}

func newImage(poolID, owner string, format branding.Format, data []byte) *store.BrandingImage {
	sum := sha256.Sum256(data)
	return &store.BrandingImage{PoolID: poolID, Digest: hex.EncodeToString(sum[:]), Owner: owner, Format: string(format), Data: data}
}

// imageName is the name of an image, "" for none.
func imageName(i *store.BrandingImage) string {
	if i == nil {
		return ""
	}
	return i.Digest + "." + i.Format
}
