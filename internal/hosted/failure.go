package hosted

import (
	"net/http"

	"github.com/poolhouse/poolhouse/internal/fault"
)

// failures are the sentences for faults by their codes. What is not here is told
// in the fault's own words where those are meant for users (said), and is a
// failure of the server otherwise.
var failures = map[fault.Code]string{
	fault.CodeMismatch:                   "error.code",
	fault.ExpiredCode:                    "error.code_expired",
	fault.EnableSoftwareTokenMFA:         "error.code",
	fault.UsernameExists:                 "error.user_exists",
	fault.AliasExists:                    "error.alias_exists",
	fault.InvalidPassword:                "error.password_policy",
	fault.PasswordHistoryPolicyViolation: "error.password_history",
	fault.CodeDeliveryFailure:            "error.delivery",
	fault.LimitExceeded:                  "error.limit",
	fault.TooManyRequests:                "error.limit",
	fault.TooManyFailedAttempts:          "error.limit",
	fault.UserNotFound:                   "error.no_user",
	fault.WebAuthnChallengeNotFound:      "error.session",
	fault.WebAuthnClientMismatch:         "error.session",
	fault.WebAuthnConfigurationMissing:   "error.no_passkeys",
	fault.WebAuthnCredentialNotSupported: "passkey.failed",
	fault.WebAuthnNotEnabled:             "error.no_passkeys",
	fault.WebAuthnOriginNotAllowed:       "passkey.failed",
	fault.WebAuthnRelyingPartyMismatch:   "passkey.failed",
}

// sentences are those for faults whose message says more than the code.
var sentences = map[string]string{
	"Incorrect username or password.":                              "error.incorrect",
	"User does not exist.":                                         "error.incorrect",
	"Password attempts exceeded":                                   "error.locked",
	"User is disabled.":                                            "error.disabled",
	"Contact administrator to reset password.":                     "error.no_reset",
	"User password cannot be reset in the current state.":          "error.no_reset",
	"Your software token has already been used once.":              "error.code_used",
	"Invalid session for the user.":                                "error.session",
	"Invalid session for the user, session is expired.":            "error.session",
	"Invalid session for the user, session can only be used once.": "error.session",
}

// said are the codes of faults whose messages are for whoever filled in the form.
var said = map[fault.Code]bool{
	fault.InvalidParameter: true, fault.UserLambdaValidation: true, fault.NotAuthorized: true,
	fault.UserNotConfirmed: true, fault.PasswordResetRequired: true,
	fault.ResourceNotFound: true, fault.SoftwareTokenMFANotFound: true,
}

// sentence is what a page says about a fault, "" for one that is nobody's fault
// outside.
func (v *visit) sentence(err error) string {
	code, message := fault.CodeOf(err), fault.MessageOf(err)
	if key, ok := sentences[message]; ok {
		return v.texts.text(key)
	}
	if key, ok := failures[code]; ok {
		return v.texts.text(key)
	}
	if said[code] {
		return v.texts.text("error.input", "detail", message)
	}
	return ""
}

// fail answers with the error page.
func (v *visit) fail(status int, key string, pairs ...any) error {
	page, err := v.view()
	if err != nil {
		return err
	}
	page.Failure = v.texts.text(key, pairs...)
	return v.render(status, "error", page)
}

// serverError answers for a failure that is nobody's fault outside.
func (v *visit) serverError(err error) {
	v.pages.Log.ErrorContext(v.r.Context(), "login page", "request_id", v.site.RequestID, "path", v.r.URL.Path, "pool", v.pool.ID, "err", err)
	if v.fail(http.StatusInternalServerError, "error.server") != nil {
		http.Error(v.w, "Internal server error", http.StatusInternalServerError)
	}
}

// showError is /error, where authorization requests end that name nobody who can
// be told.
func (p *Pages) showError(w http.ResponseWriter, r *http.Request) {
	v := p.visit(w, r)
	query := r.URL.Query()
	_, client, err := p.Pools.PoolClient(r.Context(), v.pool.ID, query.Get("client_id"))
	if err == nil {
		v.client = client
	}
	page, err := v.view()
	if err != nil {
		v.serverError(err)
		return
	}
	switch code := query.Get("error"); code {
	case "redirect_mismatch":
		page.Failure = page.T("error.redirect_mismatch")
	case "invalid_client":
		page.Failure = page.T("error.client")
	default:
		page.Failure = page.T("error.request")
		if code != "" && len(code) <= maxDetail {
			page.Notice = page.T("error.detail", "detail", code)
		}
	}
	if err := v.render(http.StatusBadRequest, "error", page); err != nil {
		v.serverError(err)
	}
}

// tooMany answers a request beyond a limit of the site or of a client.
func (p *Pages) tooMany(w http.ResponseWriter, r *http.Request) {
	v := p.visit(w, r)
	if err := v.fail(http.StatusTooManyRequests, "error.limit"); err != nil {
		v.serverError(err)
	}
}

// maxDetail bounds what the error page shows of its address, in bytes.
const maxDetail = 200

func (p *Pages) notFound(w http.ResponseWriter, r *http.Request) {
	v := p.visit(w, r)
	if err := v.fail(http.StatusNotFound, "error.not_found"); err != nil {
		v.serverError(err)
	}
}
