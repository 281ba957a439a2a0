#!/bin/sh
# Installs what dist/ holds in a container of Alpine, whose C library is musl, and fetches a token there.
set -eu
cd "$(dirname "$0")/.."
exec docker run --rm --volume "$PWD:/rolebridge" --workdir /rolebridge alpine:3.22 \
	sh -c 'apk add --quiet python3 nodejs npm && exec python3 packaging/install.py'
