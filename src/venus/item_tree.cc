#include "venus/item_tree.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

namespace bmsd {

ItemTree::ItemTree() { nodes_.try_emplace("/"); }

ItemTree::Index ItemTree::add(std::string path, ItemType type, const char* format, SetHandler on_set, bool is_command) {
  const Index index = items_.size();
  nodes_[path].item = index;
  for (std::string_view child = path; child != "/";) {
    const std::size_t slash = child.rfind('/');
    const std::string_view parent = slash == 0 ? std::string_view("/") : child.substr(0, slash);
    nodes_[std::string(parent)].children.emplace(child.substr(slash + 1));
    child = parent;
  }
  items_.push_back({std::move(path), type, format, {}, text_of({}), std::move(on_set), is_command});
  return index;
}

void ItemTree::set(Index index, BusValue value) {
  Item& item = items_[index];
  item.value = sendable(std::move(value));
  item.text = text_of(item.value, item.format);
}

std::optional<ItemTree::Index> ItemTree::find(std::string_view path) const {
  const Node* found = node(path);
  return found ? found->item : std::nullopt;
}

const ItemTree::Node* ItemTree::node(std::string_view path) const {
  const auto found = nodes_.find(path);
  return found == nodes_.end() ? nullptr : &found->second;
}

namespace {

std::optional<BusValue> integer_of(double value) {
  constexpr double kLowest = std::numeric_limits<std::int32_t>::min(),
                   kHighest = std::numeric_limits<std::int32_t>::max();
  if (!(value >= kLowest && value <= kHighest) || value != std::floor(value)) return std::nullopt;
  return static_cast<std::int32_t>(value);
}

// Of a text that is a number and nothing else: some clients write numbers as texts.
std::optional<double> number_in(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::optional<BusValue> convert(const BusValue& value, ItemType type) {
  if (type == ItemType::any) return value;
  if (type == ItemType::text) {
    if (std::holds_alternative<std::string>(value)) return value;
    return std::nullopt;
  }
  double number = 0;
  if (const auto* i = std::get_if<std::int32_t>(&value)) {
    number = *i;
  } else if (const auto* x = std::get_if<std::int64_t>(&value)) {
    number = static_cast<double>(*x);
  } else if (const auto* d = std::get_if<double>(&value)) {
    number = *d;
  } else if (const auto* s = std::get_if<std::string>(&value); s && number_in(*s)) {
    number = *number_in(*s);
  } else {
    return std::nullopt;
  }
  if (type == ItemType::integer) return integer_of(number);
  if (!std::isfinite(number)) return std::nullopt;
  return number;
}

}  // namespace bmsd
