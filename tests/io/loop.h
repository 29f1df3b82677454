// Drives an event loop until something has happened. The limit is only there so that a broken program fails instead of
// hanging.
#pragma once

#include <stdlib.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "io/port.h"

namespace bmsd {

template <typename Condition>
bool run_until(boost::asio::io_context& io, Condition condition) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > limit) return false;
    io.restart();
    io.run_one_for(std::chrono::milliseconds(100));
  }
  return true;
}

// Does what is ready, waits for nothing.
inline void settle(boost::asio::io_context& io) {
  io.restart();
  io.poll();
}

// What a port's handlers were told.
struct Told {
  std::vector<Status> opened;
  std::vector<Error> closed;
  ByteVector bytes;
  int pieces = 0;

  Port::Handlers handlers() {
    return {.opened = [this](Status status) { opened.push_back(status); },
            .bytes =
                [this](Bytes piece) {
                  bytes.insert(bytes.end(), piece.begin(), piece.end());
                  ++pieces;
                },
            .closed = [this](const Error& error) { closed.push_back(error); }};
  }
  bool is_open() const { return !opened.empty() && opened.back().ok() && closed.empty(); }
  std::string failure() const { return opened.empty() || opened.back().ok() ? "" : describe(opened.back().error()); }
};

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string path = (std::filesystem::temp_directory_path() / "bmsd-io-XXXXXX").string();
    path_ = ::mkdtemp(path.data()) != nullptr ? path : "";
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace bmsd
