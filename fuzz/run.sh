#!/bin/sh
# Runs every fuzz target for some seconds (60 unless told), seeded from tests/hostile. Needs cargo-fuzz; a
# stable toolchain will do. A finding stops the run and stands in fuzz/artifacts.
set -eu
cd "$(dirname "$0")"
seconds="${1:-60}"

if ! cargo fuzz --version >/dev/null 2>&1; then
    echo "not run: cargo-fuzz is not installed (cargo install cargo-fuzz)" >&2
    exit 0
fi

# The versions of the product.
cp ../Cargo.lock Cargo.lock
hostile=../tests/hostile
for target in document patch query filter; do
    mkdir -p "corpus/$target"
done
cp "$hostile"/bodies/* corpus/document/
cp "$hostile"/patches/* corpus/patch/
# One seed a line; of a URL, what stands behind the question mark.
number=0
sed 's/^[^?]*?//' "$hostile/queries.txt" | while IFS= read -r line; do
    number=$((number + 1))
    printf '%s' "$line" > "corpus/query/line-$number"
done
number=0
while IFS= read -r line; do
    number=$((number + 1))
    printf '%s' "$line" > "corpus/filter/line-$number"
done < "$hostile/filters.txt"

for target in document patch query filter; do
    RUSTC_BOOTSTRAP=1 cargo fuzz run -s none "$target" -- \
        -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048
done
