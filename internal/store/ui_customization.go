package store

import "time"

// UICustomization is the row of what the classic pages of one app client look
// like, or those of all clients without a row of their own: userpool has a
// client id for that. Logo is the digest of an image that the row owns (see
// UICustomizationOwner), or "".
type UICustomization struct {
	PoolID     string
	ClientID   string
	CSS        string
	Logo       string
	CreatedAt  time.Time
	ModifiedAt time.Time
}

// UICustomizationOwner owns the logo of a client's customization.
func UICustomizationOwner(clientID string) string { return "ui " + clientID }

// UICustomization returns the customization for a client id, or ErrNotFound.
func (tx *Tx) UICustomization(poolID, clientID string) (*UICustomization, error) {
	var c UICustomization
	var created, modified int64
	err := tx.queryRow(`SELECT pool_id, client_id, css, logo, created_at, modified_at FROM ui_customizations
		WHERE pool_id = $1 AND client_id = $2`, poolID, clientID).
		Scan(&c.PoolID, &c.ClientID, &c.CSS, &c.Logo, &created, &modified)
	if err != nil {
		return nil, notFound(err)
	}
	c.CreatedAt, c.ModifiedAt = fromMillis(created), fromMillis(modified)
	return &c, nil
}

// PutUICustomization adds a customization or replaces all of one but its time of
// creation.
func (tx *Tx) PutUICustomization(c *UICustomization) error {
	_, err := tx.exec(`INSERT INTO ui_customizations (pool_id, client_id, css, logo, created_at, modified_at)
		VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (pool_id, client_id) DO UPDATE SET css = excluded.css, logo = excluded.logo, modified_at = excluded.modified_at`,
		c.PoolID, c.ClientID, c.CSS, c.Logo, millis(c.CreatedAt), millis(c.ModifiedAt))
	return err
}

// DeleteUICustomization removes the customization for a client id with its logo,
// if there is one.
func (tx *Tx) DeleteUICustomization(poolID, clientID string) error {
	if _, err := tx.exec(`DELETE FROM ui_customizations WHERE pool_id = $1 AND client_id = $2`, poolID, clientID); err != nil {
		return err
	}
	return tx.DeleteBrandingImages(poolID, UICustomizationOwner(clientID))
}
