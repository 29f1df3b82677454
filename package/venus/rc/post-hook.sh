#!/bin/sh
# Venus OS runs this at boot after it has unpacked venus-data.tar.gz from a USB stick or an SD card over /data.
[ "${1:-success}" = success ] || exit 1
/data/apps/bmsd/bmsd-setup install >/data/apps/bmsd/install.log 2>&1
