package echoauth

import (
	"net/http"

	"github.com/labstack/echo/v5"

	"github.com/poolhouse/poolhouse/verify/middleware"
)

// Handler lets what it stands before serve requests that have a good token.
func Handler(m *middleware.Middleware) echo.MiddlewareFunc {
	return adapt(m.Handler)
}

// Require lets what it stands before serve callers that meet the rule. It stands
// behind Handler.
func Require(m *middleware.Middleware, rule middleware.Rule) echo.MiddlewareFunc {
	return adapt(func(next http.Handler) http.Handler { return m.Require(rule, next) })
}

// adapt is echo.WrapMiddleware without a response of its own around the one
// there is: what was refused has been answered, and is no error to echo.
func adapt(wrap func(http.Handler) http.Handler) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) (err error) {
			wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				c.SetRequest(r)
				err = next(c)
			})).ServeHTTP(c.Response(), c.Request())
			return err
		}
	}
}
