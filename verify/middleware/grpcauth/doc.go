// Package grpcauth lets only gRPC calls with a good Cognito token reach a
// server's methods. It is a module of its own, so that gRPC stays out of the
// builds of those who do not use it.
//
//	auth, err := middleware.New(v, middleware.Options{})
//	...
//	rules := map[string]middleware.Rule{"/articles.Articles/Create": {AnyGroup: []string{"editors"}}}
//	server := grpc.NewServer(
//		grpc.UnaryInterceptor(grpcauth.Unary(auth, rules)),
//		grpc.StreamInterceptor(grpcauth.Stream(auth, rules)),
//	)
//
// The token is in the metadata "authorization", after "Bearer" or bare. Methods
// ask middleware.From and middleware.UserFrom for the caller. Of
// middleware.Options, Source, SkipPaths, Realm and OnResult mean nothing here.
package grpcauth
