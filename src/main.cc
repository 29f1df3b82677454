#include <cstring>

#include "app/cli.h"
#include "app/guardian.h"

#ifdef BMSD_STATIC
#include <nss.h>

#include <initializer_list>

// A static glibc loads the shared modules that nsswitch.conf names, of the host's glibc, and crashes where the two
// differ. These are built in.
static void use_built_in_name_services() {
  __nss_configure_lookup("hosts", "files dns");
  for (const char* database : {"passwd", "group", "services", "protocols"}) __nss_configure_lookup(database, "files");
}
#else
static void use_built_in_name_services() {}
#endif

int main(int argc, char** argv) {
  // First of all, and without the rest: a guardian is to stay small.
  if (argc == 3 && std::strcmp(argv[1], bmsd::kGuardOption) == 0) return bmsd::guard(argv[2]);
  use_built_in_name_services();
  return bmsd::run_command_line(argc, argv);
}
