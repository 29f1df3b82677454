// One battery on the bus: its connection, its items, its name.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "bank/view.h"
#include "venus/battery_paths.h"
#include "venus/bus_item.h"
#include "venus/connection.h"
#include "venus/delay.h"
#include "venus/publisher.h"
#include "venus/settings.h"
#include "venus/sink.h"

namespace bmsd {

// The way to the bus: connect, say hello, enroll in the settings, wait for limits, take the name. Whatever fails is
// tried again each second; when the bus goes away it starts anew. The items outlive the connection.
class VenusService {
 public:
  VenusService(boost::asio::io_context& io, const VenusOptions& options, const Log& log,
               const VenusSink::Appeared& appeared, Claims& claims, const BatteryView& view, Instant now);
  ~VenusService();

  void changed(const BatteryView& view, Instant now);

 private:
  // What lives as long as one connection; the members go in reverse order.
  struct Link {
    explicit Link(VenusService& service);
    Connection connection;
    BusItems items;
    std::unique_ptr<SettingsClient> settings;
  };

  void connect();
  void registered();
  void lost();
  void connect_later();
  void complain(const std::string& problem);

  void enroll();
  void enrolled(std::optional<SettingsClient::Enrolled> enrolled);
  void settings_appeared();
  void enrolled_late(const SettingsClient::Enrolled& found);
  void use(const SettingsClient::Enrolled& found);
  void restart();
  void write_last_seen();

  void request_name();
  void named(DBusMessage& reply);
  void try_name_later(const std::string& problem);

  void set_custom_name(const BusValue& value, std::function<void(SetResult)> done);
  void show_custom_name(const std::string& name);
  void flush(Instant now);
  Choice choose(std::span<const StoredDevice> devices);
  std::int64_t unix_time() const;
  void note(Level level, const std::string& text) const { log_(level, name_ + ": " + text); }

  boost::asio::io_context& io_;
  const VenusOptions& options_;
  const Log& log_;
  const VenusSink::Appeared& appeared_;
  Claims& claims_;

  const Identity identity_;
  const std::string name_;
  ServiceFacts facts_;
  ItemTree tree_;
  BatteryPaths paths_;
  Publisher publisher_;
  Instant now_;  // of the last call from outside

  std::unique_ptr<Link> link_;
  Delay retry_, flush_, daily_;
  bool settled_ = false;  // identity and instance are known for this connection
  bool guessed_ = false;  // the identity was chosen without the settings
  bool limits_ = false;   // the charge voltage is known
  bool asked_ = false;    // for the name
  bool online_ = false;   // the name is ours
  int name_tries_ = 0;
  std::string problem_;  // the one that was logged last
};

}  // namespace bmsd
