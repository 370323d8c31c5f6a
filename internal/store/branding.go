package store

import (
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"time"
)

// BrandingStyle is the row of a managed login style; Doc is its configuration as
// userpool writes it. The images it names are BrandingImages that its ID owns.
type BrandingStyle struct {
	PoolID     string
	ID         string
	ClientID   string
	Doc        string
	CreatedAt  time.Time
	ModifiedAt time.Time
}

// BrandingImage is an image of the login pages. Digest is the SHA-256 of Data, in
// hexadecimal digits; Owner is what uses it.
type BrandingImage struct {
	PoolID string
	Digest string
	Owner  string
	Format string
	Data   []byte
}

const styleColumns = `pool_id, id, client_id, doc, created_at, modified_at`

func scanBrandingStyle(row interface{ Scan(...any) error }) (*BrandingStyle, error) {
	var s BrandingStyle
	var created, modified int64
	if err := row.Scan(&s.PoolID, &s.ID, &s.ClientID, &s.Doc, &created, &modified); err != nil {
		return nil, notFound(err)
	}
	s.CreatedAt, s.ModifiedAt = fromMillis(created), fromMillis(modified)
	return &s, nil
}

// BrandingStyle returns a style of a pool, or ErrNotFound.
func (tx *Tx) BrandingStyle(poolID, id string) (*BrandingStyle, error) {
	return scanBrandingStyle(tx.queryRow(`SELECT `+styleColumns+` FROM branding_styles WHERE pool_id = $1 AND id = $2`, poolID, id))
}

// BrandingStyleOf returns the style of a client, or ErrNotFound.
func (tx *Tx) BrandingStyleOf(poolID, clientID string) (*BrandingStyle, error) {
	return scanBrandingStyle(tx.queryRow(`SELECT `+styleColumns+` FROM branding_styles
		WHERE pool_id = $1 AND client_id = $2`, poolID, clientID))
}

// CountBrandingStyles counts the styles of a pool.
func (tx *Tx) CountBrandingStyles(poolID string) (int, error) {
	var n int
	err := tx.queryRow(`SELECT COUNT(*) FROM branding_styles WHERE pool_id = $1`, poolID).Scan(&n)
	return n, err
}

// InsertBrandingStyle adds a style; a second one of a client gives ErrExists.
func (tx *Tx) InsertBrandingStyle(s *BrandingStyle) error {
	n, err := tx.exec(`INSERT INTO branding_styles (`+styleColumns+`) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
		s.PoolID, s.ID, s.ClientID, s.Doc, millis(s.CreatedAt), millis(s.ModifiedAt))
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrExists
	}
	return nil
}

// UpdateBrandingStyle replaces the configuration and time of change.
func (tx *Tx) UpdateBrandingStyle(s *BrandingStyle) error {
	return mustAffect(tx.exec(`UPDATE branding_styles SET doc = $3, modified_at = $4 WHERE pool_id = $1 AND id = $2`,
		s.PoolID, s.ID, s.Doc, millis(s.ModifiedAt)))
}

// DeleteBrandingStyle removes a style with its images.
func (tx *Tx) DeleteBrandingStyle(poolID, id string) error {
	if err := mustAffect(tx.exec(`DELETE FROM branding_styles WHERE pool_id = $1 AND id = $2`, poolID, id)); err != nil {
		return err
	}
	return tx.DeleteBrandingImages(poolID, id)
}

// PutBrandingImage adds an image, unless its owner has it already.
func (tx *Tx) PutBrandingImage(i *BrandingImage) error {
	_, err := tx.exec(`INSERT INTO branding_images (pool_id, digest, owner, format, data) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
		i.PoolID, i.Digest, i.Owner, i.Format, base64.StdEncoding.EncodeToString(i.Data))
	return err
}

// BrandingImage returns the image of a pool with the digest, whoever owns it, or
// ErrNotFound.
func (tx *Tx) BrandingImage(poolID, digest string) (*BrandingImage, error) {
	return scanBrandingImage(tx.queryRow(`SELECT pool_id, digest, owner, format, data FROM branding_images
		WHERE pool_id = $1 AND digest = $2 ORDER BY owner LIMIT 1`, poolID, digest))
}

// BrandingImages returns the images of an owner, by digest.
func (tx *Tx) BrandingImages(poolID, owner string) (map[string]*BrandingImage, error) {
	rows, err := tx.query(`SELECT pool_id, digest, owner, format, data FROM branding_images WHERE pool_id = $1 AND owner = $2`, poolID, owner)
	images, err := collect(rows, err, func(r *sql.Rows) (*BrandingImage, error) { return scanBrandingImage(r) })
	byDigest := make(map[string]*BrandingImage, len(images))
	for _, i := range images {
		byDigest[i.Digest] = i
	}
	return byDigest, err
}

// DeleteBrandingImage removes an image of an owner.
func (tx *Tx) DeleteBrandingImage(poolID, digest, owner string) error {
	_, err := tx.exec(`DELETE FROM branding_images WHERE pool_id = $1 AND digest = $2 AND owner = $3`, poolID, digest, owner)
	return err
}

// DeleteBrandingImages removes all images of an owner.
func (tx *Tx) DeleteBrandingImages(poolID, owner string) error {
	_, err := tx.exec(`DELETE FROM branding_images WHERE pool_id = $1 AND owner = $2`, poolID, owner)
	return err
}

func scanBrandingImage(row interface{ Scan(...any) error }) (*BrandingImage, error) {
	var i BrandingImage
	var data string
	err := row.Scan(&i.PoolID, &i.Digest, &i.Owner, &i.Format, &data)
	if err != nil {
		return nil, notFound(err)
	}
	if i.Data, err = base64.StdEncoding.DecodeString(data); err != nil {
		return nil, fmt.Errorf("image %s of pool %s: %w", i.Digest, i.PoolID, err)
	}
	return &i, nil
}

// deleteLook removes what there is about the login pages of a client: its
// customization, its style and its terms.
func (tx *Tx) deleteLook(poolID, clientID string) error {
	if err := tx.DeleteUICustomization(poolID, clientID); err != nil {
		return err
	}
	style, err := tx.BrandingStyleOf(poolID, clientID)
	if err == nil {
		err = tx.DeleteBrandingStyle(poolID, style.ID)
	}
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	_, err = tx.exec(`DELETE FROM terms WHERE pool_id = $1 AND client_id = $2`, poolID, clientID)
	return err
}
