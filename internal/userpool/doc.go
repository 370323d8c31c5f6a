// Package userpool holds the rules about user pools, app clients, groups and
// users: which settings go together, what an attribute or a password may be, how
// a user is named and found, which codes are sent and what they do.
//
// Pools keeps pools and clients, cached per node, and groups; Users keeps the
// users of a pool. The operations of internal/idp and the sign-in flows of
// internal/signin both call them; rows live in internal/store, seals in
// internal/keys, texts to users in internal/message. Errors for the caller are
// *fault.Error with Cognito's own texts.
package userpool
