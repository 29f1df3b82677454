#include "venus/battery_reader.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <optional>
#include <utility>

#include "venus/connection.h"

namespace bmsd {
namespace {

constexpr const char* kPrefix = "com.victronenergy.battery.";

// The strings of an array of strings at the beginning of a message.
std::vector<std::string> names_in(DBusMessage& reply) {
  std::vector<std::string> names;
  DBusMessageIter arguments;
  if (!dbus_message_iter_init(&reply, &arguments)) return names;
  if (const auto value = read_value(arguments)) {
    if (const auto* texts = std::get_if<std::vector<std::string>>(&*value)) names = *texts;
  }
  return names;
}

class Reader {
 public:
  explicit Reader(Duration patience)
      : patience_(patience),
        connection_(io_, {[this](Status status) { status ? list() : fail(status.error()); },
                          {},
                          {},
                          [this] {
                            fail({Errc::io, "dbus", 0, "the bus is gone"});
                          }}) {}

  Result<std::vector<BatteryOnBus>> read(const std::string& address) {
    if (const Status opened = connection_.open(address); !opened) return opened.error();
    boost::asio::steady_timer timer(io_);
    timer.expires_after(patience_);
    timer.async_wait([this](const boost::system::error_code& error) {
      if (!error) fail({Errc::io, "dbus", 0, "the bus does not answer"});
    });
    io_.run();
    if (error_ && batteries_.empty()) return *error_;
    std::sort(batteries_.begin(), batteries_.end(), [](const auto& a, const auto& b) { return a.service < b.service; });
    return std::move(batteries_);
  }

 private:
  void list() {
    const MessagePtr call = method_call(DBUS_SERVICE_DBUS, DBUS_PATH_DBUS, DBUS_INTERFACE_DBUS, "ListNames");
    connection_.call(*call, patience_, [this](DBusMessage& reply) {
      if (const std::string error = error_of(reply); !error.empty()) return fail({Errc::io, "dbus", 0, error});
      for (const std::string& name : names_in(reply)) {
        if (name.starts_with(kPrefix)) get_items(name);
      }
      if (open_ == 0) io_.stop();
    });
  }

  void get_items(const std::string& service) {
    ++open_;
    const MessagePtr call = method_call(service.c_str(), "/", kBusItem, "GetItems");
    connection_.call(*call, patience_, [this, service](DBusMessage& reply) {
      if (error_of(reply).empty()) {
        std::map<std::string, BusValue> items;
        for (auto& [path, value] : item_values(reply)) items.insert_or_assign(path, std::move(value));
        batteries_.push_back({service, std::move(items)});
      }
      if (--open_ == 0) io_.stop();
    });
  }

  void fail(Error error) {
    error_ = std::move(error);
    io_.stop();
  }

  Duration patience_;
  boost::asio::io_context io_{1};
  std::vector<BatteryOnBus> batteries_;
  std::optional<Error> error_;
  int open_ = 0;
  Connection connection_;
};

}  // namespace

Result<std::vector<BatteryOnBus>> read_batteries(const std::string& bus, Duration patience) {
  const auto address = bus_address(bus);
  if (!address) return address.error();
  return Reader(patience).read(*address);
}

}  // namespace bmsd
