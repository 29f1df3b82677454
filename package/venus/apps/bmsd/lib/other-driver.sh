# shellcheck shell=sh disable=SC2015,SC2154
# dbus-serialbattery: both would fight for ports, names and settings. It is set aside and nothing of it is deleted.

other_home() {
  for dir in "$root/data/apps/dbus-serialbattery" "$root/data/etc/dbus-serialbattery"; do
    if [ -d "$dir" ]; then
      printf '%s\n' "$dir"
      return 0
    fi
  done
}
there_is_another_driver() { [ -n "$(other_home)" ]; }

other_confs() { grep -l dbus-serialbattery "$root"/data/conf/serial-starter.d/*.conf 2>/dev/null; }
other_driver_probes() {
  confs=$(other_confs)
  # shellcheck disable=SC2086
  [ -n "$confs" ] && grep -q '^[[:space:]]*alias' $confs
}
other_services() {
  for run in "$root"/service/*/run; do
    if grep -q dbus-serialbattery "$run" 2>/dev/null; then basename "$(dirname "$run")"; fi
  done
}
other_driver_runs() { [ -n "$(other_services)" ]; }
other_line() { grep -q '^[^#]*dbus-serialbattery' "$root$1" 2>/dev/null; } # FILE
other_driver_is_on() { [ -n "$(other_confs)" ] || other_line /data/rc.local || other_line /data/rcS.local || other_driver_runs; }

# Whoever reads batteries that bmsd cannot is not taken away.
other_driver_can_go() {
  if [ "$force" = yes ] || ! there_is_another_driver || ! other_driver_is_on; then return 0; fi
  ini=$(other_home)/config.ini
  for key in BLUETOOTH_BMS MQTT_TOPIC; do
    [ -z "$(value_in "$ini" $key)" ] ||
      fail "dbus-serialbattery reads batteries that bmsd cannot ($key in $ini); it stays as it is. --force takes it away all the same"
  done
  known=" $("$home/bmsd" list | sed -n 's/^ *BMS_TYPE *//p' | tr ',\n' '  ') "
  for type in $(value_in "$ini" BMS_TYPE | tr ',' ' '); do
    case $known in
      *" $type "*) ;;
      *) fail "dbus-serialbattery reads a $type (BMS_TYPE in $ini), which bmsd cannot; it stays as it is. --force takes it away all the same" ;;
    esac
  done
}

# serial-starter then stays down until give_out_freed.
set_other_driver_aside() {
  freed=''
  there_is_another_driver || return 0
  news=no
  for conf in $(other_confs); do
    [ "$conf" != "$root$serial_starter_conf" ] || continue
    mv "$conf" "$conf$aside" || fail "cannot move $conf"
    note aside "${conf#"$root"}"
    news=yes
  done
  for file in /data/rc.local /data/rcS.local; do
    other_line "$file" || continue
    edit_script "$file" '/^[^#]*dbus-serialbattery/s/^/#bmsd# /'
    note commented "$file"
    news=yes
  done
  if [ $news = yes ] || other_driver_runs; then
    svc -d "$root/service/serial-starter" 2>/dev/null
    for service in $(other_services); do
      stop_service "$service"
      note stopped "$service"
      case $service in *.tty*) freed="$freed ${service##*.}" ;; esac
    done
    say "dbus-serialbattery is set aside; bmsd-setup back puts it back"
  fi
}

# The ports that it had, to whoever has them now.
give_out_freed() {
  svc -u "$root/service/serial-starter" 2>/dev/null
  for tty in $freed; do free_tty "$tty"; done
}

put_other_driver_back() {
  lines=''
  if [ -z "$(noted aside)$(noted commented)$(noted stopped)" ]; then
    say "dbus-serialbattery was not set aside, so it is as it was"
    return 0
  fi
  for conf in $(noted aside); do
    [ ! -e "$root$conf$aside" ] || mv "$root$conf$aside" "$root$conf" || fail "cannot move $conf"
    forget aside "$conf"
  done
  for file in $(noted commented); do
    [ -e "$root$file" ] || continue
    lines=$(printf '%s\n' "$lines" && sed -n 's/^#bmsd# //p' "$root$file")
    edit_script "$file" 's/^#bmsd# //'
    forget commented "$file"
  done
  # What its own line does at boot, it does now.
  if [ -n "$lines" ] && [ -z "$root" ]; then
    shell=$(command -v bash || command -v sh)
    "$shell" -c "$lines" >/dev/null 2>&1 </dev/null
  fi
  reload_serial_starter
  for service in $(noted stopped); do
    case $service in *.tty*) free_tty "${service##*.}" ;; esac
    forget stopped "$service"
  done
  say "dbus-serialbattery is as it was before bmsd; if it does not start within a minute: reboot"
}

# Its owner and mode stay. What would not be a script any more is not written.
edit_script() { # PATH SED-COMMAND
  file=$root$1
  cp -p "$file" "$file.new" && sed "$2" "$file" >"$file.new" || fail "cannot write $1"
  if sh -n "$file" 2>/dev/null && ! sh -n "$file.new" 2>/dev/null; then
    rm -f "$file.new"
    fail "$1 starts dbus-serialbattery in a way that cannot be undone line by line; make comments of these lines yourself, and try again"
  fi
  mv "$file.new" "$file" || fail "cannot write $1"
}
