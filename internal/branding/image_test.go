package branding

import (
	"bytes"
	"encoding/binary"
	"image"
	imagecolor "image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"testing"
)

const svgHead = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 1 1">`

// picture is an image of a pixel.
func picture(t testing.TB, format Format) []byte {
	t.Helper()
	var b bytes.Buffer
	pixel := image.NewPaletted(image.Rect(0, 0, 1, 1), imagecolor.Palette{imagecolor.Black})
	var err error
	switch format {
	case PNG:
		err = png.Encode(&b, pixel)
	case JPEG:
		err = jpeg.Encode(&b, pixel, nil)
	case GIF:
		err = gif.Encode(&b, pixel, nil)
	case ICO:
		b.Write([]byte{0, 0, 1, 0, 1, 0})
		b.Write(make([]byte, 16))
	case WEBP:
		b.WriteString("RIFF\x08\x00\x00\x00WEBPVP8 ")
	case SVG:
		b.WriteString(svgHead + `<path d="M0 0"/></svg>`)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestSniff(t *testing.T) {
	for _, format := range []Format{PNG, JPEG, GIF, ICO, WEBP, SVG} {
		data := picture(t, format)
		if got := Sniff(data); got != format {
			t.Errorf("%s is taken for %q", format, got)
		}
		if format.MediaType() == "" {
			t.Errorf("%s has no media type", format)
		}
	}
	wide := picture(t, PNG)
	binary.BigEndian.PutUint32(wide[16:], maxPixels+1)
	for name, data := range map[string][]byte{"nothing": nil, "text": []byte("hello"), "a page": []byte("<html></html>"), "a PNG too wide": wide} {
		if got := Sniff(data); got != "" {
			t.Errorf("%s is taken for %q", name, got)
		}
	}
	if Format("exe").MediaType() != "" {
		t.Error("exe has a media type")
	}
}

func TestSVG(t *testing.T) {
	for _, tc := range []struct {
		name, image string
		want        bool
	}{
		{"a drawing", `<?xml version="1.0" encoding="UTF-8"?><!-- x -->` + svgHead + `<defs><linearGradient id="a"><stop offset="1"/></linearGradient></defs><rect fill="url(#a)" style="stroke:url('#a')"/><use xlink:href="#a"/></svg>`, true},
		{"a style", svgHead + `<style>.a{fill:red}</style></svg>`, true},
		{"a note of a drawing program", `<svg xmlns="http://www.w3.org/2000/svg" xmlns:i="http://www.inkscape.org/namespaces/inkscape"><i:view i:x="1"/></svg>`, true},
		{"an embedded image", svgHead + `<image href="data:image/png;base64,AAAA"/></svg>`, true},
		{"a script", svgHead + `<script>alert(1)</script></svg>`, false},
		{"a handler", svgHead + `<path onload="alert(1)"/></svg>`, false},
		{"a handler in capitals", svgHead + `<path OnClick="alert(1)"/></svg>`, false},
		{"a page inside", svgHead + `<foreignObject/></svg>`, false},
		{"a page inside by its space", svgHead + `<h:script xmlns:h="http://www.w3.org/1999/xhtml"/></svg>`, false},
		{"a link", svgHead + `<a href="https://example.com"/></svg>`, false},
		{"a reference elsewhere", svgHead + `<use xlink:href="https://example.com/x.svg#a"/></svg>`, false},
		{"an embedded page", svgHead + `<image href="data:text/html;base64,AAAA"/></svg>`, false},
		{"an animation", svgHead + `<use href="#a"><set attributeName="href" to="javascript:alert(1)"/></use></svg>`, false},
		{"a fetching style", svgHead + `<style>.a{fill:url(https://example.com/x)}</style></svg>`, false},
		{"an import", svgHead + `<style>@IMPORT "x";</style></svg>`, false},
		{"an escaped style", svgHead + `<style>.a{fill:u\72l(x)}</style></svg>`, false},
		{"a fetching attribute", svgHead + `<path fill="url( 'https://example.com/x')"/></svg>`, false},
		{"entities", `<!DOCTYPE svg [<!ENTITY a "b">]>` + svgHead + `</svg>`, false},
		{"a style sheet", `<?xml-stylesheet href="x"?>` + svgHead + `</svg>`, false},
		{"no name space", `<svg></svg>`, false},
		{"not closed", svgHead, false},
		{"not XML", svgHead + `<path></svg>`, false},
		{"another encoding", `<?xml version="1.0" encoding="UTF-7"?>` + svgHead + `</svg>`, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := Sniff([]byte(tc.image)) == SVG; got != tc.want {
				t.Errorf("%s: %t", tc.image, got)
			}
		})
	}
}

func TestCheckLogo(t *testing.T) {
	large := append(picture(t, PNG), make([]byte, MaxLogo)...)
	for _, tc := range []struct {
		name string
		data []byte
		want string
	}{
		{"PNG", picture(t, PNG), ""}, {"JPEG", picture(t, JPEG), ""}, {"GIF", picture(t, GIF), ""},
		{"the largest", large[:MaxLogo], ""},
		{"one byte more", large[:MaxLogo+1], "InvalidParameterException: The image is larger than 102400 bytes."},
		{"SVG", picture(t, SVG), "InvalidParameterException: The image must be a PNG, JPEG or GIF file."},
		{"text", []byte("hello"), "InvalidParameterException: The image must be a PNG, JPEG or GIF file."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := CheckLogo(tc.data); text(err) != tc.want {
				t.Errorf("got  %v\nwant %s", err, tc.want)
			}
		})
	}
}

func TestCheckAsset(t *testing.T) {
	for _, tc := range []struct {
		category, extension string
		format              Format
		want                string
	}{
		{"FAVICON_ICO", "ICO", ICO, ""}, {"FAVICON_SVG", "SVG", SVG, ""}, {"IDP_BUTTON_ICON", "SVG", SVG, ""},
		{"FORM_LOGO", "JPEG", JPEG, ""}, {"PAGE_BACKGROUND", "WEBP", WEBP, ""}, {"FORM_LOGO", "PNG", PNG, ""},
		{"FAVICON_ICO", "SVG", SVG, "The extension of an asset of category FAVICON_ICO must be one of [ICO]."},
		{"FAVICON_SVG", "PNG", PNG, "The extension of an asset of category FAVICON_SVG must be one of [SVG]."},
		{"IDP_BUTTON_ICON", "PNG", PNG, "The extension of an asset of category IDP_BUTTON_ICON must be one of [ICO, SVG]."},
		{"FORM_LOGO", "ICO", ICO, "The extension of an asset of category FORM_LOGO must be one of [PNG, SVG, JPEG, WEBP]."},
		{"FORM_LOGO", "PNG", JPEG, "The bytes of the asset of category FORM_LOGO are not a valid PNG image."},
		{"FORM_LOGO", "PNG", "", "The bytes of the asset of category FORM_LOGO are not a valid PNG image."},
	} {
		want := ""
		if tc.want != "" {
			want = "InvalidParameterException: " + tc.want
		}
		if _, err := CheckAsset(tc.category, tc.extension, picture(t, tc.format)); text(err) != want {
			t.Errorf("%s as %s %s:\ngot  %v\nwant %s", tc.format, tc.category, tc.extension, err, want)
		}
	}
}

func FuzzSniff(f *testing.F) {
	for _, format := range []Format{PNG, JPEG, GIF, ICO, WEBP, SVG} {
		f.Add(picture(f, format))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if format := Sniff(data); format != "" && format.MediaType() == "" {
			t.Errorf("%q has no media type", format)
		}
	})
}
