# The phone book. Nothing is decided here: every line calls the tool that decides.

.DEFAULT_GOAL := help
# Windows would read our files in an encoding of its own.
export PYTHONUTF8 := 1
.PHONY: help demo test interop check docs mutants bench fleet wheels addons sdist tarball dist installed installed-on-alpine elsewhere emulators crate semver deny advisories reproducible release-check tag complete publish-npm publish-crate publish-page clean

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 21

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

wheels: ## Python's wheels, for all platforms that this machine builds, into dist/
	python3 packaging/wheels.py

addons: ## Node's addons, likewise, each a package of its own
	python3 packaging/addons.py

sdist: ## the source distribution of Python
	python3 packaging/sdist.py

tarball: ## npm's package of JavaScript and types
	python3 packaging/npm.py

dist: wheels addons sdist tarball ## all of these, looked into, installed and used
	python3 packaging/check.py
	$(MAKE) installed

installed: ## what dist/ holds for this machine, installed and used with no cargo on the PATH
	cargo build --locked --package rolebridge-emulator
	python3 packaging/install.py

installed-on-alpine: ## the same in a container of Alpine, with an emulator of `make emulators`
	sh packaging/alpine.sh

elsewhere: ## what dist/ holds for the other platforms of Linux, on emulated systems
	python3 packaging/elsewhere.py

emulators: ## the local cloud for every Linux, to try packages where nothing can be built
	python3 packaging/emulators.py

crate: ## the Rust crate, built alone from its own package with the oldest Rust that it is for
	rustup toolchain install 1.88 --profile minimal --no-self-update
	cargo +1.88 package --locked --package rolebridge

semver: ## the crate's interface beside that of its last release, if there is one
	python3 packaging/crates_io.py semver

deny: ## licences, sources and duplicates of what is released
	cargo install --quiet --locked cargo-deny@0.20.2 --root target/cargo-tools
	target/cargo-tools/bin/cargo-deny --locked check licenses sources bans

advisories: deny ## known faults of what is released, as RustSec's list has them
	target/cargo-tools/bin/cargo-deny --locked check advisories

reproducible: ## the wheel, built twice and compared
	python3 packaging/reproducible.py

release-check: crate deny dist elsewhere reproducible ## what this machine can do of a release, in about half an hour
	python3 packaging/check_version.py

tag: ## the version, the tag that is named by TAG, and the changelog
	python3 packaging/check_version.py "$(TAG)"

complete: ## whether dist/ holds all of a release; writes the checksums
	python3 packaging/check.py --complete

publish-npm: ## for the workflow: npm's packages
	python3 packaging/publish_npm.py

publish-crate: ## for the workflow: the Rust crate
	python3 packaging/crates_io.py publish

publish-page: ## for the workflow: the release on GitHub, with the changelog's section
	mkdir -p target
	python3 packaging/release_notes.py > target/release-notes.md
	gh release create "$(TAG)" --verify-tag --title "$(TAG)" --notes-file target/release-notes.md dist/*

clean: ## all that was built
	cargo clean
	rm -rf .venv dist node_modules demo/.venv demo/article/node_modules demo/article/credential.json
	rm -f bindings-node/*.node bindings-python/python/rolebridge/*.so
