// Who a battery is for the rest of the system: its identity, its device instance, its name, and what it kept of its
// last life. From the settings service; where there is none, from what this process was given to remember.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "bank/kept.h"
#include "bank/view.h"
#include "base/log.h"
#include "venus/delay.h"
#include "venus/item_tree.h"
#include "venus/roster.h"
#include "venus/settings.h"
#include "venus/sink.h"

namespace bmsd {

// Lives as long as the battery and over many connections; asks the settings anew on each of them, and each time that
// they come back. An answer that differs from what was in use is told like the first one.
class Enrollment {
 public:
  struct Handlers {
    std::function<void()> settled;  // identity and instance are known now, or others than before
    std::function<void()> renamed;  // custom_name
  };

  // `log` adds who speaks.
  Enrollment(boost::asio::io_context& io, const VenusOptions& options, Roster& roster, const Identity& identity,
             Handlers handlers, Log log);
  ~Enrollment();

  void begin(Connection& connection);  // which must be registered
  void end();                          // before the connection goes
  void on_signal(DBusMessage& message);

  bool settled() const { return settled_; }  // on this connection
  const std::string& identity() const { return identity_; }
  const Kept& kept() const { return kept_; }

  // Keeps the state in `kept`; instance, name and LastSeen are this object's own.
  void save(const Kept& kept);
  // Answers a write of /CustomName.
  void set_custom_name(const std::string& name, std::function<void(SetResult)> done);

 private:
  void ask();
  void failed(bool absent);
  void answered(const SettingsClient::Enrolled& found);
  void guess();
  void settle(Roster::Source source);
  void instance_changed(std::int32_t instance);
  void renamed(const std::string& name);

  Choice choose(std::span<const StoredDevice> devices);
  std::vector<StoredDevice> recalled() const;
  void seen();
  void tidy_up();
  void remember() const;
  std::int64_t unix_time() const { return options_.unix_time ? options_.unix_time() : 0; }

  const VenusOptions& options_;
  Roster& roster_;
  const std::string id_, best_;
  Handlers handlers_;
  Log log_;

  std::unique_ptr<SettingsClient> client_;
  Delay retry_, patience_, seen_, tidy_;
  std::string identity_;  // empty: never known
  Kept kept_;
  bool settled_ = false;
  bool answered_ = false;      // the settings have told once who we are
  bool unsaved_name_ = false;  // the name was written while there were no settings
  bool told_waiting_ = false;  // logged
};

}  // namespace bmsd
