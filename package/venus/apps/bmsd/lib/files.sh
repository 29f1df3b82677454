# shellcheck shell=sh disable=SC2015,SC2034,SC2154
# What is put outside of /data/apps/bmsd: written down in the manifest, and taken away again. Paths are those of the device,
# without $root. Lines of the manifest:
#   made PATH            a file that was not there
#   file PATH SUM        a file of ours, as we wrote it
#   dir PATH             a folder that was not there
#   mode PATH MODE       was not executable
#   line PATH            has a line of ours
#   aside PATH           of dbus-serialbattery: has the ending $aside now
#   commented PATH       lines of dbus-serialbattery in it are comments now
#   stopped SERVICE      of dbus-serialbattery

manifest=$home/manifest
aside=.off-by-bmsd

note() { # WHAT PATH [MORE]
  forget "$1" "$2"
  printf '%s\n' "$*" >>"$manifest"
}
forget() { # WHAT PATH
  [ -e "$manifest" ] || return 0
  awk -v what="$1" -v path="$2" '!($1 == what && $2 == path)' "$manifest" >"$manifest.new"
  mv "$manifest.new" "$manifest"
  [ -s "$manifest" ] || rm -f "$manifest"
}
noted() { [ -e "$manifest" ] && awk -v what="$1" '$1 == what { print $2 }' "$manifest"; } # WHAT: its paths
noted_of() { [ -e "$manifest" ] && awk -v what="$1" -v path="$2" '$1 == what && $2 == path { print $3 }' "$manifest"; }
is_noted() { [ -e "$manifest" ] && awk -v what="$1" -v path="$2" '$1 == what && $2 == path { yes = 1 } END { exit !yes }' "$manifest"; }

sum_of() { sha256sum <"$1" | cut -c 1-16; }

# --- The root file system, which is read-only

root_is_readonly() {
  [ -z "$root" ] && awk '$2 == "/" { options = $4 } END { exit options !~ /^ro(,|$)/ }' /proc/mounts
}

# Runs the command while the root file system can be written, and no longer. In a shell of its own, so that it is made
# read-only again whatever happens.
with_root() {
  was_readonly=no
  if root_is_readonly; then
    was_readonly=yes
    mount -o remount,rw / || fail "cannot make the root file system writable"
  fi
  ("$@")
  result=$?
  if [ $was_readonly = yes ]; then
    sync
    mount -o remount,ro / || warn "the root file system stays writable until the next boot"
  fi
  [ $result -eq 0 ] || exit 1
}

# --- Files

make_dir() { # PATH
  [ ! -d "$root$1" ] || return 0
  make_dir "$(dirname "$1")"
  mkdir "$root$1" || fail "cannot make $1"
  note dir "$1"
}

# Whether PATH is as we wrote it. Who edits a file of ours keeps it.
is_edited() { [ -e "$root$1" ] && [ "$(sum_of "$root$1")" != "$(noted_of file "$1")" ]; }

# Whether there is nothing to write: it is there as it should be, or as its user wants it.
is_as_wanted() { # PATH CONTENT
  [ -e "$root$1" ] || return 1
  cmp -s "$2" "$root$1" && return 0
  is_edited "$1" || return 1
  say "$1 was edited and stays as it is"
}

put_file() { # PATH MODE CONTENT
  make_dir "$(dirname "$1")"
  cp "$3" "$root$1" && chmod "$2" "$root$1" || fail "cannot write $1"
  note file "$1" "$(sum_of "$root$1")"
}

remove_file() { # PATH
  is_noted file "$1" || return 0
  if is_edited "$1"; then
    cp -p "$root$1" "$home/$(basename "$1").edited"
    say "$1 was edited; the edited one is kept as /data/apps/bmsd/$(basename "$1").edited"
  fi
  rm -f "$root$1" || fail "cannot remove $1"
  forget file "$1"
}

# Folders that were made for our files, deepest first, unless others use them now.
remove_empty_dirs() { # BEGINNING OF THEIR PATHS
  for dir in $(noted dir | sort -r); do
    case $dir in "$1"*) ;; *) continue ;; esac
    if rmdir "$root$dir" 2>/dev/null || [ ! -d "$root$dir" ]; then forget dir "$dir"; fi
  done
  return 0
}

remove_noted() {
  [ -e "$manifest" ] || return 0
  for path in $(noted file); do with_root remove_file "$path"; done
  with_root remove_empty_dirs /
}

# --- /data/rc.local, which others have lines in too

rc_local=/data/rc.local
boot_line='/data/apps/bmsd/bmsd-setup boot &'

has_boot_line() { [ -x "$root$rc_local" ] && grep -qxF "$boot_line" "$root$rc_local"; }

# Other lines stay byte for byte as they are; ours comes first, because some end with `exit 0`.
add_boot_line() {
  file=$root$rc_local
  has_boot_line && return 0
  if [ ! -e "$file" ]; then
    printf '#!/bin/bash\n' >"$file" && chmod 755 "$file" || fail "cannot write $rc_local"
    note made "$rc_local"
  fi
  if ! grep -qxF "$boot_line" "$file"; then
    cp -p "$file" "$file.new" || fail "cannot write $rc_local"
    if head -n 1 "$file" | grep -q '^#!'; then
      { head -n 1 "$file"; printf '%s\n' "$boot_line"; tail -n +2 "$file"; } >"$file.new"
    else
      { printf '%s\n' "$boot_line"; cat "$file"; } >"$file.new"
    fi
    mv "$file.new" "$file" || fail "cannot write $rc_local"
    note line "$rc_local"
  fi
  if [ ! -x "$file" ]; then
    note mode "$rc_local" "$(stat -c %a "$file")"
    chmod 755 "$file"
    say "$rc_local was not executable, so it was not run at boot; now it is"
  fi
}

remove_boot_line() {
  file=$root$rc_local
  if [ -e "$file" ] && grep -qxF "$boot_line" "$file"; then
    cp -p "$file" "$file.new"
    sed "\|^$boot_line\$|d" "$file" >"$file.new"
    mv "$file.new" "$file" || fail "cannot write $rc_local"
  fi
  forget line "$rc_local"
  mode=$(noted_of mode "$rc_local")
  [ -z "$mode" ] || [ ! -e "$file" ] || chmod "$mode" "$file"
  forget mode "$rc_local"
  if is_noted made "$rc_local"; then
    # Only the first line is left: nobody else has come to use it.
    if [ -e "$file" ] && [ "$(cat "$file")" = '#!/bin/bash' ]; then rm -f "$file"; fi
    forget made "$rc_local"
  fi
}
