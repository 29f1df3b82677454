// A dbus-daemon of our own, for the demo: everybody may own and send anything, as on Venus OS.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "base/result.h"

namespace bmsd {

class PrivateBus {
 public:
  // Starts dbus-daemon with its socket in `folder`. Error io: not installed, or it did not come up.
  static Result<std::unique_ptr<PrivateBus>> start(const std::string& folder);
  ~PrivateBus();  // ends it
  PrivateBus(const PrivateBus&) = delete;
  PrivateBus& operator=(const PrivateBus&) = delete;

  const std::string& address() const { return address_; }  // "unix:path=..."

 private:
  PrivateBus(pid_t pid, std::string address) : pid_(pid), address_(std::move(address)) {}
  pid_t pid_;
  std::string address_;
};

}  // namespace bmsd
