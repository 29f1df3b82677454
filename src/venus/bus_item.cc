#include "venus/bus_item.h"

#include <boost/asio/steady_timer.hpp>
#include <utility>

namespace bmsd {

namespace {

MessagePtr set_reply(DBusMessage& call, SetResult result) {
  MessagePtr reply = reply_to(call);
  Writer(*reply).int32(static_cast<std::int32_t>(result));
  return reply;
}

MessagePtr invalid_args(DBusMessage& call, const char* wanted) {
  return error_reply(call, DBUS_ERROR_INVALID_ARGS, std::string(dbus_message_get_member(&call)) + " takes " + wanted);
}

constexpr const char* kPreamble = DBUS_INTROSPECT_1_0_XML_DOCTYPE_DECL_NODE;

constexpr const char* kStandardInterfaces =
    R"( <interface name="org.freedesktop.DBus.Introspectable">
  <method name="Introspect"><arg name="xml" type="s" direction="out"/></method>
 </interface>
 <interface name="org.freedesktop.DBus.Peer">
  <method name="Ping"/>
  <method name="GetMachineId"><arg name="id" type="s" direction="out"/></method>
 </interface>
)";

constexpr const char* kItemInterface =
    R"( <interface name="com.victronenergy.BusItem">
  <method name="GetValue"><arg name="value" type="v" direction="out"/></method>
  <method name="GetText"><arg name="text" type="s" direction="out"/></method>
  <method name="SetValue"><arg name="value" type="v" direction="in"/><arg name="result" type="i" direction="out"/></method>
  <method name="GetDescription"><arg name="language" type="s" direction="in"/><arg name="length" type="i" direction="in"/><arg name="description" type="s" direction="out"/></method>
 </interface>
)";

constexpr const char* kTreeMethods =
    R"(  <method name="GetValue"><arg name="values" type="v" direction="out"/></method>
  <method name="GetText"><arg name="texts" type="v" direction="out"/></method>
)";

constexpr const char* kRootMembers =
    R"(  <method name="GetItems"><arg name="items" type="a{sa{sv}}" direction="out"/></method>
  <signal name="ItemsChanged"><arg name="items" type="a{sa{sv}}"/></signal>
)";

}  // namespace

// A SetValue whose answer the item's handler owes.
class BusItems::Deferred : public std::enable_shared_from_this<Deferred> {
 public:
  Deferred(boost::asio::io_context& io, DBusMessage& call, Send send)
      : call_(dbus_message_ref(&call)), send_(std::move(send)), timer_(io) {}

  // The item's handler keeps this alive through its `done`, and the timer does for a while.
  void start(Duration patience) {
    timer_.expires_after(patience);
    timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      if (!error) self->finish(SetResult::refused);
    });
  }

  bool open() const { return call_ != nullptr; }

  void finish(SetResult result) {
    const MessagePtr call = std::exchange(call_, nullptr);
    timer_.cancel();
    if (!call) return;
    const MessagePtr reply = set_reply(*call, result);
    if (!dbus_message_get_no_reply(call.get())) send_(*reply);
    send_ = nullptr;
  }

 private:
  MessagePtr call_;
  Send send_;
  boost::asio::steady_timer timer_;
};

BusItems::BusItems(boost::asio::io_context& io, const ItemTree& tree, Send send, Duration patience)
    : io_(io), tree_(tree), send_(std::move(send)), patience_(patience) {}

BusItems::~BusItems() {
  for (const auto& weak : deferred_) {
    if (const auto deferred = weak.lock()) deferred->finish(SetResult::refused);
  }
}

void BusItems::answer(DBusMessage& call) {
  const MessagePtr answer = reply(call);
  if (answer && !dbus_message_get_no_reply(&call)) send_(*answer);
}

MessagePtr BusItems::reply(DBusMessage& call) {
  const std::string path = dbus_message_get_path(&call);
  const char* interface = dbus_message_get_interface(&call);
  const std::string_view member = dbus_message_get_member(&call);
  const ItemTree::Node* node = tree_.node(path);
  if (!node) return error_reply(call, DBUS_ERROR_UNKNOWN_OBJECT, "no object " + path);

  const std::string_view wanted = interface ? interface : "";
  if ((wanted.empty() || wanted == DBUS_INTERFACE_INTROSPECTABLE) && member == "Introspect") {
    if (!dbus_message_has_signature(&call, "")) return invalid_args(call, "no arguments");
    return introspect(call, *node, path == "/");
  }
  if (wanted.empty() || wanted == kBusItem) {
    if (MessagePtr answer = reply_bus_item(call, path, *node, member)) return answer;
    if (member == "SetValue" && node->item) return nullptr;  // later
  }
  return error_reply(call, DBUS_ERROR_UNKNOWN_METHOD,
                     "no method " + std::string(member) + " of interface '" + std::string(wanted) + "' at " + path);
}

