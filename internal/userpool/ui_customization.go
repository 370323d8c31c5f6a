package userpool

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/poolhouse/poolhouse/internal/branding"
	"github.com/poolhouse/poolhouse/internal/store"
)

// UICustomization is what the classic login pages of an app client look like.
type UICustomization struct {
	PoolID     string
	ClientID   string // AllClients for those that have none of their own
	CSS        string
	Logo       string // as in Image, "" for none
	CreatedAt  time.Time
	ModifiedAt time.Time
}

// AllClients stands for a client id where something is set for all clients.
const AllClients = "ALL"

// UICustomization returns what is set for a client, or else for AllClients; nil
// for nothing. An empty client id means AllClients. Errors:
// ResourceNotFoundException.
func (p *Pools) UICustomization(ctx context.Context, poolID, clientID string) (*UICustomization, error) {
	var found *UICustomization
	err := p.db.View(ctx, func(tx *store.Tx) error {
		found = nil
		clients, err := checkCustomized(tx, poolID, clientID)
		if err != nil {
			return err
		}
		for _, id := range clients {
			row, err := tx.UICustomization(poolID, id)
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			found, err = readUICustomization(tx, row)
			return err
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// SetUICustomization replaces what is set for a client or for AllClients; empty
// CSS and no logo take it away. It returns what is set now. Errors:
// ResourceNotFoundException, InvalidParameterException.
func (p *Pools) SetUICustomization(ctx context.Context, poolID, clientID, css string, logo []byte) (*UICustomization, error) {
	if clientID == "" {
		clientID = AllClients
	}
	if err := branding.CheckCSS(css); err != nil {
		return nil, err
	}
	var image *store.BrandingImage
	if len(logo) > 0 {
		format, err := branding.CheckLogo(logo)
		if err != nil {
			return nil, err
		}
		image = newImage(poolID, store.UICustomizationOwner(clientID), format, logo)
	}
	set := &UICustomization{PoolID: poolID, ClientID: clientID, CSS: css, Logo: imageName(image)}
	err := p.db.Update(ctx, func(tx *store.Tx) error {
		if _, err := checkCustomized(tx, poolID, clientID); err != nil {
			return err
		}
		domains, err := tx.DomainsOf(poolID)
		if err != nil {
			return err
		}
		if len(domains) == 0 {
			return invalid("There has to be an existing domain associated with this user pool")
		}
		row := &store.UICustomization{PoolID: poolID, ClientID: clientID, CSS: css, CreatedAt: tx.Now(), ModifiedAt: tx.Now()}
		switch old, err := tx.UICustomization(poolID, clientID); {
		case err == nil:
			row.CreatedAt = old.CreatedAt
		case !errors.Is(err, store.ErrNotFound):
			return err
		}
		set.CreatedAt, set.ModifiedAt = row.CreatedAt, row.ModifiedAt
		if css == "" && image == nil {
			return tx.DeleteUICustomization(poolID, clientID)
		}
		if err := tx.DeleteBrandingImages(poolID, store.UICustomizationOwner(clientID)); err != nil {
			return err
		}
		if image != nil {
			row.Logo = image.Digest
			if err := tx.PutBrandingImage(image); err != nil {
				return err
			}
		}
		return tx.PutUICustomization(row)
	})
	if err != nil {
		return nil, err
	}
	return set, nil
}

// checkCustomized returns the client ids whose customizations count for a client,
// the closest first, or ResourceNotFoundException.
func checkCustomized(tx *store.Tx, poolID, clientID string) ([]string, error) {
	if clientID == "" || clientID == AllClients {
		_, err := findPool(tx, poolID)
		return []string{AllClients}, err
	}
	return []string{clientID, AllClients}, findClient(tx, poolID, clientID)
}

// findClient checks inside a transaction that a pool has a client, or returns
// ResourceNotFoundException.
func findClient(tx *store.Tx, poolID, clientID string) error {
	if _, err := findPool(tx, poolID); err != nil {
		return err
	}
	row, err := tx.UserPoolClient(clientID)
	if errors.Is(err, store.ErrNotFound) || err == nil && row.PoolID != poolID {
		return clientNotFound(clientID)
	}
	return err
}

func readUICustomization(tx *store.Tx, row *store.UICustomization) (*UICustomization, error) {
	c := &UICustomization{PoolID: row.PoolID, ClientID: row.ClientID, CSS: row.CSS, CreatedAt: row.CreatedAt, ModifiedAt: row.ModifiedAt}
	if row.Logo != "" {
		image, err := tx.BrandingImage(row.PoolID, row.Logo)
		if err != nil {
			return nil, fmt.Errorf("logo of %s: %w", row.ClientID, err)
		}
		c.Logo = imageName(image)
	}
	return c, nil
}
