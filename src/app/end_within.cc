#include "app/end_within.h"

#include <cstdio>
#include <cstdlib>
#include <future>
#include <thread>

namespace bmsd {

void end_within(Duration patience, int status) {
  std::thread([patience, status, never = std::promise<void>()]() mutable {
    (void)never.get_future().wait_for(patience);
    std::fputs("warning: a port, a look-up or a disk holds up the end; ending all the same\n", stderr);
    std::_Exit(status);
  }).detach();
}

}  // namespace bmsd
