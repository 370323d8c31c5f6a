package userpool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/poolhouse/poolhouse/internal/branding"
	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
)

// Branding is a managed login style: what the login pages of one app client look
// like.
type Branding struct {
	ID         string // a UUID of version 4
	PoolID     string
	ClientID   string
	CreatedAt  time.Time
	ModifiedAt time.Time

	// ProvidedValues says that the style sets nothing itself.
	ProvidedValues bool
	// Settings is what the style sets, nil for nothing; see branding.Apply.
	Settings json.RawMessage
	Assets   []BrandingAsset
}

// BrandingAsset is an image of a style. A style has at most one of a category
// and a color mode; of icons for identity providers, one of a resource id too.
// The first four members have the names and values of the API.
type BrandingAsset struct {
	Category   string
	ColorMode  string
	Extension  string
	ResourceID string `json:"ResourceId,omitzero"`

	Bytes []byte `json:"-"`
	// Image is as in Pools.Image. Size is that of Bytes.
	Image string
	Size  int
}

// BrandingChange is what to set in a style, or in a new one.
type BrandingChange struct {
	// ProvidedValues true takes away all that a style sets. Nil leaves it, but
	// what sets something makes it false.
	ProvidedValues *bool
	// Settings are merged into those that are there; see branding.Merge.
	Settings json.RawMessage
	// Assets replace those in the same place. One without bytes keeps those that
	// are there.
	Assets []BrandingAsset
}

const (
	// maxBrandings is how many styles a pool may have.
	maxBrandings = 20

	// maxAssets is how many images a style may have.
	maxAssets = 40

	// maxAssetBytes is how large the images of a style may be together. Cognito
	// only bounds a request, by 2 MB; this bounds an answer.
	maxAssetBytes = 8 << 20
)

// brandingDoc is the doc column of a style.
type brandingDoc struct {
	ProvidedValues bool            `json:"UseCognitoProvidedValues"`
	Settings       json.RawMessage `json:"Settings,omitzero"`
	Assets         []BrandingAsset `json:"Assets,omitzero"`
}

func brandingNotFound(id string) error {
	return fault.Errorf(fault.ResourceNotFound, "Managed login branding %s does not exist.", id)
}

func brandingExists(clientID string) error {
	return fault.Errorf(fault.ManagedLoginBrandingExists, "A managed login branding already exists for app client %s.", clientID)
}

// CreateBranding gives a client a style. Errors: ResourceNotFoundException,
// InvalidParameterException, ManagedLoginBrandingExistsException,
// LimitExceededException.
func (p *Pools) CreateBranding(ctx context.Context, poolID, clientID string, c BrandingChange) (*Branding, error) {
	id := uuid.NewString()
	doc := &brandingDoc{}
	images, err := doc.apply(poolID, id, c)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("style: %w", err)
	}
	var made *Branding
	err = p.db.Update(ctx, func(tx *store.Tx) error {
		if err := findClient(tx, poolID, clientID); err != nil {
			return err
		}
		switch _, err := tx.BrandingStyleOf(poolID, clientID); {
		case err == nil:
			return brandingExists(clientID)
		case !errors.Is(err, store.ErrNotFound):
			return err
		}
		count, err := tx.CountBrandingStyles(poolID)
		if err != nil {
			return err
		}
		if count >= maxBrandings {
			return fault.Errorf(fault.LimitExceeded, "The maximum number of managed login branding styles, %d, is reached.", maxBrandings)
		}
		row := &store.BrandingStyle{PoolID: poolID, ID: id, ClientID: clientID, Doc: string(text), CreatedAt: tx.Now(), ModifiedAt: tx.Now()}
		if err := tx.InsertBrandingStyle(row); errors.Is(err, store.ErrExists) {
			return brandingExists(clientID)
		} else if err != nil {
			return err
		}
		if err := putImages(tx, images); err != nil {
			return err
		}
		made, err = readBranding(tx, row)
		return err
	})
	if err != nil {
		return nil, err
	}
	return made, nil
}

