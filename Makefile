# The phone book. Nothing is decided here: every line calls the tool that decides.

.DEFAULT_GOAL := help
.PHONY: help demo test check wheel addon clean

help: ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo: ## the article, replayed against the local cloud
	python3 demo/demo.py

test: ## every suite: Rust, Python, Node, lints, types
	python3 tests/run

check: ## what to run while you work: formatting, lints, Rust
	python3 tests/run lints rust

wheel: ## the Python package, as released
	python3 -m pip wheel . --no-deps --wheel-dir target/wheels

addon: ## the Node package's native part, as released
	npm run build

clean: ## all that was built
	cargo clean
	rm -rf .venv node_modules demo/.venv demo/article/node_modules
