package hosted

import (
	"net/http"

	"github.com/poolhouse/poolhouse/internal/fault"
)

// failures are the sentences for faults by their codes. Those with a detail say what
// the fault says. A fault that is not here is a failure of the server.
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
	fault.InvalidParameter:               "error.input",
	fault.NotAuthorized:                  "error.input",
	fault.PasswordResetRequired:          "error.input",
	fault.ResourceNotFound:               "error.input",
	fault.SoftwareTokenMFANotFound:       "error.input",
	fault.UserLambdaValidation:           "error.input",
	fault.UserNotConfirmed:               "error.input",
	fault.InvalidLambdaResponse:          "error.function",
	fault.UnexpectedLambda:               "error.function",
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
	"User cannot be confirmed. Current status is CONFIRMED":        "confirm.done",
	"User is already confirmed.":                                   "confirm.done",
	"Invalid session for the user.":                                "error.session",
	"Invalid session for the user, session is expired.":            "error.session",
	"Invalid session for the user, session can only be used once.": "error.session",
}

// sentenceOf is the text that tells of a fault and its detail, "" for one that is
// nobody's fault outside.
func sentenceOf(err error) (text, detail string) {
	code, message := fault.CodeOf(err), fault.MessageOf(err)
	if text, ok := sentences[message]; ok {
		return text, ""
	}
	switch text = failures[code]; text {
	case "error.input", "error.function":
		return text, message
	}
	return text, ""
}

// sentence is what a page says about a fault, see sentenceOf.
func (v *visit) sentence(err error) string {
	text, detail := sentenceOf(err)
	if text == "" {
		return ""
	}
	return v.texts.text(text, "detail", detail)
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
			page.Detail = page.T("error.detail", "detail", code)
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
