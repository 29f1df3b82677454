#!/bin/sh
# Frees a tty: the drivers that serial-starter has started for it end.
for service in /service/*."$1"; do
  [ ! -d "$service" ] || svc -d "$service"
done
rm -f "/var/lock/serial-starter/$1"
