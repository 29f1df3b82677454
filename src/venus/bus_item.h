// Victron's com.victronenergy.BusItem contract, both sides of it that a service needs: answers all method calls for an
// ItemTree and makes the ItemsChanged signal. Source: the Victron wiki "D-Bus API"; the settings service and system
// calculator as measured.
#pragma once

#include <boost/asio/io_context.hpp>
#include <span>

#include "base/time.h"
#include "venus/item_tree.h"
#include "venus/message.h"

namespace bmsd {

class BusItems {
 public:
  using Send = std::function<void(DBusMessage&)>;

  // Replies go out through `send`, also those of a SetValue that is answered later: within `patience`. `tree` must
  // outlive this.
  BusItems(boost::asio::io_context& io, const ItemTree& tree, Send send, Duration patience = 5s);
  ~BusItems();  // answers what is still open with "refused"

  // Answers a method call: GetItems, GetValue, GetText, SetValue, GetDescription, Introspect. Errors: UnknownObject,
  // UnknownMethod (also for an interface that the object does not have, as old clients expect), InvalidArgs. libdbus
  // answers org.freedesktop.DBus.Peer itself.
  void answer(DBusMessage& call);

  // ItemsChanged with value and text of these items.
  MessagePtr items_changed(std::span<const ItemTree::Index> changed) const;

 private:
  class Deferred;
  MessagePtr reply(DBusMessage& call);
  MessagePtr reply_bus_item(DBusMessage& call, const std::string& path, const ItemTree::Node& node,
                            std::string_view member);
  MessagePtr tree_values(DBusMessage& call, const std::string& path, bool texts) const;
  MessagePtr all_items(DBusMessage& call) const;
  MessagePtr set_value(DBusMessage& call, const Item& item);
  MessagePtr introspect(DBusMessage& call, const ItemTree::Node& node, bool root) const;

  boost::asio::io_context& io_;
  const ItemTree& tree_;
  Send send_;
  Duration patience_;
  std::vector<std::weak_ptr<Deferred>> deferred_;
};

}  // namespace bmsd
