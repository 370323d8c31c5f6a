// Package apimodel is what the generated API packages (idpapi, identityapi) and
// the edge (awsjson) share: descriptors of the shapes and operations of AWS's
// API models, and the codec between AWS JSON 1.1 bodies and generated structs.
//
// Decode reads a request body strictly against its Shape and then checks the
// model's constraints. It answers a *SerializationError for what is not the
// JSON the shape asks for, and a *ValidationError, in AWS's words, for what
// breaks a constraint; awsjson turns them into SerializationException and
// InvalidParameterException. Encode writes a response. The package knows no
// operation and no HTTP.
package apimodel
