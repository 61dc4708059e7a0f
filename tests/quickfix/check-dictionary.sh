#!/usr/bin/env bash
# Shows that another engine can use the dictionaries of spec/: QuickFIX (C++) loads each, and reads the messages beside
# this script and the examples of the venue's documentation by it. Prints what it has read; fails when it cannot.
#
# Needs a C++ compiler and QuickFIX with its headers: see tests/quickfix/install.
set -euo pipefail
exec </dev/null
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

tests/quickfix/install

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# QuickFIX's headers use exception specifications, which C++17 has removed.
c++ -std=c++14 -Wall -Wno-deprecated -o "$scratch/check-dictionary" tests/quickfix/check-dictionary.cpp -lquickfix -pthread

status=0
for dialect in prediction margin; do
    # The examples of the page on subpenny prices are fragments, which lack required fields.
    awk '/^#/ { fragment = /subpenny/ } !fragment' "tests/fixtures/examples/$dialect.fix" >"$scratch/$dialect.fix"
    "$scratch/check-dictionary" "spec/kalshi-$dialect.xml" "tests/quickfix/$dialect.fix" "$scratch/$dialect.fix" || status=1
done
exit $status
