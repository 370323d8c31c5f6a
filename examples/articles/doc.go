// Command articles starts everything of the articles example: Poolhouse, the API
// of package api beside it, and the front end in web, and stops all of it when
// it is interrupted or one of the three ends.
//
//	cd examples/articles && go run .
//
// It needs Go and Node.js. README.md is the tutorial.
package main
