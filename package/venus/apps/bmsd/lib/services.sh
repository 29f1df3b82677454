# shellcheck shell=sh disable=SC2015,SC2154
# daemontools, serial-starter and udev.

# --- daemontools. /service is in RAM: what is in it is made at every boot.

daemon_is_there() { [ -d "$root/service/bmsd" ]; }
daemon_is_up() { svstat "$root/service/bmsd" 2>/dev/null | grep -q ': up '; }

start_daemon() {
  if daemon_is_there; then
    svc -u "$root/service/bmsd" "$root/service/bmsd/log" 2>/dev/null
    return 0
  fi
  new=$root/service/.bmsd.new # svscan does not look at names with a dot
  rm -rf "$new"
  # When a stick is read, early in the boot, there is no /service yet.
  if [ ! -d "$root/service" ] || ! mkdir "$new" 2>/dev/null; then
    say "there is no /service yet; bmsd starts later in this boot"
    return 0
  fi
  rmdir "$new"
  mkdir -p "$root/var/log/bmsd"
  cp -R "$home/service" "$new" && chmod 755 "$new/run" "$new/log/run" && mv "$new" "$root/service/bmsd" ||
    fail "cannot make /service/bmsd"
}

# Without a gap where the program can; that also goes back to the running one if the new one reads nothing.
restart_daemon() {
  daemon_is_there || {
    start_daemon
    return 0
  }
  if daemon_is_up && knows_restart "$home/bmsd" && { [ ! -e "$home/bmsd.previous" ] || knows_restart "$home/bmsd.previous"; }; then
    "$home/bmsd" restart && return 0
    if [ "${new_binary:-no}" = yes ]; then
      mv "$home/bmsd.previous" "$home/bmsd"
      fail "the new version read no battery, so the one before goes on and is what the next boot starts"
    fi
    fail "the new process read no battery, so the one before goes on; see /var/log/bmsd/current"
  fi
  svc -t "$root/service/bmsd"
}
knows_restart() { "$1" restart --help >/dev/null 2>&1; }

stop_service() { # NAME of a folder in /service
  [ -d "$root/service/$1" ] || return 0
  old=$root/service/.$1.old # out of the sight of svscan, which would begin it anew
  rm -rf "$old"
  mv "$root/service/$1" "$old" || fail "cannot move /service/$1"
  svc -dx "$old" 2>/dev/null
  wait_until_down "$old"
  svc -dx "$old/log" 2>/dev/null
  wait_until_down "$old/log"
  if [ -L "$old" ]; then rm -rf "$(readlink -f "$old")"; fi
  rm -rf "$old"
}
wait_until_down() { # FOLDER
  tries=0
  while svok "$1" 2>/dev/null && [ $tries -lt 100 ]; do
    sleep 0.1 2>/dev/null || sleep 1
    tries=$((tries + 1))
  done
  if svok "$1" 2>/dev/null; then svc -k "$1"; fi
}

# --- serial-starter, and our names in it

serial_starter_conf=/data/conf/serial-starter.d/bmsd.conf
template=/opt/victronenergy/service-templates/bmsd

# The drivers that an alias stands for, as Venus OS has it.
stock_alias() { # NAME
  sed -n "s/^alias[[:space:]]\{1,\}$1[[:space:]]\{1,\}//p" "$root/etc/venus/serial-starter.conf" 2>/dev/null | tail -n 1
}

conf_text() {
  say "# bmsd: written by bmsd-setup from /data/apps/bmsd/config.ini (SERIAL_STARTER_ENABLED, SERIAL_STARTER_PROBE)"
  say "service bmsd bmsd"
  say "service sbattery bmsd"
  [ "$probe" = yes ] || return 0
  # A later alias replaces the earlier one, so it says all of the stock one again.
  for name in default rs485; do
    list=$(stock_alias $name)
    [ -z "$list" ] || say "alias $name $list:bmsd"
  done
}

put_template() {
  for file in run log/run; do
    is_as_wanted "$template/$file" "$home/template/$file" || put_file "$template/$file" 755 "$home/template/$file"
  done
}
remove_template() {
  remove_file "$template/log/run"
  remove_file "$template/run"
  remove_empty_dirs /opt/
}
template_is_as_wanted() {
  is_as_wanted "$template/run" "$home/template/run" && is_as_wanted "$template/log/run" "$home/template/log/run"
}

