#include "venus/names.h"

#include "base/bytes.h"

namespace bmsd {

std::string address_ending(int address) { return "__" + hex_address(address); }

std::string safe_identity(std::string_view identity) {
  std::string safe(identity);
  for (char& c : safe) {
    const bool keep = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (!keep) c = '_';
  }
  return safe;
}

std::string port_and_address(const Identity& identity) {
  return identity.port_name + (identity.address < 0 ? std::string() : address_ending(identity.address));
}

std::string address_suffix(const Identity& identity) {
  return identity.address_configured ? address_ending(identity.address) : std::string();
}

std::string service_name(const Identity& identity) {
  return "com.victronenergy.battery." + identity.port_name + address_suffix(identity);
}

}  // namespace bmsd
