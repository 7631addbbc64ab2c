#!/bin/sh
# Installs what the tests of the reports look for: Chromium and LaTeX as Debian packages, axe-core from npm into .browser/.
# Never fails: a test whose tool is missing is skipped, and says so.
set -u
cd "$(dirname "$0")/.."

have() { command -v "$1" >/dev/null 2>&1; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

packages=""
have chromium || have chromium-browser || have google-chrome || packages="$packages chromium"
have pdflatex || packages="$packages texlive-latex-base texlive-latex-recommended"
have npm || [ -f .browser/node_modules/axe-core/axe.min.js ] || packages="$packages npm"
if [ -n "$packages" ] && have apt-get; then
    export DEBIAN_FRONTEND=noninteractive
    as_root apt-get update -qq >/dev/null 2>&1
    for package in $packages; do
        as_root apt-get install -y -qq --no-install-recommends "$package" >/dev/null 2>&1 || echo "browser: no $package"
    done
fi
if [ ! -f .browser/node_modules/axe-core/axe.min.js ] && have npm; then
    npm install --silent --no-audit --no-fund --prefix .browser axe-core@4 >/dev/null 2>&1 || echo "browser: no axe-core"
fi
for tool in chromium pdflatex; do have "$tool" && echo "browser: $tool is here"; done
[ -f .browser/node_modules/axe-core/axe.min.js ] && echo "browser: axe-core is here"
exit 0
