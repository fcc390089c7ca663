#!/usr/bin/env bash
# run.sh BUILD COMPILER: what is installed from BUILD serves a project that knows only the prefix, by find_package and by
# pkg-config; and what README.md shows as C++ is a program that compiles against it.
set -euo pipefail
build=$1 compiler=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
consumer=$here/consumer
place=$(mktemp -d)
trap 'rm -rf -- "$place"' EXIT
trap 'echo "run.sh:$LINENO: $BASH_COMMAND failed" >&2' ERR
prefix=$place/prefix

cmake --install "$build" --prefix "$prefix" >"$place/install.log"
"$prefix/bin/restante" --version

cmake -S "$consumer" -B "$place/found" -G Ninja \
  -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_BUILD_TYPE=Release >"$place/configure.log"
cmake --build "$place/found"
"$place/found/consumer"
"$place/found/consumer_embedded" "$place/store"
"$place/found/consumer_typed"
"$place/found/consumer_exactly_once" "$place/shop.db"

# The compiler's words are meant to be split: that is how pkg-config is used.
PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name restante.pc)")
export PKG_CONFIG_PATH
read -r -a flags < <(pkg-config --cflags --libs restante)
"$compiler" -std=c++20 "$consumer/main.cpp" -o "$place/consumer" "${flags[@]}"
"$place/consumer"
if "$compiler" -std=c++20 -M "$consumer/main.cpp" "${flags[@]}" | grep -E '/(capnp|kj)/'; then
  echo "the headers of services without types show Cap'n Proto" >&2
  exit 1
fi
capnp compile -oc++:"$place" --src-prefix "$consumer" "$consumer/order.capnp"
read -r -a typed_flags < <(pkg-config --cflags --libs restante-typed)
"$compiler" -std=c++20 -I"$place" "$consumer/typed.cpp" "$place/order.capnp.c++" -o "$place/typed" "${typed_flags[@]}"
"$place/typed"

"$here/readme_code.py" "$here/../../README.md" "$place/readme"
for source in "$place"/readme/*.cpp; do
  "$compiler" -std=c++20 -Wall -Wextra -Werror "$source" -o "${source%.cpp}" "${flags[@]}"
done
echo "installed, found both ways, and run; README.md compiles"
