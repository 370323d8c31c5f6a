package message

import (
	"context"

	"golang.org/x/text/language"
)

// maxLanguages bounds what is read of a request's wishes, in bytes.
const maxLanguages = 256

type languagesKey struct{}

// WithLanguages returns a context with the languages that somebody wants to read,
// in the form of the header Accept-Language (RFC 9110). It travels from the request
// to the texts of messages, since it concerns nobody on the way.
func WithLanguages(ctx context.Context, accepted string) context.Context {
	if accepted == "" || len(accepted) > maxLanguages {
		return ctx
	}
	return context.WithValue(ctx, languagesKey{}, accepted)
}

// LocaleFrom is the locale for those who set none: the first of the languages of
// ctx that there are texts in, "" if there is none.
func LocaleFrom(ctx context.Context) string {
	accepted, _ := ctx.Value(languagesKey{}).(string)
	if accepted == "" {
		return ""
	}
	tags, _, err := language.ParseAcceptLanguage(accepted)
	if err != nil {
		return ""
	}
	for _, tag := range tags {
		if name, ok := lookUp(tag.String()); ok {
			return name
		}
	}
	return ""
}
