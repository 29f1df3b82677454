// Publishes batteries on Victron's D-Bus as com.victronenergy.battery.*: one private connection per battery, because
// every service exports the object "/" and consumers tell services apart by their connection.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "bank/view.h"
#include "base/log.h"

namespace boost::asio {
class io_context;
}

namespace bmsd {

class VenusService;
class Claims;

struct VenusOptions {
  // A D-Bus address ("unix:path=..."), "system" or "session". As in all Victron code "system" means the session bus
  // where DBUS_SESSION_BUS_ADDRESS is set.
  std::string bus = "system";
  std::string process_name = "bmsd";  // /Mgmt/ProcessName
  std::string process_version;        // /Mgmt/ProcessVersion and /FirmwareVersion
  // Take no name before com.victronenergy.settings answered: a wrong guess would make a new device instance. For
  // machines with /etc/venus; elsewhere Identity::order is the instance after 2 s without an answer.
  bool wait_for_settings = false;
  std::function<std::int64_t()> unix_time = {};  // seconds, for LastSeen in the settings; empty: 0, never seen
};

class VenusSink : public Sink {
 public:
  // A service appeared on the bus, also again after the bus was away. Comes from the loop, never from within a call to
  // the sink.
  using Appeared = std::function<void(const std::string& service, std::string_view id)>;

  // `io` must outlive the sink. Nothing blocks: the bus is connected, and connected again when it goes away, in the
  // background.
  VenusSink(boost::asio::io_context& io, VenusOptions options, Log log, Appeared appeared = {});
  ~VenusSink() override;

  // The service takes its name once the settings answered and view.limits.cvl is known; consumers compute with the
  // limits at once.
  void added(const BatteryView& view, Instant now) override;
  void changed(const BatteryView& view, Instant now) override;
  void removed(const Identity& identity, Instant now) override;  // the name goes

 private:
  boost::asio::io_context& io_;
  VenusOptions options_;
  Log log_;
  Appeared appeared_;
  std::unique_ptr<Claims> claims_;
  std::map<std::string, std::unique_ptr<VenusService>, std::less<>> services_;  // by Identity::id
};

}  // namespace bmsd