// Null: no such method, or a SetValue that is answered later.
MessagePtr BusItems::reply_bus_item(DBusMessage& call, const std::string& path, const ItemTree::Node& node,
                                    std::string_view member) {
  const bool gets = member == "GetValue" || member == "GetText" || (member == "GetItems" && path == "/");
  if (gets) {
    if (!dbus_message_has_signature(&call, "")) return invalid_args(call, "no arguments");
    if (member == "GetItems") return all_items(call);
    if (!node.item) return tree_values(call, path, member == "GetText");
    const Item& item = tree_.at(*node.item);
    MessagePtr reply = reply_to(call);
    if (member == "GetValue") {
      Writer(*reply).variant(item.value);
    } else {
      Writer(*reply).text(item.text);
    }
    return reply;
  }
  if (!node.item) return nullptr;
  if (member == "SetValue") {
    if (!dbus_message_has_signature(&call, "v")) return invalid_args(call, "one variant");
    return set_value(call, tree_.at(*node.item));
  }
  if (member == "GetDescription") {
    if (!dbus_message_has_signature(&call, "si")) return invalid_args(call, "a language and a length");
    MessagePtr reply = reply_to(call);
    Writer(*reply).text(path);
    return reply;
  }
  return nullptr;
}

MessagePtr BusItems::tree_values(DBusMessage& call, const std::string& path, bool texts) const {
  const std::string prefix = path == "/" ? path : path + "/";
  MessagePtr reply = reply_to(call);
  Writer(*reply).container(DBUS_TYPE_VARIANT, "a{sv}", [&](Writer& variant) {
    variant.container(DBUS_TYPE_ARRAY, "{sv}", [&](Writer& dict) {
      for (const Item& item : tree_.items()) {
        if (!item.path.starts_with(prefix)) continue;
        dict.entry(item.path.substr(prefix.size()),
                   [&](Writer& entry) { texts ? entry.variant_text(item.text) : entry.variant(item.value); });
      }
    });
  });
  return reply;
}

MessagePtr BusItems::all_items(DBusMessage& call) const {
  MessagePtr reply = reply_to(call);
  Writer(*reply).container(DBUS_TYPE_ARRAY, "{sa{sv}}", [&](Writer& dict) {
    for (const Item& item : tree_.items()) {
      dict.entry(item.path, [&](Writer& entry) { write_item(entry, item); });
    }
  });
  return reply;
}

MessagePtr BusItems::set_value(DBusMessage& call, const Item& item) {
  const auto given = first_value(call);
  const auto value = given ? convert(sendable(*given), item.type) : std::nullopt;
  if (!item.on_set) return set_reply(call, SetResult::not_possible);  // also of the value that it has
  const bool both_invalid = given && !valid(*given) && !valid(item.value);
  const bool is_so = both_invalid || (value && same_value(*value, item.value));
  if (is_so && !item.is_command) return set_reply(call, SetResult::accepted);
  if (!value) return set_reply(call, SetResult::not_possible);

  std::erase_if(deferred_, [](const auto& weak) { return weak.expired(); });
  const auto deferred = std::make_shared<Deferred>(io_, call, send_);
  deferred_.push_back(deferred);
  item.on_set(*value, [deferred](SetResult result) { deferred->finish(result); });
  if (deferred->open()) deferred->start(patience_);
  return nullptr;
}

MessagePtr BusItems::introspect(DBusMessage& call, const ItemTree::Node& node, bool root) const {
  std::string xml = std::string(kPreamble) + "<node>\n" + kStandardInterfaces;
  if (node.item) {
    xml += kItemInterface;
  } else {
    xml += std::string(" <interface name=\"") + kBusItem + "\">\n" + kTreeMethods + (root ? kRootMembers : "") +
           " </interface>\n";
  }
  for (const std::string& child : node.children) xml += " <node name=\"" + child + "\"/>\n";
  MessagePtr reply = reply_to(call);
  Writer(*reply).text(xml + "</node>\n");
  return reply;
}

MessagePtr BusItems::items_changed(std::span<const ItemTree::Index> changed) const {
  MessagePtr message = signal("/", kBusItem, "ItemsChanged");
  Writer(*message).container(DBUS_TYPE_ARRAY, "{sa{sv}}", [&](Writer& dict) {
    for (const ItemTree::Index index : changed) {
      const Item& item = tree_.at(index);
      dict.entry(item.path, [&](Writer& entry) { write_item(entry, item); });
    }
  });
  return message;
}

}  // namespace bmsd
