package branding

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image"
	_ "image/gif" // registers the formats that Sniff knows
	_ "image/jpeg"
	_ "image/png"
	"io"
	"slices"
	"strings"
)

// A Format is the kind of an image, as an extension in lower case.
type Format string

// The formats of images.
const (
	PNG  Format = "png"
	JPEG Format = "jpeg"
	GIF  Format = "gif"
	ICO  Format = "ico"
	WEBP Format = "webp"
	SVG  Format = "svg"
)

// MediaType is the media type of the format, or "" for one that does not exist.
func (f Format) MediaType() string {
	switch f {
	case PNG, JPEG, GIF, WEBP:
		return "image/" + string(f)
	case ICO:
		return "image/x-icon"
	case SVG:
		return "image/svg+xml"
	}
	return ""
}

const (
	// MaxLogo is the largest logo of the classic pages, in bytes.
	MaxLogo = 100 << 10

	// maxPixels is the largest width and height of an image: browsers give up
	// soon after, and what unpacks to that would only harm.
	maxPixels = 16384
)

// Sniff tells the format of an image from its bytes, "" where they are none that
// pages can show. An SVG image that would run, load or embed something counts as
// none.
func Sniff(data []byte) Format {
	switch {
	case bytes.HasPrefix(data, []byte{0, 0, 1, 0}) && len(data) >= 22 && data[4]|data[5] != 0:
		return ICO
	case len(data) >= 16 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP":
		return WEBP
	case bytes.HasPrefix(bytes.TrimLeft(bytes.TrimPrefix(data, []byte("\ufeff")), " \t\r\n"), []byte("<")):
		if safeSVG(data) {
			return SVG
		}
		return ""
	}
	config, format, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil || config.Width < 1 || config.Height < 1 || config.Width > maxPixels || config.Height > maxPixels {
		return ""
	}
	return Format(format)
}

// CheckLogo tells the format of a logo of the classic pages: PNG, JPEG or GIF,
// up to MaxLogo. The error is InvalidParameterException.
func CheckLogo(data []byte) (Format, error) {
	if len(data) > MaxLogo {
		return "", invalid("The image is larger than %d bytes.", MaxLogo)
	}
	switch format := Sniff(data); format {
	case PNG, JPEG, GIF:
		return format, nil
	}
	return "", invalid("The image must be a PNG, JPEG or GIF file.")
}

// CheckAsset checks an image of managed login against the category and the
// extension that the caller names, both as in the API. The error is
// InvalidParameterException.
func CheckAsset(category, extension string, data []byte) (Format, error) {
	var may []string
	switch category {
	case "FAVICON_ICO":
		may = []string{"ICO"}
	case "FAVICON_SVG":
		may = []string{"SVG"}
	case "IDP_BUTTON_ICON":
		may = []string{"ICO", "SVG"}
	default:
		may = []string{"PNG", "SVG", "JPEG", "WEBP"}
	}
	if !slices.Contains(may, extension) {
		return "", invalid("The extension of an asset of category %s must be one of [%s].", category, strings.Join(may, ", "))
	}
	format := Sniff(data)
	if strings.ToUpper(string(format)) != extension {
		return "", invalid("The bytes of the asset of category %s are not a valid %s image.", category, extension)
	}
	return format, nil
}

const svgSpace = "http://www.w3.org/2000/svg"

// drawing are the elements of SVG that draw, and nothing else.
var drawing = func() map[string]bool {
	known := map[string]bool{}
	for _, name := range strings.Fields(`svg g defs symbol use title desc metadata style switch view
		path rect circle ellipse line polyline polygon text tspan textPath image marker
		linearGradient radialGradient stop clipPath mask pattern filter
		feBlend feColorMatrix feComponentTransfer feComposite feConvolveMatrix feDiffuseLighting feDisplacementMap
		feDistantLight feDropShadow feFlood feFuncA feFuncB feFuncG feFuncR feGaussianBlur feMerge feMergeNode
		feMorphology feOffset fePointLight feSpecularLighting feSpotLight feTile feTurbulence`) {
		known[name] = true
	}
	return known
}()

// safeSVG says whether data is an SVG image that only draws, and refers to
// nothing but itself.
func safeSVG(data []byte) bool {
	d := xml.NewDecoder(bytes.NewReader(data))
	var open []string
	seen := false
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return seen && len(open) == 0
		}
		if err != nil {
			return false
		}
		switch t := token.(type) {
		case xml.Directive: // a DOCTYPE can declare entities
			return false
		case xml.ProcInst:
			if t.Target != "xml" {
				return false
			}
		case xml.StartElement:
			if !seen && (t.Name.Local != "svg" || t.Name.Space != svgSpace) {
				return false
			}
			seen = true
			if !safeElement(t) {
				return false
			}
			open = append(open, t.Name.Local)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 && open[len(open)-1] == "style" && !safeStyle(string(t)) {
				return false
			}
		}
	}
}

func safeElement(e xml.StartElement) bool {
	switch e.Name.Space {
	case svgSpace:
		if !drawing[e.Name.Local] {
			return false
		}
	case "", "http://www.w3.org/1999/xhtml", "http://www.w3.org/1998/Math/MathML":
		return false
	} // in other spaces they mean nothing to a browser: drawing programs leave notes there
	for _, a := range e.Attr {
		name := strings.ToLower(a.Name.Local)
		switch {
		case strings.HasPrefix(name, "on"):
			return false
		case name == "href" || name == "src":
			if !strings.HasPrefix(a.Value, "#") && !embedded(a.Value) {
				return false
			}
		case a.Name.Space == "xmlns" || name == "xmlns":
		case !safeStyle(a.Value):
			return false
		}
	}
	return true
}

// embedded says whether a reference holds an image of pixels itself.
func embedded(ref string) bool {
	for _, f := range []Format{PNG, JPEG, GIF, WEBP} {
		if strings.HasPrefix(ref, "data:"+f.MediaType()+";base64,") {
			return true
		}
	}
	return false
}

// safeStyle says whether CSS refers to nothing but the image's own parts.
func safeStyle(css string) bool {
	if strings.ContainsAny(css, `\`) || strings.Contains(strings.ToLower(css), "@import") {
		return false
	}
	own := strings.NewReplacer(" ", "", "\t", "", "\n", "", "\r", "", `"`, "", "'", "").Replace(strings.ToLower(css))
	own = strings.ReplaceAll(own, "url(#", "")
	return !fetching.MatchString(own)
}
