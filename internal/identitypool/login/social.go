package login

import (
	"context"
	"net/url"
	"slices"
)

// facebook asks Facebook which app an access token is of, and whose it is.
func (v *Verifier) facebook(ctx context.Context, apps []string, accessToken string) (*Login, error) {
	query := "?fields=id&access_token=" + url.QueryEscape(accessToken)
	var app, user struct {
		ID string `json:"id"`
	}
	if err := v.ask(ctx, "https://graph.facebook.com/app"+query, &app); err != nil {
		return nil, err
	}
	if !slices.Contains(apps, app.ID) {
		return nil, errAudience
	}
	if err := v.ask(ctx, "https://graph.facebook.com/me"+query, &user); err != nil {
		return nil, err
	}
	return &Login{Subject: user.ID, Audience: app.ID}, nil
}

// amazon asks Login with Amazon which client an access token is of, and whose it
// is.
func (v *Verifier) amazon(ctx context.Context, clients []string, accessToken string) (*Login, error) {
	var info struct {
		Audience string `json:"aud"`
		UserID   string `json:"user_id"`
	}
	if err := v.ask(ctx, "https://api.amazon.com/auth/o2/tokeninfo?access_token="+url.QueryEscape(accessToken), &info); err != nil {
		return nil, err
	}
	if !slices.Contains(clients, info.Audience) {
		return nil, errAudience
	}
	return &Login{Subject: info.UserID, Audience: info.Audience}, nil
}
