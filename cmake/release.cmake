# What is released with the program: its manual and completions, made by asking it, and the Debian package.
if(NOT BMSD_STATIC)
  message(FATAL_ERROR "BMSD_RELEASE wants BMSD_STATIC: the package is to run on every Debian")
endif()

target_link_options(bmsd PRIVATE -Wl,-Map=${PROJECT_BINARY_DIR}/bmsd.map)  # for package/sbom.py

set(manual ${PROJECT_BINARY_DIR}/manual)
add_custom_command(
  OUTPUT ${manual}/bmsd.1 ${manual}/bmsd.bash ${manual}/_bmsd ${manual}/bmsd.fish
  COMMAND /usr/bin/python3 ${PROJECT_SOURCE_DIR}/package/manual.py --out ${manual} -- ${CMAKE_CROSSCOMPILING_EMULATOR} $<TARGET_FILE:bmsd>
  DEPENDS bmsd ${PROJECT_SOURCE_DIR}/package/manual.py ${PROJECT_SOURCE_DIR}/package/bmsd.1.in)
# Debian wants them compressed; -n leaves the time out, so that two builds are the same.
add_custom_command(OUTPUT ${manual}/bmsd.1.gz COMMAND gzip -9 -n -k -f ${manual}/bmsd.1 DEPENDS ${manual}/bmsd.1)
add_custom_command(OUTPUT ${manual}/changelog.gz COMMAND gzip -9 -n -c ${PROJECT_SOURCE_DIR}/CHANGELOG.md > ${manual}/changelog.gz
                   DEPENDS ${PROJECT_SOURCE_DIR}/CHANGELOG.md)
add_custom_target(manual ALL DEPENDS ${manual}/bmsd.1.gz ${manual}/bmsd.bash ${manual}/changelog.gz)

set(debian ${PROJECT_SOURCE_DIR}/package/debian)
install(FILES ${debian}/bmsd.service DESTINATION /usr/lib/systemd/system)
install(FILES ${debian}/60-bmsd.rules DESTINATION /usr/lib/udev/rules.d)
install(FILES ${debian}/bmsd-dbus.conf DESTINATION /usr/share/dbus-1/system.d RENAME bmsd.conf)
install(FILES ${debian}/config.ini DESTINATION /etc/bmsd)
install(FILES ${debian}/copyright ${manual}/changelog.gz DESTINATION /usr/share/doc/bmsd)
install(FILES ${manual}/bmsd.1.gz DESTINATION /usr/share/man/man1)
install(FILES ${manual}/bmsd.bash DESTINATION /usr/share/bash-completion/completions RENAME bmsd)
install(FILES ${manual}/_bmsd DESTINATION /usr/share/zsh/vendor-completions)
install(FILES ${manual}/bmsd.fish DESTINATION /usr/share/fish/vendor_completions.d)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME bmsd)
set(CPACK_PACKAGE_CONTACT "bmsd <bmsd@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "reads battery management systems and publishes them on D-Bus")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "A daemon that reads battery management systems over serial lines and CAN, works out the limits of
charging and discharging, and publishes each battery as a service of Victron's D-Bus. With it come tools that
find, show, simulate and explain batteries.")
set(CPACK_STRIP_FILES TRUE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE ${BMSD_ARCH})
set(CPACK_DEBIAN_PACKAGE_SECTION misc)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
# Static: the same program on Debian 12 and what follows it, on Raspberry Pi OS, and the one that was tested. No library is needed.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser, dbus, init-system-helpers")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${debian}/postinst ${debian}/prerm ${debian}/postrm ${debian}/conffiles)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION TRUE)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
include(CPack)
