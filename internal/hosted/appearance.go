package hosted

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/poolhouse/poolhouse/internal/branding"
	"github.com/poolhouse/poolhouse/internal/oauth"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// appearance is how the pages of a client look: by its style of managed login, or
// on a domain of the first version by the classic customization.
type appearance struct {
	Layout                       layout
	LookVersion                  string // of the style sheet
	Favicon                      string
	Logo, HeaderLogo, FooterLogo picture

	icons map[string]string // of providers, by their names
}

// picture is an image for light pages and one for dark ones. It is not there if
// Light is "".
type picture struct{ Light, Dark string }

// look is an appearance with its style sheet.
type look struct {
	appearance
	sheet  asset
	readAt time.Time
}

// looks keeps what was read for as long as an administrator waits to see a change.
type looks struct {
	mu  sync.Mutex
	all map[string]*look
}

const (
	lookLife = time.Second
	maxLooks = 1000
)

func (l *looks) get(key string, now time.Time) *look {
	l.mu.Lock()
	defer l.mu.Unlock()
	if found := l.all[key]; found != nil && now.Sub(found.readAt).Abs() < lookLife {
		return found
	}
	return nil
}

func (l *looks) put(key string, read *look) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all == nil || len(l.all) >= maxLooks {
		l.all = make(map[string]*look)
	}
	l.all[key] = read
}

// appearance returns the look of a client on a site, nil for pages that are for
// none.
func (p *Pages) appearance(ctx context.Context, site *oauth.Site, poolID string, client *userpool.Client) (*look, error) {
	clientID := ""
	if client != nil {
		clientID = client.ID
	}
	classic := site.Domain.ManagedLoginVersion == 1
	key := fmt.Sprint(classic, poolID, " ", clientID)
	now := p.DB.Now()
	if kept := p.looks.get(key, now); kept != nil {
		return kept, nil
	}
	read, sheet, err := p.readLook(ctx, poolID, clientID, classic)
	if err != nil {
		return nil, fmt.Errorf("look of client %s: %w", clientID, err)
	}
	sum := sha256.Sum256([]byte(sheet))
	read.LookVersion = hex.EncodeToString(sum[:6])
	read.sheet = asset{mediaType: assetTypes["app.css"], plain: []byte(sheet)}
	if read.sheet.small, err = compressed(read.sheet.plain); err != nil {
		return nil, err
	}
	read.readAt = now
	p.looks.put(key, read)
	return read, nil
}

func (p *Pages) readLook(ctx context.Context, poolID, clientID string, classic bool) (*look, string, error) {
	doc := branding.Defaults()
	var style *userpool.Branding
	if clientID != "" && !classic {
		var err error
		style, err = p.Pools.BrandingOf(ctx, poolID, clientID)
		switch {
		case isNotFound(err): // Cognito shows no page then; the defaults do no harm
		case err != nil:
			return nil, "", err
		default:
			if doc, err = style.Merged(); err != nil {
				return nil, "", err
			}
		}
	}
	read := &look{}
	var err error
	if read.Layout, err = readLayout(doc); err != nil {
		return nil, "", err
	}
	sheet, err := properties(doc, read.Layout.Scheme)
	if err != nil {
		return nil, "", err
	}
	if style != nil {
		sheet += read.useAssets(poolID, style.Assets)
	}
	if classic {
		custom, err := p.Pools.UICustomization(ctx, poolID, clientID)
		if err != nil {
			return nil, "", err
		}
		if custom != nil {
			sheet += custom.CSS
			read.Logo = picture{Light: imagePath(poolID, custom.Logo)}
		}
	}
	return read, sheet, nil
}

func imagePath(poolID, image string) string {
	if image == "" {
		return ""
	}
	return "/_poolhouse/images/" + poolID + "/" + image
}

// backgrounds are what images of a category lie behind.
var backgrounds = map[string]string{
	"PAGE_BACKGROUND":        "body",
	"PAGE_HEADER_BACKGROUND": "header.band",
	"PAGE_FOOTER_BACKGROUND": "footer.band",
	"FORM_BACKGROUND":        ".card",
}

// useAssets puts the images of a style where they belong and returns the rules for
// those that lie behind something.
func (a *appearance) useAssets(poolID string, assets []userpool.BrandingAsset) string {
	var rules strings.Builder
	for _, asset := range assets {
		at, mode := imagePath(poolID, asset.Image), asset.ColorMode
		if fixed := a.Layout.Scheme; fixed == schemeLight || fixed == schemeDark {
			if mode != string(fixed) && mode != string(schemeDynamic) {
				continue // it is of the scheme that nobody sees
			}
			mode = string(schemeDynamic)
		}
		switch asset.Category {
		case "FORM_LOGO":
			a.Logo.set(mode, at, a.Layout.Logo)
		case "PAGE_HEADER_LOGO":
			a.HeaderLogo.set(mode, at, a.Layout.HeaderLogo)
		case "PAGE_FOOTER_LOGO":
			a.FooterLogo.set(mode, at, a.Layout.FooterLogo)
		case "FAVICON_ICO", "FAVICON_SVG":
			if a.Favicon == "" || asset.Category == "FAVICON_SVG" {
				a.Favicon = at
			}
		case "IDP_BUTTON_ICON":
			if a.Layout.ProviderIcons && asset.ResourceID != "" {
				if a.icons == nil {
					a.icons = make(map[string]string)
				}
				a.icons[asset.ResourceID] = at
			}
		default:
			if behind := backgrounds[asset.Category]; behind != "" && a.shows(asset.Category) {
				rule := behind + "{background-image:url(" + at + ");background-size:cover;background-position:center}"
				if mode == string(schemeDark) {
					rule = "@media (prefers-color-scheme:dark){" + rule + "}"
				}
				rules.WriteString(rule + "\n")
			}
		}
	}
	return rules.String()
}

func (a *appearance) shows(category string) bool {
	switch category {
	case "PAGE_BACKGROUND":
		return a.Layout.PageImage
	case "FORM_BACKGROUND":
		return a.Layout.FormImage
	}
	return true // the bands are shown or not as a whole
}

func (p *picture) set(mode, at string, shown bool) {
	switch {
	case !shown:
	case mode == "DARK":
		p.Dark = at
		if p.Light == "" {
			p.Light = at
		}
	default:
		p.Light = at
	}
}
