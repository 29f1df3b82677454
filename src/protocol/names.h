// Where in replies stands what tells one pack, or its owner, from all others: serial numbers, bar codes, names that somebody
// gave, passwords. For captures that are handed to strangers.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace bmsd {

struct Protocol;

// What blanking found out.
struct Blanked {
  bool understood = false;           // false: nobody knows whether there are names in it
  std::vector<std::string> names{};  // that stood there, without padding
};

struct Names {
  std::span<const std::string_view> exchanges = {};  // by name: whose replies hold names
  // Replaces the names in one whole frame of a reply to `exchange`, which may hold names, and makes its checks right.
  // The size stays, and so does the padding; the last two characters become the address, so that packs stay apart.
  Blanked (*blank)(ByteVector& frame, std::string_view exchange, Bytes request, int address) = nullptr;
  bool in_all = false;  // any exchange's: what is asked for decides
};

// Of a protocol; null: where its names stand is not known.
const Names* names_of(const Protocol& protocol);

bool may_hold_names(const Names& names, std::string_view exchange);

}  // namespace bmsd