serial_starter_is_there() { [ -x "$root$template/run" ] && [ -x "$root$template/log/run" ] && [ -e "$root$serial_starter_conf" ]; }

put_serial_starter() {
  news=no
  if ! template_is_as_wanted; then
    with_root put_template
    news=yes
  fi
  conf_text >"$home/conf.new"
  if ! is_as_wanted "$serial_starter_conf" "$home/conf.new"; then
    put_file "$serial_starter_conf" 644 "$home/conf.new"
    news=yes
  fi
  rm -f "$home/conf.new"
  [ $news = no ] || reload_serial_starter
}

remove_serial_starter() {
  is_noted file "$serial_starter_conf" || is_noted file "$template/run" || return 0
  svc -d "$root/service/serial-starter" 2>/dev/null
  remove_file "$serial_starter_conf"
  remove_empty_dirs /data/conf
  for service in "$root"/service/bmsd.*; do
    [ ! -d "$service" ] || stop_service "$(basename "$service")"
  done
  with_root remove_template
  svc -u "$root/service/serial-starter" 2>/dev/null
}

# It reads its configuration when it begins; the drivers that it has started go on.
# One that is down on purpose stays down.
reload_serial_starter() { svc -t "$root/service/serial-starter" 2>/dev/null || :; }

# --- udev: the pins, whose master is in /data

pins=$home/zz-bmsd.rules
active_pins=/etc/udev/rules.d/zz-bmsd.rules

pins_are_active() {
  if [ -s "$pins" ]; then cmp -s "$pins" "$root$active_pins"; else [ ! -e "$root$active_pins" ]; fi
}

# 0: they have changed.
make_pins_active() {
  pins_are_active && return 1
  if [ -s "$pins" ]; then
    with_root copy_pins
  else
    with_root remove_file "$active_pins"
  fi
  udevadm control --reload-rules || warn "udev did not take the rules; they hold after the next boot"
}
copy_pins() {
  make_dir "$(dirname "$active_pins")"
  cp "$pins" "$root$active_pins" && chmod 644 "$root$active_pins" || fail "cannot write $active_pins"
  note file "$active_pins" "$(sum_of "$root$active_pins")"
}

apply_pins() {
  make_pins_active || return 0
  for tty in $(pinned_ttys); do free_tty "$tty"; done
}

remove_active_pins() {
  is_noted file "$active_pins" || return 0
  with_root remove_file "$active_pins"
  udevadm control --reload-rules
  for tty in $(pinned_ttys); do free_tty "$tty"; done
}

pinned_ttys() { "$home/bmsd" pin --list | awk '$1 ~ /^tty/ { print $1 }'; }

# Lets udev and serial-starter look at a tty anew, and ends what serial-starter has started on it. bmsd itself goes on.
free_tty() { # TTY
  rm -f "$root/data/var/lib/serial-starter/$1"
  udevadm trigger --action=add --subsystem-match=tty --sysname-match="$1"
  [ ! -d "$root/service/bmsd.$1" ] || return 0
  if [ -L "$root/var/lock/serial-starter/$1" ] && [ -x "$root/opt/victronenergy/serial-starter/stop-tty.sh" ]; then
    "$root/opt/victronenergy/serial-starter/stop-tty.sh" "$1"
  fi
}

# PORTS that no pin keeps from other drivers.
unpinned_ports() {
  list=$("$home/bmsd" pin --list)
  for port in $(printf '%s\n' "$ports" | tr ',' ' '); do
    case $port in tcp://* | can* | vecan* | vcan*) continue ;; esac
    name=${port#slcan:}
    name=${name#/dev/}
    printf '%s\n' "$list" | awk -v name="$name" '$1 == name || $2 == name || $2 == "/dev/" name { yes = 1 } END { exit !yes }' ||
      printf '%s ' "$port"
  done
}
warn_of_unpinned() {
  unpinned=$(unpinned_ports)
  [ -z "$unpinned" ] || say "serial-starter may give these to other drivers too: $unpinned; for each of them run: bmsd pin PORT"
}
