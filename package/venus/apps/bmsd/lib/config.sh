# shellcheck shell=sh disable=SC2015,SC2034,SC2154
# config.ini: read through bmsd itself, so that both understand it alike.

value_in() { # FILE KEY
  if [ -e "$1" ]; then
    "$home/bmsd" check --config "$1" --get "$2"
  else
    "$home/bmsd" check --get "$2" - </dev/null
  fi
}

# daemon: the daemon reads ports of its own. starter: serial-starter hands over ports; probe: also those that may be anything.
read_config() {
  config=$home/config.ini
  ports=$(value_in "$config" PORTS) || fail "cannot read /data/apps/bmsd/config.ini; run: bmsd check"
  can=$(value_in "$config" CAN_PORT)
  daemon=no starter=no probe=no
  [ -z "$ports$can" ] || daemon=yes
  if [ -e "$config" ] && grep -q '^\[line ' "$config"; then daemon=yes; fi
  [ -n "$ports" ] || [ "$(value_in "$config" SERIAL_STARTER_ENABLED)" != True ] || starter=yes
  [ "$(value_in "$config" SERIAL_STARTER_PROBE)" != True ] || probe=yes
}

describe_ways() {
  list=$(printf '%s\n%s' "$ports" "$can" | tr -s '\n' ' ')
  [ "$daemon" = no ] || printf 'the daemon reads %s ' "${list:-the lines of config.ini}"
  [ "$starter" = no ] || printf 'serial-starter hands over ports that are pinned to it'
  { [ "$starter" = no ] || [ "$probe" = no ]; } || printf ' and those that may be anything'
}

# A copy, where bmsd has none of its own. How the other driver was given its ports stays so.
take_over_config() {
  [ ! -e "$home/config.ini" ] || return 0
  other=$(other_home)
  [ -n "$other" ] && [ -e "$other/config.ini" ] || return 0
  if [ -z "$(value_in "$other/config.ini" PORTS)" ] && other_driver_probes; then
    awk '{ print } !done && /^\[DEFAULT\]/ { print "SERIAL_STARTER_PROBE = True"; done = 1 }' "$other/config.ini" >"$home/config.ini.new"
    say "serial-starter handed ports that may be anything to dbus-serialbattery, so it hands them to bmsd (SERIAL_STARTER_PROBE)"
  else
    cp "$other/config.ini" "$home/config.ini.new" || fail "cannot copy $other/config.ini"
  fi
  mv "$home/config.ini.new" "$home/config.ini" || fail "cannot write to $home"
  say "config.ini is that of dbus-serialbattery; what bmsd says of it:"
  "$home/bmsd" check --config "$home/config.ini" | sed 's/^/  /'
}
