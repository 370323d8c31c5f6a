// Package settings reads the settings that Django projects have for Cognito,
// those of django-cognito-jwt and of SimpleJWT, so that a Go service beside or
// after them is configured by the same values.
//
//	s, err := settings.Read(os.LookupEnv)
//	...
//	v, err := verify.New(s.Config)
//	auth, err := middleware.New(v, middleware.Options{
//		UserInfo: s.UserInfo,
//		Users:    &middleware.Users[*Author]{Key: s.Key, Find: find, Create: create},
//	})
//
// What they are here:
//
//	COGNITO_AWS_REGION, COGNITO_USER_POOL  verify.Pool.ID
//	ISSUER                                 verify.Pool.Issuer, in place of the two
//	JWK_URL                                verify.Pool.JWKSURL
//	COGNITO_AUDIENCE or AUDIENCE           verify.Pool.ClientIDs, by commas
//	COGNITO_TOKEN_TYPE                     verify.Pool.Use: access, id, or both by a comma
//	LEEWAY                                 verify.Config.Leeway, seconds
//	COGNITO_PUBLIC_KEYS_CACHING_TIMEOUT    verify.Config.KeyTTL, seconds
//	COGNITO_DOMAIN                         middleware.UserInfo.URL
//	USER_ID_CLAIM                          middleware.Users.Key
//	TOKEN_TYPE_CLAIM                       token_use, the only one Cognito has
//
// Three things differ for those who move. Without an audience django-cognito-jwt
// accepts the tokens of all clients; verify.New refuses such a configuration
// until Pool.AnyClient is set. An access token has no aud: its client is in
// client_id, and is compared with the same setting. And where no token type is
// given, access tokens alone are accepted, while SimpleJWT and
// django-cognito-jwt look at whatever they are sent: set COGNITO_TOKEN_TYPE to
// id if the front end sends ID tokens.
package settings
