// What goes over the ports of a daemon: into captures, and into the black box that is written when something goes wrong.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/port_plan.h"
#include "app/recorder.h"
#include "bank/view.h"
#include "base/log.h"
#include "config/config.h"
#include "line/black_box.h"
#include "line/wiretap.h"
#include "store/background.h"

namespace bmsd {

struct TrafficOptions {
  std::string folder;               // for what has no place of its own: captures in capture/; empty: there is none
  std::string black_boxes;          // the folder of black boxes; empty: none are written
  std::size_t black_box_files = 4;  // of each line
};

// Where the black boxes of a daemon are: as configured, or beside its state file. Empty: nowhere.
std::string black_box_folder(const DaemonConfig& config, const std::string& state_path);

// As a sink it sees what is rejected and which alarms begin.
class Traffic final : public Sink {
 public:
  explicit Traffic(Log log) : log_(std::move(log)) {}

  // Before the first port.
  void set_options(TrafficOptions options) { options_ = std::move(options); }

  // What is to be pumped instead of the line, which outlives this. A capture that cannot be begun is an error in the log and
  // keeps nobody from being read.
  Machine& tap(Line& line, const PortPlan& plan, Instant now);
  // Whether some port is written to a capture.
  bool records() const;

  // Writes what was noted. After each event.
  void look(Instant now);
  // The same, and waits until it is written: the program ends.
  void finish(Instant now);

  void added(const BatteryView& view, Instant now) override;
  void changed(const BatteryView& view, Instant now) override;
  void removed(const Identity& identity, Instant now) override;

 private:
  struct Tapped {
    Line* line = nullptr;
    std::string port;
    bool can = false;
    bool configured = false;  // somebody said who is on the line
    std::unique_ptr<Wiretap> tap{};
    std::shared_ptr<Recorder> recorder{};
    std::optional<BlackBox> box{};
    std::size_t packs_told = 0;
    std::optional<Instant> written_at{};  // the black box
  };
  struct Seen {  // of a battery
    std::uint64_t rejected = 0;
    std::array<Severity, kAlarmCount> alarms{};
  };
  static Seen seen(const BatteryView& view);
  Result<std::shared_ptr<Recorder>> recorder(const PortPlan& plan, Instant now);
  CaptureRecord packs(const Tapped& tapped) const;
  void write_black_box(Tapped& tapped, const std::string& why, Instant now);

  Log log_;
  TrafficOptions options_;
  std::vector<std::unique_ptr<Tapped>> ports_;
  std::map<std::string, std::shared_ptr<Recorder>> recorders_;  // by file
  std::map<std::string, Seen> seen_;                            // by Identity::id
  Background background_;                                       // last: it may work for those above until it is gone
};

}  // namespace bmsd