// UpdateBranding changes a style. Errors: ResourceNotFoundException,
// InvalidParameterException.
func (p *Pools) UpdateBranding(ctx context.Context, poolID, id string, c BrandingChange) (*Branding, error) {
	var changed *Branding
	err := p.db.Update(ctx, func(tx *store.Tx) error {
		row, err := findBranding(tx, poolID, id)
		if err != nil {
			return err
		}
		var doc brandingDoc
		if err := json.Unmarshal([]byte(row.Doc), &doc); err != nil {
			return fmt.Errorf("style %s: %w", id, err)
		}
		before := doc.Assets
		images, err := doc.apply(poolID, id, c)
		if err != nil {
			return err
		}
		text, err := json.Marshal(&doc)
		if err != nil {
			return fmt.Errorf("style %s: %w", id, err)
		}
		row.Doc, row.ModifiedAt = string(text), tx.Now()
		if err := tx.UpdateBrandingStyle(row); err != nil {
			return err
		}
		if err := putImages(tx, images); err != nil {
			return err
		}
		for _, old := range before {
			if !slices.ContainsFunc(doc.Assets, func(a BrandingAsset) bool { return a.Image == old.Image }) {
				if err := tx.DeleteBrandingImage(poolID, old.digest(), id); err != nil {
					return err
				}
			}
		}
		changed, err = readBranding(tx, row)
		return err
	})
	if err != nil {
		return nil, err
	}
	return changed, nil
}

// DeleteBranding takes a style away, or returns ResourceNotFoundException.
func (p *Pools) DeleteBranding(ctx context.Context, poolID, id string) error {
	return p.db.Update(ctx, func(tx *store.Tx) error {
		if _, err := findBranding(tx, poolID, id); err != nil {
			return err
		}
		return tx.DeleteBrandingStyle(poolID, id)
	})
}

// Branding returns a style of a pool, or ResourceNotFoundException.
func (p *Pools) Branding(ctx context.Context, poolID, id string) (*Branding, error) {
	var found *Branding
	err := p.db.View(ctx, func(tx *store.Tx) error {
		row, err := findBranding(tx, poolID, id)
		if err != nil {
			return err
		}
		found, err = readBranding(tx, row)
		return err
	})
	return found, err
}

// BrandingOf returns the style of a client, or ResourceNotFoundException.
func (p *Pools) BrandingOf(ctx context.Context, poolID, clientID string) (*Branding, error) {
	var found *Branding
	err := p.db.View(ctx, func(tx *store.Tx) error {
		if err := findClient(tx, poolID, clientID); err != nil {
			return err
		}
		row, err := tx.BrandingStyleOf(poolID, clientID)
		if errors.Is(err, store.ErrNotFound) {
			return fault.Errorf(fault.ResourceNotFound, "Managed login branding does not exist for app client %s.", clientID)
		}
		if err != nil {
			return err
		}
		found, err = readBranding(tx, row)
		return err
	})
	return found, err
}

// Merged is the settings of the style over the defaults: what the pages look
// like.
func (b *Branding) Merged() (json.RawMessage, error) {
	return branding.Merge(branding.Defaults(), b.Settings)
}

func findBranding(tx *store.Tx, poolID, id string) (*store.BrandingStyle, error) {
	if _, err := findPool(tx, poolID); err != nil {
		return nil, err
	}
	row, err := tx.BrandingStyle(poolID, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, brandingNotFound(id)
	}
	return row, err
}

