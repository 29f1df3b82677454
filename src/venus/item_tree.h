// The items of one service and the tree that their paths make. Plain data: bus_item.h speaks for it on the bus.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "venus/value.h"

namespace bmsd {

enum class ItemType : unsigned char { integer, real, text, any };  // any: what another program decides, as a setting

// The answer to SetValue.
enum class SetResult : int {
  accepted = 0,
  not_possible = 1,
  refused = 2
};  // 1: read-only, or no value of the item's type

// Called with a value of the item's type that differs from the present one, or with any if the item is a command.
// `done` may be called at once or later, once; after 5 s the client has been told "refused" and the call has no effect.
// The handler sets the item itself.
using SetHandler = std::function<void(const BusValue& value, std::function<void(SetResult)> done)>;

struct Item {
  std::string path;
  ItemType type;
  const char* format;  // text_of(); static
  BusValue value;
  std::string text;
  SetHandler on_set;  // none: read-only
  bool is_command;    // what it shows is what the BMS says: a write of that has an effect, too
};

class ItemTree {
 public:
  using Index = std::size_t;

  struct Node {
    std::optional<Index> item;       // none: a tree object
    std::set<std::string> children;  // last elements of their paths
  };

  ItemTree();

  // A new invalid item. `path` is "/A/b_1": as D-Bus wants object paths, and neither taken nor part of another item's
  // path.
  Index add(std::string path, ItemType type, const char* format = nullptr, SetHandler on_set = {},
            bool is_command = false);

  // Stores what may be sent of `value`, and its text.
  void set(Index index, BusValue value);

  const std::vector<Item>& items() const { return items_; }
  const Item& at(Index index) const { return items_[index]; }
  std::optional<Index> find(std::string_view path) const;  // of an item
  const Node* node(std::string_view path) const;           // an item, a prefix of one, or "/"; null: no such object

 private:
  std::vector<Item> items_;
  std::map<std::string, Node, std::less<>> nodes_;
};

// What a client's value is as a value of `type`; nothing if it cannot be one (53.6 is no integer, a number no text).
std::optional<BusValue> convert(const BusValue& value, ItemType type);

}  // namespace bmsd
