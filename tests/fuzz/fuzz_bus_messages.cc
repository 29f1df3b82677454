// What other programs say over D-Bus: signals and replies of foreign services, what the settings keep, and calls to a battery's
// items. The first byte says what kind of message it is, the rest fills it (bus_message.h). Whatever it holds: nothing is read
// that was not said, an item is only set to a value of its type, and every call has one answer that can be sent.
#include <cmath>
#include <map>
#include <set>

#include "bus_message.h"
#include "control/history.h"
#include "venus/bus_item.h"
#include "venus/commands.h"
#include "venus/kept_settings.h"
#include "venus/names.h"
#include "venus/roster.h"
#include "venus/stored_devices.h"

namespace {

using namespace bmsd;

constexpr std::array<const char*, 40> kSaid = {"Value",
                                               "Text",
                                               "/Dc/0/Current",
                                               "/Soc",
                                               "/Settings/ResetSocTo",
                                               "/Settings/ForceChargingOff",
                                               "path",
                                               "error",
                                               "value",
                                               "serialbattery_A1/ClassAndVrmInstance",
                                               "serialbattery_A1/CustomName",
                                               "serialbattery_A1/LastSeen",
                                               "serialbattery_A1/UniqueIdentifier",
                                               "serialbattery_a1/ClassAndVrmInstance",
                                               "serialbattery_a1/UniqueIdentifier",
                                               "serialbattery_a1/LastSeen",
                                               "serialbattery_B2/ClassAndVrmInstance",
                                               "serialbattery_B2/LastSeen",
                                               "battery:1",
                                               "battery:2",
                                               "battery:2147483647",
                                               "battery:-1",
                                               "tank:3",
                                               "A1",
                                               "a1",
                                               "B2",
                                               "1e999",
                                               "-1e15",
                                               "nan",
                                               "1790000000",
                                               "serialbattery_A1/MaxVoltageStartTime",
                                               "serialbattery_A1/SocCalc",
                                               "serialbattery_A1/HistoryValues",
                                               "serialbattery_A1/AllowMaxVoltage",
                                               "serialbattery_A1/SocResetLastReached",
                                               "{\"charge_cycles\": 3}",
                                               "",
                                               "/",
                                               "67.25",
                                               "serialbattery_C3/CustomName"};

constexpr std::array<const char*, 8> kPaths = {
    "/",    "/CustomName", "/Settings/ResetSocTo", "/Settings/ForceChargingOff", "/Dc/0/Current", "/Settings",
    "/Soc", "/None"};
constexpr std::array<const char*, 8> kMembers = {"GetValue",   "GetText",        "SetValue",   "GetItems",
                                                 "Introspect", "GetDescription", "SetDefault", "Ping"};
constexpr std::array<const char*, 4> kInterfaces = {kBusItem, DBUS_INTERFACE_INTROSPECTABLE, DBUS_INTERFACE_PEER,
                                                    nullptr};

bool is_of(const BusValue& value, ItemType type) {
  switch (type) {
    case ItemType::integer:
      return std::holds_alternative<std::int32_t>(value);
    case ItemType::real:
      return std::holds_alternative<double>(value) && std::isfinite(std::get<double>(value));
    case ItemType::text:
      return std::holds_alternative<std::string>(value);
    default:
      return true;
  }
}

// Any value can be turned into whatever an item is, shown, and sent on.
void check_value(const BusValue& value) {
  for (const ItemType type : {ItemType::integer, ItemType::real, ItemType::text}) {
    if (const auto converted = convert(sendable(value), type)) demand(is_of(*converted, type));
  }
  const BusValue sent = sendable(value);
  demand(same_value(sent, sent));
  demand(!text_of(sent).empty() || std::holds_alternative<std::string>(sent));
  (void)integer_in(value);
  (void)text_in(value);
  const MessagePtr message = signal("/", kBusItem, "ItemsChanged");
  Writer(*message).variant(sent);
  const auto read = first_value(*message);
  demand(read.has_value() && same_value(*read, sent));
}

void settings_say(const std::vector<std::pair<std::string, BusValue>>& entries) {
  const auto devices = stored_devices(entries);
  std::map<std::string, std::string> names = {{"A1", "ttyUSB0"}, {"b2", "ttyUSB1"}, {"a1", "ttyUSB2"}};
  Roster roster;
  int order = 0;
  for (const auto& [serial, port] : names) {
    Identity identity;
    identity.id = port;
    identity.port = identity.port_name = port;
    identity.address = ++order;
    identity.order = order;
    identity.identities = {serial, "C3"};
    roster.enter(identity);
  }
  std::set<std::string> taken;
  std::set<std::int32_t> instances;
  for (const auto& [serial, port] : names) {
    const Choice choice = roster.choose(port, devices, Roster::Source::settings);
    demand(!choice.identity.empty() && safe_identity(choice.identity) == choice.identity);
    demand(taken.insert(upper_case(choice.identity)).second);
    std::int32_t wanted = order;
    if (choice.newest && choice.newest->instance) wanted = *choice.newest->instance;
    const std::int32_t instance = roster.free_instance(port, choice.identity, wanted, devices);
    demand(instance >= 0 && instances.insert(instance).second);
    demand(battery_instance(class_and_instance(instance)) == std::max(1, instance));
    roster.settle(port, choice.identity, instance, Roster::Source::settings);
  }
  const auto gone =
      forgotten(devices, 1'790'000'000, 0, [&](const StoredDevice& device) { return roster.uses(device); });
  for (const StoredDevice& device : gone) demand(!roster.uses(device));
}

// A service with an item of each kind, as a battery's.
class Service {
 public:
  Service()
      : commands_({.request = [](const Change& change, const auto& done) { done(check(change).ok()); },
                   .set_counted_soc =
                       [](double percent) {
                         demand(percent >= 0 && percent <= 100);
                         return true;
                       },
                   .clear_history =
                       [](int group) {
                         demand(group >= 1 && group <= static_cast<int>(HistoryGroup::energy));
                         return true;
                       },
                   .date_soc_reset =
                       [](std::int64_t unix_time) {
                         demand(unix_time >= 0);
                         return true;
                       }},
                  [] {}) {
    add("/Dc/0/Current", ItemType::real, {});
    add("/Soc", ItemType::real, {});
    add("/CustomName", ItemType::text, [](const BusValue& value, const auto& done) {
      demand(is_of(value, ItemType::text));
      done(SetResult::accepted);
    });
    for (const char* path : {"/Settings/ForceChargingOff", "/Settings/ResetSocTo", "/Settings/ResetSocToApply",
                             "/Settings/SocResetLastReached", "/History/Clear"}) {
      add(path, ItemType::integer, [inner = commands_.handler(path)](const BusValue& value, const auto& done) {
        demand(is_of(value, ItemType::integer));
        inner(value, done);
      });
    }
    tree_.set(*tree_.find("/Dc/0/Current"), 12.5);
    tree_.set(*tree_.find("/CustomName"), std::string("Garage"));
  }

  void called(DBusMessage& call) {
    int answers = 0;
    BusItems items(io_, tree_, [&](DBusMessage& reply) {
      ++answers;
      char* wire = nullptr;
      int size = 0;
      demand(dbus_message_marshal(&reply, &wire, &size) && size > 0);
      dbus_free(wire);
      const bool sets = dbus_message_has_member(&call, "SetValue") &&
                        dbus_message_get_type(&reply) == DBUS_MESSAGE_TYPE_METHOD_RETURN;
      if (!sets) return;
      const auto result = first_value(reply);
      demand(result.has_value() && std::holds_alternative<std::int32_t>(*result));
      demand(std::get<std::int32_t>(*result) >= 0 && std::get<std::int32_t>(*result) <= 2);
    });
    items.answer(call);
    demand(answers == 1);
  }

 private:
  void add(std::string path, ItemType type, SetHandler on_set) {
    tree_.add(std::move(path), type, nullptr, std::move(on_set));
  }

  boost::asio::io_context io_{1};
  ItemTree tree_;
  Commands commands_;
};

void check_call(FuzzInput& input) {
  static Service service;
  const char* path = kPaths[input.below(kPaths.size())];
  const char* member = kMembers[input.below(kMembers.size())];
  const MessagePtr call =
      method_call("com.victronenergy.battery.ttyUSB0", path, kInterfaces[input.below(kInterfaces.size())], member);
  dbus_message_set_serial(call.get(), 7);
  BusMessageMaker maker(input, kSaid);
  for (std::size_t left = input.below(4); left > 0; --left)
    maker.append(*call, input.byte() < 0xC0 ? "v" : kShapes[input.below(kShapes.size())]);
  service.called(*call);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzInput input(data, size);
  const std::uint8_t kind = input.byte();
  if (kind % 4 == 3) {
    check_call(input);
    return 0;
  }
  const MessagePtr message =
      kind % 4 == 2 ? method_call("a.b", "/", kBusItem, "GetValue")
                    : signal("/Dc/0/Current", kBusItem, kind % 4 == 0 ? "ItemsChanged" : "PropertiesChanged");
  BusMessageMaker maker(input, kSaid);
  const std::uint8_t shape = input.byte();
  maker.append(*message, shape < 0x80 ? (kind % 4 == 0   ? "a{sa{sv}}"
                                         : kind % 4 == 1 ? "a{sv}"
                                                         : "v")
                                      : kShapes[shape % kShapes.size()]);

  if (const auto value = first_value(*message)) check_value(*value);
  const auto changed = changed_values(*message);
  for (const auto& [path, value] : changed) {
    check_value(value);
    if (kind % 4 == 1) demand(path == "/Dc/0/Current");
  }
  const bool carries = kind % 4 == 0 ? dbus_message_has_signature(message.get(), "a{sa{sv}}")
                                     : kind % 4 == 1 && dbus_message_has_signature(message.get(), "a{sv}");
  demand(carries || changed.empty());
  for (const auto& [path, value] : item_values(*message)) check_value(value);

  DBusMessageIter iter;
  if (!dbus_message_iter_init(message.get(), &iter)) return 0;
  const auto entries = read_dict(iter);
  for (const auto& [key, value] : entries) check_value(value);
  settings_say(entries);
  return 0;
}
