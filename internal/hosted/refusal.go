package hosted

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/poolhouse/poolhouse/internal/keys"
)

// refusal is why a form was refused. The answer to such a form is a redirect to its
// page, so that going back and reloading do no harm; what the page then says is in
// its address, sealed and bound to the browser. So each tab has its own, nothing is
// kept, and nobody can make others read it.
type refusal struct {
	Text      string            `json:"t"`           // the key of the sentence
	Detail    string            `json:"d,omitempty"` // in it
	Field     string            `json:"w,omitempty"` // the one that was wrong, by its name
	Typed     map[string]string `json:"v,omitempty"` // what the form shows again, never a secret
	ExpiresAt int64             `json:"e"`           // unix milliseconds
}

const (
	refusalParameter              = "failed"
	refusalPurpose   keys.Purpose = "page-failure"
	refusalLife                   = 10 * time.Minute
	maxRefusal                    = 2048 // characters: the bound of parameters, see package oauth
	maxRefusalText                = 1400 // bytes that, sealed, are within it
	maxRefusalDetail              = 200  // characters; written in JSON they leave room for the rest
)

// refuse leads a form that was wrong to a page that says so. A fault that is nobody's
// outside is returned.
func (v *visit) refuse(page string, wrong error) error {
	text, detail := sentenceOf(wrong)
	if text == "" {
		return wrong
	}
	if long := []rune(detail); len(long) > maxRefusalDetail {
		detail = string(long[:maxRefusalDetail]) + "…"
	}
	sealed, err := v.sealRefusal(refusal{Text: text, Detail: detail, Field: wrongFieldOf(wrong)})
	if err != nil {
		return err
	}
	set := map[string]string{refusalParameter: sealed}
	for _, name := range partParameters {
		if value := v.r.URL.Query().Get(name); value != "" {
			set[name] = value
		}
	}
	return v.see(v.pathWith(page, set))
}

// wasTyped says whether a field was in the form that was refused.
func (v *visit) wasTyped(name string) bool {
	if v.refusal == nil {
		return false
	}
	_, typed := v.refusal.Typed[name]
	return typed
}

// sealRefusal seals a refusal with what was typed: of much the name alone.
func (v *visit) sealRefusal(why refusal) (string, error) {
	why.ExpiresAt = v.pages.DB.Now().Add(refusalLife).UnixMilli()
	all := v.typed()
	var plain []byte
	for _, typed := range []map[string]string{all, {"username": all["username"]}, nil} {
		var err error
		why.Typed = typed
		if plain, err = json.Marshal(why); err != nil {
			return "", err
		}
		if len(plain) <= maxRefusalText {
			break
		}
	}
	return v.pages.Ring.Seal(refusalPurpose, plain, v.pool.ID, v.guardSecret())
}

// typed is what was typed and is no secret.
func (v *visit) typed() map[string]string {
	typed := map[string]string{}
	for name := range v.r.PostForm {
		most := maxValue
		switch {
		case name == "username":
			most = maxName
		case name == userCodeField:
			most = maxCode
		case !strings.HasPrefix(name, attributePrefix):
			continue
		}
		typed[name] = v.field(name, most)
	}
	return typed
}

// readRefusal is what the page is to say of a form, nil for nothing.
func (v *visit) readRefusal() *refusal {
	sealed := v.r.URL.Query().Get(refusalParameter)
	if sealed == "" || len(sealed) > maxRefusal || v.r.Method == http.MethodPost {
		return nil
	}
	for _, secret := range v.guardSecrets() {
		plain, err := v.pages.Ring.Open(refusalPurpose, sealed, v.pool.ID, secret)
		if err != nil {
			continue
		}
		var why refusal
		if json.Unmarshal(plain, &why) == nil && v.pages.DB.Now().UnixMilli() < why.ExpiresAt {
			return &why
		}
	}
	return nil
}
