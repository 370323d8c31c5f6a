package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/poolhouse/poolhouse/internal/awsjson"
	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// The actions in policies.
const (
	getClientExtensions = "poolhouse:GetClientExtensions"
	setClientExtensions = "poolhouse:SetClientExtensions"

	maxExtensions = 4 << 10 // bytes of a body
)

// clientExtensions shows and replaces what a client has beyond Cognito, as
// {pool}/{client}/oauth, for those whose access key may.
func (a *App) clientExtensions(api *awsjson.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		extensions, err := a.changeExtensions(api, w, r)
		a.answerJSON(w, r, "client extensions", extensions, err)
	})
}

func (a *App) changeExtensions(api *awsjson.Handler, w http.ResponseWriter, r *http.Request) (*userpool.OAuthExtensions, error) {
	sent, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxExtensions))
	if err != nil {
		return nil, fault.New(fault.InvalidParameter, "The body is too long or broke off.")
	}
	caller, err := api.CallerWith(r, sent, "cognito-idp")
	if err != nil {
		return nil, err
	}
	poolID, clientID := r.PathValue("pool"), r.PathValue("client")
	action := getClientExtensions
	if r.Method == http.MethodPut {
		action = setClientExtensions
	}
	if len(poolID) > maxPoolID {
		return nil, fault.New(fault.InvalidParameter, "pool must be the id of a user pool.")
	}
	if err := caller.Authorize(action, a.pools.ARN(poolID)); err != nil {
		return nil, err
	}
	if r.Method == http.MethodPut {
		var e *userpool.OAuthExtensions // stays nil for JSON's null
		d := json.NewDecoder(bytes.NewReader(sent))
		d.DisallowUnknownFields()
		if err := d.Decode(&e); err != nil || e == nil || d.More() {
			return nil, notExtensions(err)
		}
		return e, a.pools.SetClientExtensions(r.Context(), poolID, clientID, *e)
	}
	_, client, err := a.pools.PoolClient(r.Context(), poolID, clientID)
	if err != nil {
		return nil, err
	}
	e := client.Extensions()
	return &e, nil
}

// notExtensions refuses a body that could not be decoded, and names the member that is
// at fault; err is nil where null or more than one value was sent.
func notExtensions(err error) error {
	var mistyped *json.UnmarshalTypeError
	if errors.As(err, &mistyped) && mistyped.Field != "" {
		return fault.New(fault.InvalidParameter, mistyped.Field+" cannot be a "+mistyped.Value+".")
	}
	if err != nil {
		// The decoder has no type for this error, but has always quoted the name.
		if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
			return fault.New(fault.InvalidParameter, "There is no extension "+name+".")
		}
	}
	return fault.New(fault.InvalidParameter, "The body must be a JSON object of extensions, as GET shows them.")
}
