// The lines of a capture: what went over a port and when, as text (docs/capture.md).
//
//   # bmsd capture 1
//   @1764419719.123456 /dev/ttyUSB0 open 9600
//   @1764419719.130004 /dev/ttyUSB0 > 7E3232303134413432453030323031464432380D
//   @1764419719.190120 /dev/ttyUSB0 < 7E3232
//   (1764419719.201333) can0 18F128F4#1122334455667788 R
//
// CAN is in the words of candump -l, and everything else begins with @ or #, which its friends take for a remark.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace bmsd {

struct CaptureRecord {
  enum Kind : std::uint8_t {
    opened,    // the port is there; `baud`
    speed,     // it has another speed now: `baud`
    closed,    // it is gone
    received,  // `bytes` came in
    sent,      // `bytes` went out
    packs,     // `text`: who is on the line, as PACKS of config.ini has it: "daren-485@0x01,0x02"
    found,     // the same, of one pack whose address nobody has configured
  };
  std::int64_t at = 0;  // microseconds of Unix time
  std::string port;
  Kind kind = received;
  bool can = false;  // `bytes` is a CAN frame (wire/can_frame.h)
  int baud = 0;      // bits per second; 0: the port has no speed of its own
  ByteVector bytes = {};
  std::string text = {};

  bool operator==(const CaptureRecord&) const = default;
};

inline constexpr std::string_view kCaptureHead = "# bmsd capture 1\n";

// One line with its line feed; of a CAN port one for each frame in `bytes`.
std::string capture_line(const CaptureRecord& record);

// One line without its line feed. Nothing: a remark, an empty line, or a CAN frame that bmsd has no use for (remote, error,
// FD). Error config: what is wrong with it, and where the format is of another version, what to do.
Result<std::optional<CaptureRecord>> parse_capture_line(std::string_view line);

struct CaptureReport {
  std::size_t records = 0;
  bool torn = false;  // the last line has no end: it was left out
};

// All lines of a file. Error config: "NAME:LINE: what is wrong; what to do". What comes behind the last line feed was being
// written when the writer died, and is left out.
Result<CaptureReport> read_capture(std::string_view text, std::string_view name,
                                   const std::function<void(CaptureRecord record, std::size_t line)>& each);

}  // namespace bmsd
