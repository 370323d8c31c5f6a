# MODELS is a directory with AWS's API models, cognito-idp.service-2.json and
# cognito-identity.service-2.json, as botocore publishes them.
MODELS ?= $(POOLHOUSE_API_MODELS)

.PHONY: build test race lint api compat bench fuzz ci clean

build: ## the binaries, into bin/
	CGO_ENABLED=0 go build -trimpath -o bin/ ./cmd/...

test:
	go vet ./... && go test ./...

race:
	go test -race ./...

lint: ## needs golangci-lint v2 and govulncheck
	golangci-lint run ./... && govulncheck ./...

api: ## regenerate internal/idpapi and internal/identityapi
	go run ./tools/apigen -model $(MODELS)/cognito-idp.service-2.json -package idpapi -out internal/idpapi
	go run ./tools/apigen -model $(MODELS)/cognito-identity.service-2.json -package identityapi -out internal/identityapi

compat: ## rewrite docs/compatibility.md
	go test ./internal/idp -run TestCompatibilityTable -update

bench:
	go test -run '^$$' -bench . -benchmem ./internal/...

fuzz: ## each fuzz target for FUZZTIME (30s)
	@for p in $$(go list ./...); do for f in $$(go test -list '^Fuzz' $$p | grep '^Fuzz'); do \
		echo "$$p $$f"; go test -run '^$$' -fuzz "^$$f$$" -fuzztime $${FUZZTIME:-30s} $$p || exit 1; done; done

ci:
	.ci/run

clean:
	rm -rf bin dist
