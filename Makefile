# Two commands matter to a newcomer: `make run` and `make test`.
# Both install what this machine lacks (on Debian as root) or say what to install.

GO      ?= go
BIN     := bin/nephele
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)
ARGS    ?=

.PHONY: help run build test test-go lint generate check-generated coverage-doc bench crash clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 20

run: ## install what is missing, build, and start the server (ARGS="--data DIR ..." to change it)
	@scripts/setup.sh run
	@$(MAKE) --no-print-directory build
	@exec $(BIN) serve $(ARGS)

build: ## build bin/nephele
	@CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/nephele

test: ## install and start what the tests need, then run every test
	@scripts/setup.sh test
	@scripts/test.sh

lint: ## gofumpt, vet, golangci-lint, govulncheck
	@scripts/lint.sh

generate: ## regenerate what is generated
	$(GO) generate ./...

check-generated: ## fail when `go generate` would change a file
	@scripts/check-generated.sh

coverage-doc: ## write docs/coverage.md from the code (part of generate)
	@$(GO) generate ./cmd/nephele

crash: ## the long crash harness: 200 kills on each database
	@NEPHELE_CRASH_KILLS=200 scripts/crash.sh

bench: ## the comparing benchmarks of bench/
	@cat bench/README.md

clean: ## remove what was built
	@rm -rf bin
