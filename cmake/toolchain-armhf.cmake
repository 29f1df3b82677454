# 32-bit ARM: Cerbo GX, Ekrano GX, Raspberry Pi 2 to 4 with Venus OS. Time and file offsets have 64 bits also there.
# -Wno-psabi: a note that g++ 7 passed some arguments otherwise, which concerns nobody who compiles everything anew.
set(BMSD_ARCH armhf)
set(BMSD_TRIPLE arm-linux-gnueabihf)
set(CMAKE_SYSTEM_PROCESSOR armv7l)
set(BMSD_MACHINE -march=armv7-a+neon-vfpv4 -mtune=cortex-a7 -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 -Wno-psabi)
set(BMSD_EMULATOR qemu-arm-static)
include(${CMAKE_CURRENT_LIST_DIR}/toolchain.cmake)
