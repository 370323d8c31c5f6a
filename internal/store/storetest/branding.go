package storetest

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/store"
)

// look: what the login pages of clients look like, and the terms they link to,
// is kept, found by client, and goes with the client and with the pool.
func look(t *testing.T, db *store.DB) {
	at := time.UnixMilli(1_700_000_000_123).UTC()
	const other = "us-east-1_Other0001"
	update(t, db, addPool(poolID, "pool"))
	put := func(pool, client string) func(*store.Tx) error {
		return func(tx *store.Tx) error {
			return errors.Join(
				tx.InsertUserPoolClient(&store.UserPoolClient{PoolID: pool, ID: pool + client, Doc: "{}", CreatedAt: at, ModifiedAt: at}),
				tx.PutUICustomization(&store.UICustomization{PoolID: pool, ClientID: pool + client, CSS: "css", Logo: "l", CreatedAt: at, ModifiedAt: at}),
				tx.PutBrandingImage(&store.BrandingImage{PoolID: pool, Digest: "l", Owner: store.UICustomizationOwner(pool + client), Format: "png", Data: []byte{0, 255}}),
				tx.InsertBrandingStyle(&store.BrandingStyle{PoolID: pool, ID: "style " + client, ClientID: pool + client, Doc: `{}`, CreatedAt: at, ModifiedAt: at}),
				tx.PutBrandingImage(&store.BrandingImage{PoolID: pool, Digest: "i " + client, Owner: "style " + client, Format: "svg", Data: []byte("<svg/>")}),
				tx.InsertTerms(&store.Terms{PoolID: pool, ID: "terms " + client, ClientID: pool + client, Name: "privacy-policy", Links: `{}`, CreatedAt: at, ModifiedAt: at}),
			)
		}
	}
	update(t, db, put(poolID, "a"))
	update(t, db, put(poolID, "b"))
	update(t, db, put(other, "a"))

	view(t, db, func(tx *store.Tx) error {
		style, err := tx.BrandingStyleOf(poolID, poolID+"a")
		want := &store.BrandingStyle{PoolID: poolID, ID: "style a", ClientID: poolID + "a", Doc: `{}`, CreatedAt: at, ModifiedAt: at}
		if err != nil || !reflect.DeepEqual(style, want) {
			t.Errorf("style %+v, %v", style, err)
		}
		terms, err := tx.TermsOf(poolID, poolID+"a", "privacy-policy")
		if err != nil || terms.ID != "terms a" || !terms.CreatedAt.Equal(at) {
			t.Errorf("terms %+v, %v", terms, err)
		}
		image, err := tx.BrandingImage(poolID, "l")
		if err != nil || !reflect.DeepEqual(image.Data, []byte{0, 255}) || image.Format != "png" {
			t.Errorf("image %+v, %v", image, err)
		}
		list, err := tx.ListTerms(poolID, "terms a", 5)
		if err != nil || len(list) != 1 || list[0].ID != "terms b" {
			t.Errorf("terms behind the first: %v, %v", list, err)
		}
		return nil
	})
	for name, fn := range map[string]func(*store.Tx) error{
		"a second style": func(tx *store.Tx) error {
			return tx.InsertBrandingStyle(&store.BrandingStyle{PoolID: poolID, ID: "more", ClientID: poolID + "a"})
		},
		"terms of the same name": func(tx *store.Tx) error {
			return tx.InsertTerms(&store.Terms{PoolID: poolID, ID: "more", ClientID: poolID + "a", Name: "privacy-policy"})
		},
	} {
		if err := db.Update(t.Context(), fn); !errors.Is(err, store.ErrExists) {
			t.Errorf("%s: %v, want ErrExists", name, err)
		}
	}
	for name, fn := range map[string]func(*store.Tx) error{
		"style": func(tx *store.Tx) error { _, err := tx.BrandingStyle(poolID, "none"); return err },
		"change style": func(tx *store.Tx) error {
			return tx.UpdateBrandingStyle(&store.BrandingStyle{PoolID: poolID, ID: "none"})
		},
		"delete style":  func(tx *store.Tx) error { return tx.DeleteBrandingStyle(poolID, "none") },
		"terms":         func(tx *store.Tx) error { _, err := tx.Terms(poolID, "none"); return err },
		"change terms":  func(tx *store.Tx) error { return tx.UpdateTerms(&store.Terms{PoolID: poolID, ID: "none"}) },
		"delete terms":  func(tx *store.Tx) error { return tx.DeleteTerms(poolID, "none") },
		"customization": func(tx *store.Tx) error { _, err := tx.UICustomization(poolID, "none"); return err },
		"image":         func(tx *store.Tx) error { _, err := tx.BrandingImage(poolID, "none"); return err },
	} {
		if err := db.Update(t.Context(), fn); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s of none: %v, want ErrNotFound", name, err)
		}
	}

	later := at.Add(time.Hour)
	update(t, db, func(tx *store.Tx) error {
		return tx.PutUICustomization(&store.UICustomization{PoolID: poolID, ClientID: poolID + "a", CSS: "new", CreatedAt: later, ModifiedAt: later})
	})
	view(t, db, func(tx *store.Tx) error {
		got, err := tx.UICustomization(poolID, poolID+"a")
		want := &store.UICustomization{PoolID: poolID, ClientID: poolID + "a", CSS: "new", CreatedAt: at, ModifiedAt: later}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("customization %+v, %v", got, err)
		}
		return nil
	})

	update(t, db, func(tx *store.Tx) error { return tx.DeleteUserPoolClient(poolID, poolID+"a") })
	left := func(pool string) (styles, terms, images, customized int) {
		view(t, db, func(tx *store.Tx) error {
			var err1, err2 error
			styles, err1 = tx.CountBrandingStyles(pool)
			terms, err2 = tx.CountTerms(pool)
			for _, client := range []string{"a", "b"} {
				for _, owner := range []string{"style " + client, store.UICustomizationOwner(pool + client)} {
					found, err := tx.BrandingImages(pool, owner)
					if err != nil {
						return err
					}
					images += len(found)
				}
				if _, err := tx.UICustomization(pool, pool+client); err == nil {
					customized++
				}
			}
			return errors.Join(err1, err2)
		})
		return styles, terms, images, customized
	}
	if styles, terms, images, customized := left(poolID); styles != 1 || terms != 1 || images != 2 || customized != 1 {
		t.Errorf("beside a deleted client are %d styles, %d terms, %d images, %d customizations, want 1, 1, 2, 1", styles, terms, images, customized)
	}
	update(t, db, func(tx *store.Tx) error { return tx.DeleteUserPool(poolID) })
	for done := false; !done; {
		update(t, db, func(tx *store.Tx) (err error) {
			done, err = tx.ClearDeletedUserPool(poolID, 3)
			return err
		})
	}
	if styles, terms, images, customized := left(poolID); styles+terms+images+customized != 0 {
		t.Errorf("of a deleted pool are left %d styles, %d terms, %d images, %d customizations", styles, terms, images, customized)
	}
	if styles, terms, images, customized := left(other); styles != 1 || terms != 1 || images != 2 || customized != 1 {
		t.Errorf("of another pool are left %d styles, %d terms, %d images, %d customizations, want 1, 1, 2, 1", styles, terms, images, customized)
	}
}
