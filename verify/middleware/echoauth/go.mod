module github.com/poolhouse/poolhouse/verify/middleware/echoauth

go 1.26.0

require (
	github.com/labstack/echo/v5 v5.3.1
	github.com/poolhouse/poolhouse v0.0.0
)

replace github.com/poolhouse/poolhouse => ../../..
