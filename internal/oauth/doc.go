// Package oauth serves the OAuth 2.0 and OpenID Connect endpoints of user pools:
// /oauth2/authorize, /oauth2/token, /oauth2/userInfo, /oauth2/revoke, /oauth2/register
// and /logout, at the domains of the pools; beyond Cognito /oauth2/par,
// /oauth2/introspect and /oauth2/device_authorization. Where the facts about Cognito
// are silent, RFC 6749, 7009, 7636, 8628, 8707, 9449, 9700 and OpenID Connect Core 1.0
// decide.
//
// # Where a request belongs
//
// Server.Route finds the pool by the host name or by the path
// /_domain/<domain>/..., and puts the Site into the request's context: everything
// behind it sees the paths of Cognito (/login, /oauth2/token), whatever is before
// them. A path that goes to a browser begins with Site.Base.
//
// # An authorization request and its pages
//
// The parameters of an authorization request travel in the query of every page
// that belongs to it, as in Cognito, and are checked anew on each: /login?... can
// be a bookmark, nothing is kept for people who never sign in, and any node can
// serve the next page. What cannot travel so, since a client pushed it or a state
// must be short, is kept in the database (Server.Keep, Server.Kept).
//
//	/oauth2/authorize ── no session, or it may not be used ──> /login?<the same query>
//	        │                                                    │ (internal/hosted)
//	   a session                                            proofs of identity
//	        │                                                    │
//	        └──────────────> Complete <──────────────────────────┘
//	                            │
//	                 redirect_uri?code=...&state=...
//
// A page begins with
//
//	p := server.Pending(w, r)
//	if p == nil {
//		return // refused, and answered
//	}
//
// draws its forms and links with p.Path("/signup") and the like, which carry the
// request, and drives a sign-in of p.Client in p.Pool. When that is done it calls
// Server.Complete, which begins the browser's session (the cookie), and redirects
// to the client with a code or tokens. Server.Session is the browser's session, for
// pages that offer to go on as the user of it; Server.Continue does that.
// Server.Refuse sends the user back to the client with an error.
//
// # Devices
//
// What a device without a browser asks for waits in the database, under keyed hashes
// of its device code and its user code. Whoever has typed the latter (EnterUserCode)
// is led through the same pages as by an authorization request: Pending.Device says
// that there is a device behind it, and the query has a sealed name of it and
// nothing else. Complete and Continue lead to the page that asks for consent, which
// the session that they began or took over alone may answer (DeviceSession, Decide).
// The device meanwhile polls the token endpoint.
//
// # Proofs of possession
//
// The token endpoint proves the key of a client (DPoP) before any grant sees the
// request, and keeps its thumbprint in the context: a grant passes thumbprintOf on
// into the tokens that it gives. Where a client must prove a key, package token gives
// no others, so that a grant which forgets that gives none.
//
// # Sessions of browsers
//
// The cookie is sealed and bound to its pool: user, methods, and the time of the
// last interactive sign-in, from which it lasts one hour (or as long as the client
// allows where the pool tracks sessions) and never slides. /logout and an
// administrator end it on all nodes, not just in the browser. A client that wants to
// hear of that has a session of its own through it, by the sid of its ID tokens
// (client_session.go); package backchannel tells it.
//
// # Codes
//
// A code is a random UUID of which the database has a digest, with what was asked,
// sealed. It is good once, for 5 minutes, for its client, redirect_uri and PKCE
// verifier. One that is used again has leaked: the sign-in that it gave is revoked.
package oauth
