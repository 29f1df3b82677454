// Publishes batteries on Victron's D-Bus as com.victronenergy.battery.*: one private connection per battery, because
// every service exports the object "/" and consumers tell services apart by their connection.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bank/kept.h"
#include "bank/view.h"
#include "base/log.h"
#include "base/time.h"
#include "battery/change.h"

namespace boost::asio {
class io_context;
}

namespace bmsd {

class VenusService;
class Roster;
class SurroundingsWatch;

struct VenusOptions {
  // A D-Bus address ("unix:path=..."), "system" or "session". As in all Victron code "system" means the session bus
  // where DBUS_SESSION_BUS_ADDRESS is set.
  std::string bus = "system";
  std::string process_name = "bmsd";  // /Mgmt/ProcessName
  std::string process_version;        // /Mgmt/ProcessVersion and /FirmwareVersion
  // Take no name before com.victronenergy.settings answered: a wrong guess would make a new device instance. For
  // machines with /etc/venus; elsewhere the instance and the name are what `recall` gives, or else Identity::order and
  // none: at once where there are no settings, and where they are but do not answer for `settings_patience`.
  bool wait_for_settings = false;
  std::function<std::int64_t()> unix_time = {};  // seconds, for LastSeen in the settings; empty: 0, never seen
  Duration settings_patience = 5s;

  // What the state file has of an identity (as in /Serial), and what it is to have: told when the settings answered,
  // when the user has renamed the battery, daily, and when save() brought something new.
  std::function<std::optional<Kept>(std::string_view identity)> recall = {};
  std::function<void(std::string_view identity, const Kept& kept)> remember = {};
  // What a battery kept of its last life, for charge control and the counters; `id` is Identity::id. Once from `recall`
  // if it had to do, once from the settings. Comes from the loop, never from within a call to the sink.
  std::function<void(std::string_view id, const Kept& kept)> restored = {};

  // Changes something in the BMS of the battery `id` (Display::changes); `done` is called once, with whether the BMS
  // says now what was wanted, after the sink was told what it says.
  std::function<void(std::string_view id, const Change& change, std::function<void(bool)> done)> change = {};

  // What the rest of the system knows of the battery `id`. Comes from the loop, never from within a call to the sink.
  std::function<void(std::string_view id, const Surroundings& surroundings)> surroundings = {};

  // What clients tell charge control of the battery `id`; the sink is told what comes of it from within the call. They
  // say whether it was done. `group` as in HistoryGroup; `percent`: of a SoC that is counted here.
  std::function<bool(std::string_view id, int group)> clear_history = {};
  std::function<bool(std::string_view id, std::int64_t unix_time)> date_soc_reset = {};
  std::function<bool(std::string_view id, double percent)> set_counted_soc = {};

  // Where the file is that two drivers of one instance exclude each other with; empty: none (a private bus).
  std::string lock_folder = "/var/tmp";
  // This process goes on where another one stops, which serves the same batteries until take_names(): no name is asked for
  // before. `inherited_lock` hands out the lock of a file that the other one has passed on, or -1; each once.
  bool takes_over = false;
  std::function<int(const std::string& path)> inherited_lock = {};
  // After the settings answered first. By then every battery that is there has said so, and its entry is not taken for
  // a forgotten one.
  Duration tidy_after = 20s;
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

  // The state to keep of a battery; Kept::instance, custom_name and last_seen are the sink's and not looked at. Writes
  // what differs from what is stored, every time, so the caller sees to the pace; flash lies behind. No effect before
  // it is known what was kept (`restored`).
  void save(std::string_view id, const Kept& kept);

  // --- Handing over to another process (docs/restart.md)

  // Another process may take the names now; one that goes gives them back at once, because this one stays in the queue for
  // them. Without `may` nobody may any more.
  void let_names_go(bool may);
  // The locks of device instances that are held: the file, and the descriptor for whoever takes over.
  std::vector<std::pair<std::string, int>> instance_locks() const;

  // With VenusOptions::takes_over: whether `id` has everything but its name, and whether it has its name.
  bool prepared(std::string_view id) const;
  bool on_the_bus(std::string_view id) const;
  // Asks for the names, also where another process has them and allows it.
  void take_names();

 private:
  boost::asio::io_context& io_;
  VenusOptions options_;
  Log log_;
  Appeared appeared_;
  std::unique_ptr<Roster> roster_;
  std::map<std::string, std::unique_ptr<VenusService>, std::less<>> services_;  // by Identity::id
  std::unique_ptr<SurroundingsWatch> surroundings_;                             // null: nobody asks
};

}  // namespace bmsd
