// Writes what goes over ports into a capture, on another thread than the lines'.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "base/log.h"
#include "base/result.h"
#include "line/wiretap.h"
#include "store/background.h"
#include "store/rotating_file.h"

namespace bmsd {

class Recorder {
 public:
  // Opens the file, or goes on with a capture that is there. `background` outlives it. Error io.
  static Result<std::shared_ptr<Recorder>> open(Background& background, const std::string& path, RotationLimits limits,
                                                Log log, Instant now);
  Recorder(Background& background, std::string path, RotatingFile file, RotationLimits limits, Log log, Instant now);

  // One file may be that of several ports. `can`: what travels there are CAN frames.
  void note(const std::string& port, bool can, const Wiretap::Event& event);
  // Who is on the line; each time that this changes. `packs`: of kind packs or found, with its text.
  void know(const std::string& port, const CaptureRecord& packs, Instant now);

  // Hands over what was noted, a few times a second at most, and says in the log what went wrong. To be called about once
  // a second, or more often.
  void flush(Instant now);
  // The same at once: the program ends. Background::drain() then waits for it.
  void finish(Instant now);

  std::uint64_t lines() const { return lines_; }  // so far

 private:
  struct Shared;  // with the other thread
  struct PortState {
    int baud = 0;
    bool open = false;
    CaptureRecord packs;
  };
  std::int64_t unix_time(Instant at) const { return at.time_since_epoch().count() + offset_; }
  void add(const CaptureRecord& record);
  void hand_over(Instant now);
  void set_time(Instant now);
  std::string head(Instant now) const;

  Background& background_;
  std::string path_;
  RotationLimits limits_;
  Log log_;
  std::shared_ptr<Shared> shared_;
  std::map<std::string, PortState> ports_;
  std::int64_t offset_ =
      0;  // from an instant to Unix time; fixed within a file, so that a set clock tears no hole into it
  std::uint64_t size_ = 0;  // of the file
  std::string pending_;
  std::uint64_t pending_lines_ = 0, lines_ = 0;
  Instant handed_over_{};
  bool told_ = false;  // that it cannot be written
};

}  // namespace bmsd
