// What the rest of the system knows of each battery (control/surroundings.h): an external sensor, and down to where the
// ESS uses the battery. One for all batteries.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "bank/view.h"
#include "base/log.h"
#include "control/surroundings.h"
#include "venus/delay.h"
#include "venus/watch.h"

namespace bmsd {

class SurroundingsWatch {
 public:
  using Tell = std::function<void(std::string_view id, const Surroundings& surroundings)>;

  // `bus` as in VenusOptions. `tell`: they are others now, of the battery Identity::id; comes from the loop, never from
  // within a call to this.
  SurroundingsWatch(boost::asio::io_context& io, std::string bus, Log log, Tell tell);

  // A battery that is there; again when it may be configured otherwise now.
  void follow(const BatteryView& view);
  void leave(const std::string& id);

 private:
  // Whether one of the sensor's values is used, and since when that is worth a line in the log.
  struct Use {
    explicit Use(boost::asio::io_context& io) : quiet(io) {}
    bool used = false;
    std::optional<bool> told;  // what was logged last
    Delay quiet;               // no line until it is over
  };
  struct Followed {
    explicit Followed(boost::asio::io_context& io) : current(io), soc(io) {}
    ExternalSensor sensor;
    bool wants_ess = false;
    std::optional<Surroundings> told;
    Use current, soc;
  };

  void rewatch();
  void look_later();
  void look();
  std::optional<Ess> ess() const;
  std::optional<double> measured(const ExternalSensor& sensor, const std::string& path, Field field) const;
  void note(const std::string& id, const ExternalSensor& sensor, const std::string& path, const char* what, Use& use);

  boost::asio::io_context& io_;
  Log log_;
  Tell tell_;
  std::map<std::string, std::unique_ptr<Followed>, std::less<>> batteries_;  // by Identity::id
  BusWatch watch_;
  Delay look_;
};

}  // namespace bmsd
