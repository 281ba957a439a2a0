# The phone book. Nothing is decided here: every line calls the tool that decides.

.DEFAULT_GOAL := help
.PHONY: help demo test interop check docs mutants bench fleet wheel addon clean

help: ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo: ## the article, replayed against the local cloud
	python3 demo/demo.py

test: ## every suite: Rust, Python, Node, lints, types
	python3 tests/run

interop: ## Google's libraries for Go and Java, and gsutil, by `rolebridge exec`
	python3 tests/interop/run

check: ## what to run while you work: formatting, lints, Rust
	python3 tests/run lints rust

docs: ## writes what the pages quote anew: programs, output, errors, references
	python3 tests/run pages

mutants: ## changes one thing at a time where a wrong one would hurt, and tells what no test notices
	cargo mutants -p rolebridge --test-package rolebridge,rolebridge-model,rolebridge-oracle -f 'core/src/cache/*.rs' \
		-f 'core/src/mint/*.rs' -f core/src/token_source/own_copies.rs -f core/src/config/endpoints.rs \
		-f core/src/retry.rs -f core/src/sigv4.rs --output target/mutants

bench: ## Rolebridge beside its peers; writes docs/benchmarks.md
	python3 bench/run.py

fleet: ## a hundred thousand processes and a quota; draws docs/fleet.svg
	python3 bench/fleet.py

wheel: ## the Python package, as released
	python3 -m pip wheel . --no-deps --wheel-dir target/wheels

addon: ## the Node package's native part, as released
	npm run build

clean: ## all that was built
	cargo clean
	rm -rf .venv node_modules demo/.venv demo/article/node_modules demo/article/credential.json
	rm -f bindings-node/*.node bindings-python/python/rolebridge/*.so
