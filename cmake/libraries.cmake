# What bmsd stands on, as Debian packages it (docs/design.md, section 4). All headers are system headers: our warnings are for our code.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)
pkg_check_modules(DBUS REQUIRED dbus-1)

add_library(bmsd_asio INTERFACE)
target_include_directories(bmsd_asio SYSTEM INTERFACE ${Boost_INCLUDE_DIRS})
target_compile_definitions(bmsd_asio INTERFACE BOOST_ASIO_NO_DEPRECATED)
target_link_libraries(bmsd_asio INTERFACE Threads::Threads bmsd_fmt)

# Debian has no static fmt.
add_library(bmsd_fmt INTERFACE)
if(BMSD_STATIC)
  add_library(bmsd_fmt_compiled STATIC ${CMAKE_CURRENT_LIST_DIR}/fmt.cc)
  get_target_property(fmt_headers fmt::fmt-header-only INTERFACE_INCLUDE_DIRECTORIES)
  target_include_directories(bmsd_fmt_compiled SYSTEM PUBLIC ${fmt_headers})
  target_link_libraries(bmsd_fmt INTERFACE bmsd_fmt_compiled)
else()
  target_link_libraries(bmsd_fmt INTERFACE fmt::fmt)
endif()

add_library(bmsd_json INTERFACE)
target_link_libraries(bmsd_json INTERFACE nlohmann_json::nlohmann_json bmsd_fmt)

add_library(bmsd_cli INTERFACE)
target_link_libraries(bmsd_cli INTERFACE CLI11::CLI11)

add_library(bmsd_dbus INTERFACE)
target_include_directories(bmsd_dbus SYSTEM INTERFACE ${DBUS_INCLUDE_DIRS})
if(BMSD_STATIC)
  find_library(DBUS_STATIC libdbus-1.a REQUIRED)
  target_link_libraries(bmsd_dbus INTERFACE ${DBUS_STATIC} Threads::Threads)
else()
  target_link_libraries(bmsd_dbus INTERFACE ${DBUS_LINK_LIBRARIES})
endif()
