// Package branding knows how the login pages may look: the settings document and
// the images of managed login, and the style sheet of the classic pages. It
// checks what administrators send and fills in what they leave out; it keeps
// nothing.
//
// What Cognito accepts is told by the developer guide, "Apply branding to managed
// login pages" and "Hosted UI (classic) branding", and by the example documents
// of the API reference. The values that stand in for Cognito's own are in
// defaults.json.
package branding
