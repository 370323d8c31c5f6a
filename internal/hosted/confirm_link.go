package hosted

import (
	"net/http"
	"strings"

	"github.com/poolhouse/poolhouse/internal/fault"
)

// confirmLinkPage is /confirmUser, where the links in messages lead that confirm a
// sign-up: client_id, user_name and confirmation_code, as in Cognito.
type confirmLinkPage struct {
	*view
	Username, Code string
	Confirmed      bool
}

// confirmLink confirms at once, or behind a button where the operator wants one:
// programs that look into mail follow links, but press none.
func (p *Pages) confirmLink(w http.ResponseWriter, r *http.Request) {
	v := p.visit(w, r)
	if err := v.readLink(r.URL.Query().Get, !p.ConfirmButton && r.Method == http.MethodGet && !ahead(r)); err != nil {
		v.serverError(err)
	}
}

// sendConfirmLink takes the button.
func (p *Pages) sendConfirmLink(w http.ResponseWriter, r *http.Request) {
	v := p.visit(w, r)
	if err := p.guarded(func(v *visit) error { return v.readLink(v.r.PostForm.Get, true) })(v); err != nil {
		v.serverError(err)
	}
}

// ahead says whether a browser asks before its user does.
func ahead(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Sec-Purpose"), "prefetch") || r.Header.Get("Purpose") == "prefetch"
}

var errLink = fault.New(fault.InvalidParameter, "The link is not complete. Open it as it stands in the message.")

func (v *visit) readLink(get func(string) string, confirm bool) error {
	page := &confirmLinkPage{Username: get("user_name"), Code: get("confirmation_code")}
	clientID := get("client_id")
	for _, value := range []string{clientID, page.Username, page.Code} {
		if value == "" || len(value) > maxValue {
			return v.showLink(page, errLink)
		}
	}
	_, client, err := v.pages.Pools.PoolClient(v.r.Context(), v.pool.ID, clientID)
	if isNotFound(err) {
		return v.showLink(page, errLink)
	}
	if err != nil {
		return err
	}
	v.client = client
	if confirm {
		_, err = v.pages.Users.ConfirmSignUp(v.ctx(), v.pool, client, page.Username, page.Code, false)
		if text, _ := sentenceOf(err); text == "confirm.done" {
			err = nil // the link was opened before
		}
		page.Confirmed = err == nil
	}
	return v.showLink(page, err)
}

func (v *visit) showLink(page *confirmLinkPage, wrong error) error {
	base, err := v.view()
	if err != nil {
		return err
	}
	page.view = base
	status := http.StatusOK
	switch {
	case wrong == errLink:
		page.Failure = v.texts.text("error.link")
	case wrong != nil:
		if page.Failure = v.sentence(wrong); page.Failure == "" {
			return wrong
		}
	}
	if wrong != nil {
		status = http.StatusBadRequest
	}
	return v.render(status, "confirm_link", page)
}
