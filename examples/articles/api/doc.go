// Command api is the articles example's API: it lists and creates articles for
// whoever has an ID token of a Cognito user pool, keeps them in SQLite, and has
// an admin area with a login of its own.
//
// main.go reads the flags, server.go puts the handlers together and guards them
// by packages verify and verify/middleware, article.go is the API, admin.go and
// login.go are the admin area, and the store files hold the SQL. The command in
// the directory above starts it together with Poolhouse and the front end.
package main
