// A capture back through the whole program: lines that listen to both directions of it, the hub, the sinks, in the time of
// the capture. No clock, no I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/hub.h"
#include "app/port_plan.h"
#include "config/config.h"
#include "line/capture.h"

namespace bmsd {

// Of a file that is read as a whole.
inline constexpr std::size_t kLargestCapture = std::size_t{1} << 30;

// A whole capture, or several one behind the other. Error config: "FILE:LINE: what is wrong; what to do".
struct Capture {
  std::vector<CaptureRecord> records;
  std::vector<std::string> remarks;  // a torn end
};
Result<Capture> load_capture(const std::vector<std::string>& files);
// The same of one file's text: its records behind those that are there.
Status add_capture(std::string_view text, const std::string& name, Capture& capture);

class Replayer {
 public:
  // `begin`: the instant of the first record. `options`: what the user says of all lines; where nothing is said, a line is
  // what the capture says of it.
  static Result<std::unique_ptr<Replayer>> make(Capture capture, const LineOptions& options, const Config& config,
                                                Instant begin, Log log);

  Hub& hub() { return hub_; }

  // What is spoken at each port, as far as the capture or the user says so or a pack was heard.
  std::map<std::string, std::vector<const Protocol*>> protocols() const;

  // All of it. `reached` is called before time goes on to an instant: whoever replays at real speed waits there; false ends
  // it.
  void run(const std::function<bool(Instant)>& reached);

 private:
  struct Port {
    std::unique_ptr<Line> line;
    bool open = false;
    Instant look{};
  };
  Replayer(Capture capture, Instant begin, Log log) : capture_(std::move(capture)), hub_(std::move(log)), now_(begin) {}

  bool go_to(Instant until, const std::function<bool(Instant)>& reached);
  void deliver(const CaptureRecord& record);
  void pump(Line& line);

  Capture capture_;
  Hub hub_;
  std::map<std::string, Port> ports_;
  Instant now_;
  Instant next_tick_{};
  Instant wall_at_{};      // when the capture's time was
  std::int64_t wall_ = 0;  // this, in microseconds of Unix time
};

}  // namespace bmsd
