// A value or the reason why there is none. Exceptions do not cross a room's border.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace bmsd {

// The closed list of reasons, as counted per pack, shown, and printed by `bmsd decode --json`.
enum class Errc : std::uint8_t {
  incomplete,   // more has to come
  timeout,      // nothing came
  noise,        // bytes that are no frame
  checksum,     // a frame with a wrong check
  length,       // a length field or count that does not fit
  address,      // a frame of another pack
  command,      // a frame that answers something else, or another protocol's
  refused,      // the BMS said no; Error::number is its code
  implausible,  // a reading that no battery can have
  io,           // the port, the network, the file system
  config,       // what the user asked for cannot be
  count_
};

std::string_view to_string(Errc code);

struct Error {
  Errc code = Errc::io;
  const char* what = "";    // the protocol sheet's word ("bad_lchksum"), static text
  int number = 0;           // the BMS's own return code, or errno
  std::string detail = {};  // for people, where `what` is not enough
};

// "checksum: bad_lchksum", "refused: rtn_04: service not supported", or the detail alone for io and config.
std::string describe(const Error& error);

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : content_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : content_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return content_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& value() { return std::get<0>(content_); }
  const T& value() const { return std::get<0>(content_); }
  T& operator*() { return value(); }
  const T& operator*() const { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  const Error& error() const { return std::get<1>(content_); }

 private:
  std::variant<T, Error> content_;
};

struct Done {};
using Status = Result<Done>;

}  // namespace bmsd
