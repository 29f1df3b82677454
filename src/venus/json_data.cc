#include "venus/json_data.h"

#include <string_view>

namespace bmsd {
namespace {

void write_text(std::string_view text, std::string& json) {
  constexpr const char* kHex = "0123456789abcdef";
  json += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (c == '\n') {
      json += "\\n";
    } else if (byte < 0x20) {
      json += "\\u00";
      json += kHex[byte >> 4];
      json += kHex[byte & 0xF];
    } else {
      json += c;  // what an item holds is valid UTF-8
    }
  }
  json += '"';
}

void write_value(const BusValue& value, std::string& json) {
  if (const auto* text = std::get_if<std::string>(&value)) {
    if (text->empty()) {
      json += "null";
    } else {
      write_text(*text, json);
    }
  } else if (const auto* texts = std::get_if<std::vector<std::string>>(&value)) {
    json += '[';
    for (std::size_t i = 0; i < texts->size(); ++i) {
      if (i > 0) json += ',';
      write_text((*texts)[i], json);
    }
    json += ']';
  } else if (const auto* none = std::get_if<std::vector<std::uint32_t>>(&value);
             !valid(value) || (none && none->empty())) {
    json += "null";
  } else {
    json += text_of(value);  // numbers and lists of them are JSON as they are
  }
}

class NestedJson {
 public:
  explicit NestedJson(const ItemTree& tree) : tree_(tree) {}

  // What is at and below `path_`.
  void write(const ItemTree::Node& node) {
    if (node.item) return write_value(tree_.at(*node.item).value, json_);
    json_ += '{';
    bool first = true;
    for (const std::string& child : node.children) {
      const std::size_t length = path_.size();
      path_ += '/';
      path_ += child;
      if (path_ != kJsonDataPath && path_ != "/Settings") {
        if (!first) json_ += ',';
        first = false;
        write_text(child, json_);
        json_ += ':';
        write(*tree_.node(path_));
      }
      path_.resize(length);
    }
    json_ += '}';
  }
  std::string take() { return std::move(json_); }

 private:
  const ItemTree& tree_;
  std::string path_, json_;
};

}  // namespace

std::string json_data(const ItemTree& tree) {
  NestedJson json(tree);
  json.write(*tree.node("/"));
  return json.take();
}

}  // namespace bmsd
