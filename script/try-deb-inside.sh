# Run by script/try-deb in namespaces of its own: try-deb-inside.sh FOLDER BASE
# shellcheck shell=bash
work=$1 base=$2 debian=$1/debian

say() { printf '\n== %s\n' "$*"; }
fail() {
  printf 'try-deb: %s\n' "$*" >&2
  exit 1
}
inside() { chroot "$debian" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }

# expect WHAT COMMAND...: the command succeeds, else all of it was for nothing.
expect() {
  local what=$1
  shift
  "$@" >/dev/null || fail "not so: $what"
  echo "ok: $what"
}
refuse() {
  local what=$1
  shift
  if "$@" >/dev/null 2>&1; then fail "not so: $what"; fi
  echo "ok: $what"
}

tar --extract --directory "$debian" --file "$base"
mount -t proc proc "$debian/proc"
mount -t tmpfs -o mode=755 tmpfs "$debian/run"
mount -t tmpfs -o mode=755 tmpfs "$debian/dev"
mknod -m 666 "$debian/dev/null" c 1 3
mknod -m 666 "$debian/dev/urandom" c 1 9
mkdir "$debian/dev/pts"
mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 devpts "$debian/dev/pts"
ln -s pts/ptmx "$debian/dev/ptmx"
cp "$work"/*.deb "$debian/tmp"

# What is on the disk, without what dpkg and adduser write of every package.
list() {
  (cd "$debian" && find . \( -path ./tmp -o -path ./run -o -path ./proc -o -path ./dev \) -prune -o -printf '%M %U %G %p\n') |
    grep -vE ' \./(etc/(passwd|group|shadow|gshadow)-|var/lib/dpkg/[a-z]+-old|var/log/.*|var/cache/.*|var/lib/dpkg/(lock.*|triggers/.*))$' | sort
  cat "$debian"/etc/{passwd,group,shadow,gshadow}
}
list >"$work/before"

say "the system's bus"
mkdir -p "$debian/run/dbus"
inside dbus-daemon --system --fork --nopidfile

say "install"
inside dpkg --install /tmp/first.deb
inside id bmsd
expect "the user is in dialout" bash -c "chroot '$debian' id -Gn bmsd | grep -qw dialout"
expect "its configuration is right" inside bmsd check --strict /etc/bmsd/config.ini
expect "the service is enabled" test -L "$debian/etc/systemd/system/multi-user.target.wants/bmsd.service"
expect "the man page is there" inside test -s /usr/share/man/man1/bmsd.1.gz

say "systemd-analyze"
systemd-analyze --root="$debian" --man=no verify bmsd.service
echo "ok: verify has nothing to complain about"
systemd-analyze --root="$debian" --offline=true --no-pager security bmsd.service | grep -E 'Overall'

say "a pack, and the service's own command as its own user"
inside bmsd simulate daren-485 --packs 2 --link /dev/ttySIM0 >"$work/simulator" 2>&1 &
for _ in {1..100}; do
  [[ ! -L $debian/dev/ttySIM0 ]] || break
  sleep 0.1
done
# shellcheck disable=SC2016  # for the shell inside
inside sh -c 'chgrp dialout "$(readlink /dev/ttySIM0)" && chmod 660 "$(readlink /dev/ttySIM0)"'
sed -i 's|^# PORTS = .*|PORTS = /dev/ttySIM0\nBMS_TYPE = Daren485\nBATTERY_ADDRESSES = 0x01, 0x02|' "$debian/etc/bmsd/config.ini"
expect "the configuration is right" inside bmsd check --strict /etc/bmsd/config.ini

# What systemd does of the unit and can be done without it: user, groups, folders, no capabilities, no new privileges, a read-only root.
unit=$debian/usr/lib/systemd/system/bmsd.service
condition=$(sed -n "s|^ExecCondition=/bin/sh -c '\(.*\)'|\1|p" "$unit" | sed 's/\$\$/$/g')
start=$(sed -n 's/^ExecStart=//p' "$unit")
expect "the service has something to do" inside sh -c "$condition"
inside install -d -o bmsd -g bmsd -m 750 /var/lib/bmsd
inside install -d -o bmsd -g bmsd -m 755 /run/bmsd
# PrivateTmp=yes: what it has in /var/tmp goes with it.
confined() {
  # shellcheck disable=SC2016  # for the shell in the new namespace
  unshare --mount sh -c 'mount -t tmpfs tmpfs "$1/var/tmp" && shift && exec "$@"' sh "$debian" \
    chroot "$debian" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin setpriv --reuid bmsd --regid bmsd --groups "$(chroot "$debian" getent group dialout | cut -d: -f3)" --no-new-privs \
    --inh-caps=-all --bounding-set=-all "$@"
}
start_service() {
  # shellcheck disable=SC2086  # the words of the command
  confined $start >"$work/log" 2>&1 &
  service=com.victronenergy.battery.ttySIM0__0x01
  for _ in {1..150}; do
    if inside dbus-send --system --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.ListNames 2>/dev/null |
      grep -q "$service"; then return; fi
    sleep 0.2
  done
  cat "$work/log" >&2
  fail "not so: the service is on the bus"
}
start_service
cat "$work/log"
pid=$(pgrep -f '^/usr/bin/bmsd run' | head -n 1)
expect "it runs as bmsd" test "$(chroot "$debian" id -u bmsd)" = "$(stat -c %u "/proc/$pid")"
grep -E '^(Uid|Gid|Groups|CapBnd|CapEff|NoNewPrivs)' "/proc/$pid/status"

value_of() { inside dbus-send --system --print-reply --dest="$service" "$1" com.victronenergy.BusItem.GetValue; }
say "on the bus"
for path in /Dc/0/Voltage /Soc /Info/MaxChargeVoltage; do
  printf '%s' "$path"
  value_of "$path" | tail -n 1
done
expect "root reads the voltage" bash -c "$(declare -f value_of inside); debian='$debian' service=$service value_of /Dc/0/Voltage | grep -q 'double 5'"
as_nobody() { inside setpriv --reuid nobody --regid nogroup --clear-groups dbus-send --system --print-reply "$@"; }
expect "anybody reads" as_nobody --dest="$service" /Soc com.victronenergy.BusItem.GetValue
refuse "nobody writes" as_nobody --dest="$service" /CustomName com.victronenergy.BusItem.SetValue variant:string:x
refuse "nobody else owns a battery" as_nobody --dest=org.freedesktop.DBus / org.freedesktop.DBus.RequestName \
  string:com.victronenergy.battery.other uint32:0
expect "root writes" inside dbus-send --system --print-reply --dest="$service" /CustomName com.victronenergy.BusItem.SetValue variant:string:Cellar
inside bmsd show >"$work/shown"
head -n 9 "$work/shown"
expect "root asks the daemon" inside bmsd show --json
refuse "others do not" inside setpriv --reuid nobody --regid nogroup --clear-groups bmsd show --json

say "upgrade"
inside dpkg --install /tmp/second.deb
expect "the version is the second one" bash -c "chroot '$debian' dpkg-query -W bmsd | grep -q second"
expect "the configuration is still the user's" grep -q ttySIM0 "$debian/etc/bmsd/config.ini"
kill "$pid"
for _ in {1..100}; do
  [[ -d /proc/$pid ]] || break
  sleep 0.1
done
start_service
expect "what was there is there again, with the name that it was given" bash -c \
  "chroot '$debian' dbus-send --system --print-reply --dest=$service /CustomName com.victronenergy.BusItem.GetValue | grep -q Cellar"
pkill -f '^/usr/bin/bmsd run'
sleep 1

say "remove, purge"
inside dpkg --remove bmsd
expect "configuration and state are still there" test -f "$debian/etc/bmsd/config.ini" -a -f "$debian/var/lib/bmsd/state"
inside dpkg --purge bmsd
pkill -f 'bmsd simulate' || true
list >"$work/after"
diff "$work/before" "$work/after" || fail "purge leaves something"
echo "ok: nothing is left"
