# What the toolchain files of the three architectures have in common: Debian's cross compiler, and a sysroot that script/sysroot
# made. The C library comes from the sysroot as well, because the one that the cross compiler brings gets no security updates.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_CXX_COMPILER ${BMSD_TRIPLE}-g++)
set(CMAKE_SYSROOT ${CMAKE_CURRENT_LIST_DIR}/../build/sysroot/${BMSD_ARCH})
if(DEFINED ENV{BMSD_SYSROOT})
  set(CMAKE_SYSROOT $ENV{BMSD_SYSROOT}/${BMSD_ARCH})
endif()
get_filename_component(CMAKE_SYSROOT ${CMAKE_SYSROOT} REALPATH)
if(NOT EXISTS ${CMAKE_SYSROOT}/usr/include)
  message(FATAL_ERROR "${CMAKE_SYSROOT} is not there: run script/sysroot ${BMSD_ARCH}")
endif()

set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_LIBDIR} ${CMAKE_SYSROOT}/usr/lib/${BMSD_TRIPLE}/pkgconfig:${CMAKE_SYSROOT}/usr/share/pkgconfig)
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${CMAKE_SYSROOT})
set(CMAKE_LIBRARY_ARCHITECTURE ${BMSD_TRIPLE})

# So that what was built can be asked (its manual is made of its help) and tested here.
if(BMSD_EMULATOR)
  set(CMAKE_CROSSCOMPILING_EMULATOR ${BMSD_EMULATOR})
endif()

# The same on every machine, to the last bit: no paths of the builder's in the binary, and no multiply-add in one step, which rounds
# otherwise and which only some of the processors have.
get_filename_component(source ${CMAKE_CURRENT_LIST_DIR}/.. REALPATH)
string(JOIN " " CMAKE_CXX_FLAGS_INIT ${BMSD_MACHINE} -ffp-contract=off -ffile-prefix-map=${CMAKE_SYSROOT}=/sysroot
       -ffile-prefix-map=${source}=. -ffunction-sections -fdata-sections)
# What nobody calls stays out. -B: before the C library that the cross compiler brings. Static, also what CMake tries: the sysroot has
# no shared libraries.
set(CMAKE_EXE_LINKER_FLAGS_INIT "-static -Wl,--gc-sections -B${CMAKE_SYSROOT}/usr/lib/${BMSD_TRIPLE}")
