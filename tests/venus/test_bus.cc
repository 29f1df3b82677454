#include "test_bus.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace bmsd::testing {

bool run_until(boost::asio::io_context& io, const std::function<bool()>& condition, std::chrono::seconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    io.restart();
    io.run_one_for(std::chrono::milliseconds(50));
  }
  return true;
}

TestBus::TestBus() {
  char folder[] = "/tmp/bmsd-bus-XXXXXX";
  if (!mkdtemp(folder)) throw std::runtime_error("no temporary folder");
  folder_ = folder;
  address_ = "unix:path=" + folder_ + "/bus";
  std::ofstream(folder_ + "/bus.conf")
      << R"(<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>)"
      << address_ << R"(</listen>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>)";
  start();
}

TestBus::~TestBus() {
  stop();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void TestBus::start() {
  int announced[2];
  if (pipe2(announced, 0) != 0) throw std::runtime_error("no pipe");
  const std::string config = "--config-file=" + folder_ + "/bus.conf";
  const std::string print = "--print-address=" + std::to_string(announced[1]);
  pid_ = fork();
  if (pid_ == 0) {
    dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);  // its grumbling about limits
    execlp("dbus-daemon", "dbus-daemon", config.c_str(), "--nofork", "--nopidfile", print.c_str(), nullptr);
    _exit(127);
  }
  close(announced[1]);
  char first = 0;  // its address: it listens
  const bool listens = read(announced[0], &first, 1) == 1;
  close(announced[0]);
  if (!listens) throw std::runtime_error("dbus-daemon did not start");
}

void TestBus::stop() {
  if (pid_ <= 0) return;
  kill(pid_, SIGTERM);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
  std::filesystem::remove(folder_ + "/bus");
}

ItemsSeen read_items(DBusMessage& message) {
  ItemsSeen items;
  DBusMessageIter iter, array, entry;
  if (!dbus_message_has_signature(&message, "a{sa{sv}}")) {
    ADD_FAILURE() << "signature " << dbus_message_get_signature(&message) << " " << error_of(message);
    return items;
  }
  dbus_message_iter_init(&message, &iter);
  for (dbus_message_iter_recurse(&iter, &array); dbus_message_iter_get_arg_type(&array) == DBUS_TYPE_DICT_ENTRY;
       dbus_message_iter_next(&array)) {
    dbus_message_iter_recurse(&array, &entry);
    const char* path = nullptr;
    dbus_message_iter_get_basic(&entry, &path);
    dbus_message_iter_next(&entry);
    ItemSeen seen;
    for (auto& [key, value] : read_dict(entry)) {
      if (key == "Value") seen.value = value;
      if (key == "Text") seen.text = std::get<std::string>(value);
    }
    items[path] = seen;
  }
  return items;
}

TestClient::TestClient(boost::asio::io_context& io, const std::string& address)
    : io_(io),
      connection_(io, {[this](const Status& status) { ready_ = status.ok(); },
                       [this](DBusMessage& message) {
                         if (dbus_message_is_signal(&message, kBusItem, "ItemsChanged"))
                           changes.push_back(read_items(message));
                       },
                       [](DBusMessage&) {}, [] {}}) {
  EXPECT_TRUE(connection_.open(address));
  EXPECT_TRUE(run_until(io_, [this] { return ready_; }));
  connection_.add_match("type='signal',interface='com.victronenergy.BusItem',member='ItemsChanged'");
  EXPECT_FALSE(owner("org.freedesktop.DBus").empty());  // the answer comes behind the match
}

MessagePtr TestClient::call(DBusMessage& message) {
  MessagePtr answer;
  connection_.call(message, 20s, [&](DBusMessage& reply) { answer.reset(dbus_message_ref(&reply)); });
  if (!run_until(io_, [&] { return answer != nullptr; })) throw std::runtime_error("no answer");
  return answer;
}

MessagePtr TestClient::call(const std::string& service, const std::string& path, const char* member,
                            const char* interface) {
  return call(*method_call(service.c_str(), path, interface, member));
}

std::int32_t TestClient::set_value(const std::string& service, const std::string& path, const BusValue& value) {
  const auto message = method_call(service.c_str(), path, kBusItem, "SetValue");
  Writer(*message).variant(value);
  const auto reply = call(*message);
  const auto result = first_value(*reply);
  if (!error_of(*reply).empty() || !result || !std::holds_alternative<std::int32_t>(*result)) return -99;
  return std::get<std::int32_t>(*result);
}

ItemsSeen TestClient::items(const std::string& service) { return read_items(*call(service, "/", "GetItems")); }

BusValue TestClient::value(const std::string& service, const std::string& path) {
  const auto reply = call(service, path, "GetValue");
  EXPECT_EQ(error_of(*reply), "");
  EXPECT_STREQ(dbus_message_get_signature(reply.get()), "v");
  return first_value(*reply).value_or(BusValue());
}

std::string TestClient::owner(const std::string& service) {
  const auto message = method_call(DBUS_SERVICE_DBUS, DBUS_PATH_DBUS, DBUS_INTERFACE_DBUS, "GetNameOwner");
  Writer(*message).text(service);
  const auto reply = call(*message);
  if (!error_of(*reply).empty()) return {};
  return std::get<std::string>(*first_value(*reply));
}

std::int32_t TestClient::request_name(const std::string& name) {
  const auto message = method_call(DBUS_SERVICE_DBUS, DBUS_PATH_DBUS, DBUS_INTERFACE_DBUS, "RequestName");
  Writer writer(*message);
  writer.text(name);
  writer.uint32(DBUS_NAME_FLAG_DO_NOT_QUEUE);
  return std::get<std::int32_t>(*first_value(*call(*message)));
}

}  // namespace bmsd::testing
