module github.com/poolhouse/poolhouse/verify/lambdaauth

go 1.26.0

require (
	github.com/aws/aws-lambda-go v1.55.1
	github.com/poolhouse/poolhouse v0.0.0
)

replace github.com/poolhouse/poolhouse => ../..
