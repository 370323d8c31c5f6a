package ginauth

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/poolhouse/poolhouse/verify/middleware"
)

// Handler lets the handlers after it serve requests that have a good token.
func Handler(m *middleware.Middleware) gin.HandlerFunc {
	return adapt(m.Handler)
}

// Require lets the handlers after it serve callers that meet the rule. It stands
// after Handler.
func Require(m *middleware.Middleware, rule middleware.Rule) gin.HandlerFunc {
	return adapt(func(next http.Handler) http.Handler { return m.Require(rule, next) })
}

// adapt makes a link of gin's chain of a wrapper of net/http handlers. What is
// wrapped goes on with the chain of the request.
func adapt(wrap func(http.Handler) http.Handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		passed := false
		wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			passed = true
			c.Request = r
			c.Next()
		})).ServeHTTP(c.Writer, c.Request)
		if !passed {
			c.Abort()
		}
	}
}
