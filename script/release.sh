# Sourced by script/release: the parts of a release.
# shellcheck shell=bash disable=SC2154  # root, archs, github, dirty and jobs are the sourcing script's

dist=$root/dist

say() { printf 'release: %s\n' "$*" >&2; }

refuse() {
  say "$*"
  exit 2
}

# Sets version and SOURCE_DATE_EPOCH. Outside of a checkout (the sources of a release, unpacked) the latter has to be given.
name_release() {
  local changed
  version=$(sed -n 's/^project(bmsd VERSION \([0-9.]*\).*/\1/p' "$root/CMakeLists.txt")
  if git -C "$root" rev-parse --verify --quiet HEAD >/dev/null && [[ $(git -C "$root" rev-parse --show-toplevel) == "$root" ]]; then
    changed=$(git -C "$root" status --porcelain)
    if [[ -n $changed && -z $dirty ]]; then
      printf '%s\n' "$changed" | head -n 5 >&2
      refuse "these files are not committed, so nobody could build the same: commit them, or see --dirty in script/release --help"
    fi
    SOURCE_DATE_EPOCH=$(git -C "$root" log -1 --format=%ct)
  fi
  export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:?this is no checkout: set SOURCE_DATE_EPOCH to the time of the release}
}

strip_of() {
  case $1 in
    armhf) echo arm-linux-gnueabihf-strip ;;
    arm64) echo aarch64-linux-gnu-strip ;;
    amd64) echo x86_64-linux-gnu-strip ;;
  esac
}

# ccache with a base_dir hands the compiler relative names, which the path maps then do not meet: other bytes in the program.
export CCACHE_BASEDIR=

build_binary() {
  local arch=$1 log
  build=$root/build/cross/$arch log=$root/build/cross/$arch/build.log
  check_build_folder
  mkdir -p "$build"
  say "$arch: compiling in ${build#"$root"/}"
  cmake -G Ninja -S "$root" -B "$build" --toolchain "$root/cmake/toolchain-$arch.cmake" -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_CXX_FLAGS_RELEASE="-O2 -DNDEBUG" -DBMSD_STATIC=ON -DBMSD_TESTS=OFF -DCMAKE_INSTALL_PREFIX=/usr \
    -DBMSD_RELEASE=ON >"$log" 2>&1 || show_failure "$log"
  local command=(cmake --build "$build" --parallel "$jobs")
  if [[ -t 2 ]]; then
    "${command[@]}" 2>&1 | tee "$log" | progress >&2 || show_failure "$log"
  else
    "${command[@]}" >"$log" 2>&1 || show_failure "$log"
  fi
  "$(strip_of "$arch")" -o "$dist/bmsd-$version-$arch" "$build/bmsd"
  say "$arch: $(stat -c %s "$dist/bmsd-$version-$arch") bytes"
}

# From the linker's map and the headers that the compiler has read.
list_contents() {
  "$root/package/sbom.py" --build "$root/build/cross/$1" --arch "$1" --version "$version" >"$dist/bmsd-$version-$1.cdx.json"
}

pack_deb() {
  local arch=$1 log=$root/build/cross/$1/deb.log
  (cd "$root/build/cross/$arch" && rm -f ./*.deb && cpack -G DEB) >"$log" 2>&1 || show_failure "$log"
  mv "$root/build/cross/$arch/"*.deb "$dist"
}

# pack_tar FOLDER ARCHIVE NAME...: what is in FOLDER under these names; the same bytes wherever and whenever it is made. The names do
# not begin with "./", or Venus OS does not find its hook.
pack_tar() {
  local folder=$1 archive=$2
  shift 2
  tar --create --directory "$folder" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --format=gnu \
    --mode=u+rwX,go+rX,go-w "$@" | gzip -9 -n >"$archive"
}

# Two archives with the same apps/bmsd: one that Venus OS unpacks over /data, one for PackageManager (SetupHelper).
pack_venus() {
  local from=$root/package/venus folder=$root/build/cross/venus arch
  rm -rf "$folder"
  mkdir -p "$folder/data" "$folder/manager/bmsd"
  cp -R "$from/apps" "$from/rc" "$folder/data"
  for arch in armhf arm64; do
    install -m 755 "$dist/bmsd-$version-$arch" "$folder/data/apps/bmsd/bmsd.$arch"
  done
  printf 'v%s\n' "$version" >"$folder/data/apps/bmsd/version"
  pack_tar "$folder/data" "$dist/venus-data.tar.gz" apps rc

  cp -R "$folder/data/apps" "$folder/data/apps/bmsd/version" "$from/PackageManager/setup" "$folder/manager/bmsd"
  printf '%s:latest\n' "$github" >"$folder/manager/bmsd/gitHubInfo"
  pack_tar "$folder/manager" "$dist/bmsd-$version-packagemanager.tar.gz" bmsd
  say "for Venus OS: venus-data.tar.gz, bmsd-$version-packagemanager.tar.gz"
}

# Elsewhere, without anything that was compiled before.
build_again_and_compare() {
  local again=$root/build/check/bmsd-again option=()
  say "building again in ${again#"$root"/}"
  rm -rf "$again"
  mkdir -p "$again"
  if [[ -n $dirty ]]; then
    (cd "$root" && git ls-files -z --cached --others --exclude-standard | tar --create --null --files-from=-) | tar -x -C "$again"
  else
    git -C "$root" archive HEAD | tar -x -C "$again"
  fi
  option=(--arch "$(IFS=, && echo "${archs[*]}")" --jobs "$jobs" --github "$github")
  mkdir -p "$again/build"
  cp -a "$root/build/sysroot" "$again/build/sysroot"
  CCACHE_DISABLE=1 "$again/script/release" "${option[@]}" >/dev/null
  if ! diff -r "$dist" "$again/dist"; then
    say "the second build in $again/dist differs from the first"
    exit 1
  fi
  say "built twice, in different folders: the same bytes"
}
