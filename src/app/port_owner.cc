#include "app/port_owner.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "app/port_plan.h"

namespace bmsd {
namespace {

namespace fs = std::filesystem;

// serial-starter's lock is a symbolic link whose target is the process that it was made for.
std::optional<Holder> locked_for(const std::string& tty, const std::string& root) {
  std::error_code error;
  const std::string target = fs::read_symlink(root + "/var/lock/serial-starter/" + tty, error);
  if (error) return std::nullopt;
  const std::string_view number = std::string_view(target).substr(target.rfind('/') + 1);
  int pid = 0;
  const auto [end, wrong] = std::from_chars(number.data(), number.data() + number.size(), pid);
  if (wrong != std::errc() || end != number.data() + number.size() || pid <= 0) return std::nullopt;
  return holder_of(pid);
}

// As udev's database has it: "E:VE_SERVICE=vedirect".
std::string service_of(const std::string& device, const std::string& root) {
  struct stat status {};
  if (::stat(device.c_str(), &status) != 0 || !S_ISCHR(status.st_mode)) return {};
  constexpr std::string_view kKey = "E:VE_SERVICE=";
  std::ifstream file(fmt::format("{}/run/udev/data/c{}:{}", root, major(status.st_rdev), minor(status.st_rdev)));
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(kKey)) return line.substr(kKey.size());
  }
  return {};
}

}  // namespace

PortOwner owner_of(const std::string& port, const std::string& root) {
  PortOwner owner;
  const auto device = device_of(port);
  if (!device) return owner;
  owner.tty = device->substr(device->rfind('/') + 1);
  owner.holder = find_holder(*device);
  owner.starter = locked_for(owner.tty, root);
  owner.service = service_of(*device, root);
  return owner;
}

std::string describe(const PortOwner& owner) {
  std::string text = owner.holder ? describe(*owner.holder) : "a program that cannot be seen from here";
  if (owner.starter) {
    const bool same = owner.holder && owner.holder->pid == owner.starter->pid;
    if (!owner.holder) text = describe(*owner.starter);
    text += same || !owner.holder ? ", to which serial-starter has given it"
                                  : "; serial-starter has locked it for " + describe(*owner.starter);
  }
  if (!owner.service.empty()) text += " (VE_SERVICE " + owner.service + ")";
  return text;
}

}  // namespace bmsd
