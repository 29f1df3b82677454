# 64-bit ARM: Raspberry Pi 5 and newer GX devices with Venus OS, Raspberry Pi OS.
set(BMSD_ARCH arm64)
set(BMSD_TRIPLE aarch64-linux-gnu)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(BMSD_EMULATOR qemu-aarch64-static)
include(${CMAKE_CURRENT_LIST_DIR}/toolchain.cmake)
