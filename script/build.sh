# Sourced by script/demo and script/test: builds in build/release and is quiet unless that fails.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$root/build/release

# A folder that another user (root, through sudo) made cannot be written to, and cmake's own words for that are hard to read.
check_build_folder() {
  local path
  path=$(find "$build" ! -type l ! -writable -print -quit 2>/dev/null || true)
  if [[ -z $path && ! -e $build ]]; then
    path=$root
    [[ ! -e $root/build ]] || path=$root/build
    [[ ! -w $path ]] || path=
  fi
  if [[ -n $path ]]; then
    echo "${0##*/}: cannot write to $path, which belongs to $(stat -c %U "$path"):" \
      "remove $root/build as that user, or run this as that user" >&2
    exit 1
  fi
}

# build_release ON|OFF [TARGET]: with or without tests. Both use the same folder, so nothing is compiled twice.
build_release() {
  local tests=$1 log=$build/build.log
  local command=(cmake --build "$build" --parallel "$(nproc)" ${2:+--target "$2"})
  check_build_folder
  mkdir -p "$build"
  # Tests that are configured stay so for a demo: nothing of them is built there.
  if [[ ! -f $build/build.ninja || ($tests == ON && ! -f $build/tests-on) ]]; then
    echo "${0##*/}: building in ${build#"$root"/}; minutes the first time, seconds later" >&2
    rm -f "$build/tests-on"
    (cd "$root" && cmake --preset release -DBMSD_TESTS="$tests") >"$log" 2>&1 || show_failure "$log"
    [[ $tests == OFF ]] || touch "$build/tests-on"
  fi
  if [[ -t 2 ]]; then
    "${command[@]}" 2>&1 | tee "$log" | progress >&2 || show_failure "$log"
  else
    "${command[@]}" >"$log" 2>&1 || show_failure "$log"
  fi
}

# One line of the form "[12/85]" that stays in place.
progress() {
  local line
  while IFS= read -r line; do
    if [[ $line =~ ^(\[[0-9]+/[0-9]+\]) ]]; then printf '\r%s ' "${BASH_REMATCH[1]}"; fi
  done
  printf '\r%20s\r' ''
}

show_failure() {
  echo >&2
  tail -n 60 "$1" >&2
  echo "${0##*/}: the build failed; all of its output is in $1" >&2
  exit 1
}
