// bmsd decode: a frame in, its fields out.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "app/commands.h"
#include "app/decode_lines.h"
#include "app/reading_json.h"
#include "base/text.h"
#include "protocol/registry.h"
#include "wire/can_text.h"

namespace bmsd {
namespace {

using OrderedJson = nlohmann::ordered_json;

// "2F4#1302B20F51000000 4F4#FF0C06FC0C010000": frames as can-utils write them.
std::optional<ByteVector> can_records(std::string_view text) {
  ByteVector records;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const auto record = can_record_of(text.substr(0, end));
    if (!record) return std::nullopt;
    records.insert(records.end(), record->begin(), record->end());
    text = trimmed(text.substr(end));
  }
  return records;
}

// A frame as somebody copied it: hexadecimal, or for a text protocol the text itself (or the hexadecimal of a line
// monitor).
std::optional<ByteVector> frame_bytes(const Protocol& protocol, std::string_view given) {
  const std::string_view text = trimmed(given);
  if (protocol.medium == Medium::can) return can_records(text);
  auto hex = from_hex(text);
  if (!protocol.text) return hex;
  const Bytes bytes = as_bytes(text);
  if (!hex || hex->empty() || hex->front() < 0x20 || hex->front() > 0x7E) return ByteVector(bytes.begin(), bytes.end());
  while (!hex->empty() && (hex->back() == '\r' || hex->back() == '\n')) hex->pop_back();
  return hex;
}

Result<Reading> decode(const Protocol& protocol, const DecodeOptions& options, std::string_view frame) {
  std::vector<Param> params;
  for (const std::string& param : options.params) {
    const auto equals = param.find('=');
    if (equals == std::string::npos) return Error{Errc::config, "", 0, "--param needs KEY=VALUE, not " + param};
    params.push_back({std::string_view(param).substr(0, equals), std::string_view(param).substr(equals + 1)});
  }
  const auto request = frame_bytes(protocol, options.request);
  const auto response = frame_bytes(protocol, frame);
  if (!request || !response) {
    return Error{Errc::noise, "non_hex", 0,
                 protocol.medium == Medium::can ? "frames of this protocol are given as ID#DATA, as candump writes them"
                                                : "a frame of this protocol is given in hexadecimal"};
  }
  return protocol.decode_vector(*request, *response, params);
}

struct Attempt {
  const Protocol* protocol;
  Result<Reading> result;
};

// The protocol that accepts the frame, or else all of them with their reasons.
std::vector<Attempt> attempts(std::span<const Protocol* const> candidates, const DecodeOptions& options,
                              std::string_view frame) {
  std::vector<Attempt> refused;
  for (const Protocol* protocol : candidates) {
    if (protocol->decode_vector == nullptr) continue;
    Attempt attempt{protocol, decode(*protocol, options, frame)};
    if (attempt.result) return {std::move(attempt)};
    refused.push_back(std::move(attempt));
  }
  return refused;
}

void print_json(const std::vector<Attempt>& tried) {
  OrderedJson line = OrderedJson::object();
  const Attempt& first = tried.front();
  if (first.result) {
    line = {{"protocol", first.protocol->name}, {"ok", true}, {"values", OrderedJson::object()}};
    add_reading(*first.protocol, *first.result, line["values"]);
  } else {
    line = error_json(first.result.error());
    if (tried.size() == 1) line["protocol"] = first.protocol->name;
  }
  std::cout << line.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) << '\n';
}

void print_table(const std::vector<Attempt>& tried) {
  if (tried.front().result) {
    fmt::print("{:<36}{}\n{}", "Protocol", tried.front().protocol->name, reading_table(*tried.front().result));
    return;
  }
  std::string reasons;
  for (const Attempt& attempt : tried) {
    reasons +=
        fmt::format("{}{}: {}", reasons.empty() ? "" : "; ", attempt.protocol->name, describe(attempt.result.error()));
  }
  fmt::print(stderr, "bmsd decode: refused by {}\n", reasons);
}

}  // namespace

int command_decode(const DecodeOptions& options) {
  std::span<const Protocol* const> candidates = protocols();
  const Protocol* named = nullptr;
  if (!options.protocol.empty()) {
    named = find_protocol(options.protocol);
    if (named == nullptr || named->decode_vector == nullptr) {
      return wrong_usage("decode", fmt::format("no protocol is called {}; see: bmsd list", options.protocol));
    }
    candidates = {&named, 1};
  }
  if (options.frames.empty()) return wrong_usage("decode", "give a frame, or - with --json and --protocol");
  if (options.frames.size() == 1 && options.frames.front() == "-") {
    if (!options.json || named == nullptr)
      return wrong_usage("decode", "standard input is read with --json and --protocol");
    return decode_lines(*named, std::cin, std::cout) ? kDone : kFailed;
  }
  bool all_good = true;
  for (const std::string& frame : options.frames) {
    const std::vector<Attempt> tried = attempts(candidates, options, frame);
    if (tried.empty()) return wrong_usage("decode", "no protocol can decode single frames");
    if (&frame != &options.frames.front() && !options.json) fmt::print("\n");
    options.json ? print_json(tried) : print_table(tried);
    all_good = all_good && tried.front().result.ok();
  }
  return all_good ? kDone : kFailed;
}

}  // namespace bmsd