// readBranding reads a style's row with its images.
func readBranding(tx *store.Tx, row *store.BrandingStyle) (*Branding, error) {
	var doc brandingDoc
	if err := json.Unmarshal([]byte(row.Doc), &doc); err != nil {
		return nil, fmt.Errorf("style %s: %w", row.ID, err)
	}
	images, err := tx.BrandingImages(row.PoolID, row.ID)
	if err != nil {
		return nil, err
	}
	for i := range doc.Assets {
		image := images[doc.Assets[i].digest()]
		if image == nil {
			return nil, fmt.Errorf("style %s: image %s is not there", row.ID, doc.Assets[i].Image)
		}
		doc.Assets[i].Bytes = image.Data
	}
	return &Branding{
		ID: row.ID, PoolID: row.PoolID, ClientID: row.ClientID, CreatedAt: row.CreatedAt, ModifiedAt: row.ModifiedAt,
		ProvidedValues: doc.ProvidedValues, Settings: doc.Settings, Assets: doc.Assets,
	}, nil
}

func putImages(tx *store.Tx, images []*store.BrandingImage) error {
	for _, image := range images {
		if err := tx.PutBrandingImage(image); err != nil {
			return err
		}
	}
	return nil
}

// apply makes a change and returns the images that come with it.
func (d *brandingDoc) apply(poolID, id string, c BrandingChange) ([]*store.BrandingImage, error) {
	sets := c.Settings != nil || len(c.Assets) > 0
	switch {
	case c.ProvidedValues != nil && *c.ProvidedValues && sets:
		return nil, invalid("Settings and Assets must be omitted when UseCognitoProvidedValues is true.")
	case c.ProvidedValues != nil && *c.ProvidedValues:
		*d = brandingDoc{ProvidedValues: true}
		return nil, nil
	case c.ProvidedValues != nil || sets:
		d.ProvidedValues = false
	}
	if c.Settings != nil {
		settings, err := branding.Apply(d.Settings, c.Settings)
		if err != nil {
			return nil, err
		}
		d.Settings = settings
	}
	return d.setAssets(poolID, id, c.Assets)
}

// setAssets puts assets into the style and returns the images of those that have
// bytes.
func (d *brandingDoc) setAssets(poolID, id string, assets []BrandingAsset) ([]*store.BrandingImage, error) {
	var images []*store.BrandingImage
	given := map[assetPlace]bool{}
	d.Assets = slices.Clone(d.Assets)
	for _, a := range assets {
		place := a.place()
		if given[place] {
			return nil, invalid("The asset of category %s and color mode %s is there twice.", a.Category, a.ColorMode)
		}
		given[place] = true
		at := slices.IndexFunc(d.Assets, func(b BrandingAsset) bool { return b.place() == place })
		switch {
		case len(a.Bytes) > 0:
			format, err := branding.CheckAsset(a.Category, a.Extension, a.Bytes)
			if err != nil {
				return nil, err
			}
			image := newImage(poolID, id, format, a.Bytes)
			images = append(images, image)
			a.Image, a.Size, a.Bytes = imageName(image), len(image.Data), nil
		case at >= 0 && d.Assets[at].Extension == a.Extension:
			a.Image, a.Size = d.Assets[at].Image, d.Assets[at].Size
		default:
			return nil, invalid("The asset of category %s and color mode %s has no bytes.", a.Category, a.ColorMode)
		}
		if at >= 0 {
			d.Assets[at] = a
		} else {
			d.Assets = append(d.Assets, a)
		}
	}
	size := 0
	for _, a := range d.Assets {
		size += a.Size
	}
	if len(d.Assets) > maxAssets {
		return nil, invalid("A managed login branding style can have at most %d assets.", maxAssets)
	}
	if size > maxAssetBytes {
		return nil, invalid("The assets of a managed login branding style can have at most %d bytes together.", maxAssetBytes)
	}
	return images, nil
}

// assetPlace is where on the pages an image goes.
type assetPlace struct{ category, colorMode, provider string }

func (a *BrandingAsset) place() assetPlace {
	place := assetPlace{category: a.Category, colorMode: a.ColorMode}
	if a.Category == "IDP_BUTTON_ICON" {
		place.provider = a.ResourceID
	}
	return place
}

func (a *BrandingAsset) digest() string {
	digest, _, _ := strings.Cut(a.Image, ".")
	return digest
}
