# The front door. Each target is one line into scripts/; `make` alone says what there is.
.PHONY: help demo demo-php test figures bench profile lint format build image chart setup tools clean

help: ## Say what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: setup ## Build, then watch 13,000 real records travel between two databases
	@scripts/demo

demo-php: setup ## Build, then watch two Laravel applications keep their records the same
	@scripts/demo-php

test: setup ## Build, then prove the promises (PRESET=asan or tsan for the sanitizers)
	@scripts/test $(or $(PRESET),release)

figures: setup ## Run every proof at full size (ONLY=<name> runs one)
	@ONLY=$(ONLY) scripts/figures

bench: setup ## Measure speed beside PostgreSQL's logical replication and Bucardo
	@scripts/bench

profile: setup ## Show where the time goes
	@scripts/profile

lint: setup ## Check format, clang-tidy, shell scripts, contracts
	@scripts/lint

format: ## Format the sources
	@scripts/format

build: setup ## Build only
	@scripts/build

image: ## Build the image with Docker (TAG=name:tag, PUSH=1 to push it; SNAPSHOT=http://… for the same bytes again, DEBIAN=…@sha256:… for another base)
	@deploy/image/build "$(TAG)" $(if $(PUSH),--push,--load)

chart: ## Check the Helm chart, pack it, and run its installations without a cluster (needs `make tools` and a build)
	@scripts/chart

tools: ## Install extras: grpcurl, helm and kubeconform, and minio, which tests of S3 use
	@scripts/tools

setup:
	@scripts/setup

clean: ## Remove what was built
	rm -rf build
