# shellcheck shell=sh
# Sourced by the start scripts of drivers: the lock belongs to the driver as long as it runs.
tty=$1
lock=/var/lock/serial-starter/$tty
start() {
  ln -sfn $$ "$lock"
  trap 'kill -TERM $driver' TERM
  # shellcheck disable=SC2154
  $app "$@" &
  driver=$!
  wait $driver
  result=$?
  wait $driver 2>/dev/null
  rm -f "$lock"
  exit $result
}
