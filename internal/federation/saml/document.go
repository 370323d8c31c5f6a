package saml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/beevik/etree"
)

const (
	// MaxResponse is the most bytes of a response.
	MaxResponse = 100_000 // "Quotas in Amazon Cognito" of the developer guide

	maxDepth      = 32
	maxElements   = 1_000 // as goxmldsig, which copies all prefixes in scope at each
	maxPrefixes   = 32    // in scope, those declared again included
	maxAttributes = 50    // of an element

	protocolSpace  = "urn:oasis:names:tc:SAML:2.0:protocol"
	assertionSpace = "urn:oasis:names:tc:SAML:2.0:assertion"
	signatureSpace = "http://www.w3.org/2000/09/xmldsig#"
)

// document is a response, of which nothing may be believed.
type document struct {
	response, assertion *etree.Element
	ofResponse          *etree.Element // its signature, or nil
	ofAssertion         *etree.Element // its signature, or nil
}

// parse reads a response and sees to it that it has the shape of one.
func parse(text []byte) (*document, error) {
	if err := scan(text); err != nil {
		return nil, err
	}
	tree := etree.NewDocument()
	if err := tree.ReadFromBytes(text); err != nil {
		return nil, ErrMalformed
	}
	d := &document{response: tree.Root()}
	if !is(d.response, protocolSpace, "Response") {
		return nil, ErrMalformed
	}
	if err := d.collect(d.response, map[string]bool{}); err != nil {
		return nil, err
	}
	if d.assertion == nil {
		return nil, ErrMalformed
	}
	for _, s := range []struct{ signature, parent *etree.Element }{{d.ofResponse, d.response}, {d.ofAssertion, d.assertion}} {
		if s.signature == nil {
			continue
		}
		if err := checkSignature(s.signature, attribute(s.parent, "ID")); err != nil {
			return nil, err
		}
	}
	if d.ofResponse == nil && d.ofAssertion == nil {
		return nil, ErrSignature
	}
	return d, nil
}

// collect finds the assertion and the signatures in an element, and refuses those
// that stand where none belongs: everything that could be taken for another is an
// attack on whoever looks for it in another way (signature wrapping).
func (d *document) collect(el *etree.Element, ids map[string]bool) error {
	for _, a := range el.Attr {
		if !strings.EqualFold(a.Key, "ID") {
			continue
		}
		if a.Value == "" || ids[a.Value] {
			return ErrMalformed
		}
		ids[a.Value] = true
	}
	switch {
	case is(el, assertionSpace, "EncryptedAssertion"), is(el, assertionSpace, "EncryptedID"), is(el, assertionSpace, "EncryptedAttribute"):
		return ErrEncrypted
	case is(el, protocolSpace, "Response"):
		if el != d.response {
			return ErrMalformed
		}
	case is(el, assertionSpace, "Assertion"):
		if d.assertion != nil || el.Parent() != d.response {
			return ErrMalformed
		}
		d.assertion = el
	case is(el, signatureSpace, "Signature"):
		of := &d.ofResponse
		if el.Parent() != d.response {
			of = &d.ofAssertion
		}
		if *of != nil || el.Parent() != d.response && (d.assertion == nil || el.Parent() != d.assertion) {
			return ErrMalformed
		}
		*of = el
	}
	for _, child := range el.ChildElements() {
		if err := d.collect(child, ids); err != nil {
			return err
		}
	}
	return nil
}

// scan refuses what is too large, too deep or not well formed, and what SAML has
// no use for, before anything is built of it. The tokens are raw, so that it sees
// names as they are written.
func scan(text []byte) error {
	if len(text) == 0 || len(text) > MaxResponse || !utf8.Valid(text) {
		return ErrMalformed
	}
	decoder := xml.NewDecoder(bytes.NewReader(text))
	var open []xml.Name
	var prefixes []int // up to each element that is open
	for elements := 0; ; {
		start := decoder.InputOffset()
		token, err := decoder.RawToken()
		if errors.Is(err, io.EOF) {
			if len(open) > 0 || elements == 0 {
				return ErrMalformed
			}
			return nil
		}
		if err != nil {
			return ErrMalformed
		}
		switch token := token.(type) {
		case xml.StartElement:
			if elements++; elements > maxElements || len(open) >= maxDepth || len(open) == 0 && elements > 1 || !plain(token) {
				return ErrMalformed
			}
			inScope := declared(token)
			if len(open) > 0 {
				inScope += prefixes[len(open)-1]
			}
			if inScope > maxPrefixes {
				return ErrMalformed
			}
			open, prefixes = append(open, token.Name), append(prefixes[:len(open)], inScope)
		case xml.EndElement:
			if len(open) == 0 || open[len(open)-1] != token.Name {
				return ErrMalformed
			}
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) == 0 && len(bytes.TrimSpace(token)) > 0 {
				return ErrMalformed
			}
		case xml.ProcInst:
			if token.Target != "xml" || start != 0 {
				return ErrMalformed
			}
		default: // comments cut texts in two, document types bring entities
			return ErrMalformed
		}
	}
}

// plain says whether an element has names that all readers of XML understand in
// the same way.
func plain(el xml.StartElement) bool {
	if len(el.Attr) > maxAttributes || !plainName(el.Name) {
		return false
	}
	seen := make(map[xml.Name]bool, len(el.Attr))
	for _, a := range el.Attr {
		if !plainName(a.Name) || seen[a.Name] {
			return false
		}
		seen[a.Name] = true
		// No declaration of a namespace makes xml or xmlns another one, or undoes a
		// prefix.
		if a.Name.Space == "xmlns" && (a.Name.Local == "xml" || a.Name.Local == "xmlns" || a.Value == "") {
			return false
		}
	}
	return true
}

// declared is how many namespaces an element declares.
func declared(el xml.StartElement) (n int) {
	for _, a := range el.Attr {
		if a.Name.Space == "xmlns" || a.Name.Space == "" && a.Name.Local == "xmlns" {
			n++
		}
	}
	return n
}

func plainName(n xml.Name) bool { return n.Local != "" && !strings.Contains(n.Space+n.Local, ":") }

// is says whether an element has a name.
func is(el *etree.Element, space, tag string) bool {
	return el != nil && el.Tag == tag && el.NamespaceURI() == space
}

// children are the child elements of a name.
func children(el *etree.Element, space, tag string) []*etree.Element {
	var found []*etree.Element
	for _, child := range el.ChildElements() {
		if is(child, space, tag) {
			found = append(found, child)
		}
	}
	return found
}

// only is the one child element of a name; nil if there are none or several.
func only(el *etree.Element, space, tag string) *etree.Element {
	if found := children(el, space, tag); len(found) == 1 {
		return found[0]
	}
	return nil
}

// attribute is the value of an attribute without a namespace, "" if it is absent.
func attribute(el *etree.Element, name string) string {
	for _, a := range el.Attr {
		if a.Space == "" && a.Key == name {
			return a.Value
		}
	}
	return ""
}

// space is what XML has for it. Others, as the no-break space, are of a text.
const space = " \t\r\n"

// content is the text of an element, all of it, without space around it; ok says
// that there is nothing but text.
func content(el *etree.Element) (text string, ok bool) {
	text, ok = exactly(el)
	return strings.Trim(text, space), ok
}

// exactly is content with the space around it.
func exactly(el *etree.Element) (text string, ok bool) {
	var b strings.Builder
	for _, child := range el.Child {
		data, isText := child.(*etree.CharData)
		if !isText {
			return "", false
		}
		b.WriteString(data.Data)
	}
	return b.String(), true
}
