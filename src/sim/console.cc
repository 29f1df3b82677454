#include "sim/console.h"

#include <fmt/format.h>
#include <algorithm>
#include <charconv>
#include <set>
#include <vector>

namespace bmsd {
namespace {

constexpr std::string_view kHelp =
    "show                             the packs, the faults and what was counted\n"
    "set [ADDRESS] KEY VALUE          a value of one pack or of all: set 2 current_a -12.5; set cells 15; VALUE auto: "
    "the model's again\n"
    "alarm [ADDRESS] NAME on|off      an alarm by its name in the protocol\n"
    "fault KIND=RATE                  how often something goes wrong: fault corrupt=0.1; fault late=0.1:0.45\n"
    "silence ADDRESS|all on|off       a pack, or all, stops answering\n"
    "unplug, replug                   pulls the adapter; puts it back\n"
    "keys, alarms                     what set and alarm know\n"
    "quit";

using Words = std::vector<std::string_view>;

Words words_of(std::string_view line) {
  constexpr std::string_view kBlanks = " \t\r\n";
  Words words;
  for (std::size_t at = line.find_first_not_of(kBlanks); at < line.size(); at = line.find_first_not_of(kBlanks, at)) {
    const std::size_t end = std::min(line.find_first_of(kBlanks, at), line.size());
    words.push_back(line.substr(at, end - at));
    at = end;
  }
  return words;
}

Error usage(std::string text) { return {Errc::config, "", 0, std::move(text)}; }

// Takes an address off the front of `words`, if one is there. "all" and no address mean all packs.
Result<int> take_address(Words& words) {
  if (words.empty()) return SimBus::kAllPacks;
  std::string_view text = words.front();
  if (text == "all") {
    words.erase(words.begin());
    return SimBus::kAllPacks;
  }
  if (text.empty() || text.front() < '0' || text.front() > '9') return SimBus::kAllPacks;
  const bool hex = text.starts_with("0x") || text.starts_with("0X");
  if (!hex && text.size() > 1) {
    return usage(fmt::format("address {}: more than one digit is written with 0x, in hexadecimal", text));
  }
  if (hex) text.remove_prefix(2);
  unsigned address = 0;  // "0x-1" is none
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), address, 16);
  if (error != std::errc() || end != text.data() + text.size() || address > 0xFFFF)
    return usage(fmt::format("{} is not an address", words.front()));
  words.erase(words.begin());
  return static_cast<int>(address);
}

bool is_switch(std::string_view word) { return word == "on" || word == "off"; }

template <typename Texts>
std::string lines(const Texts& texts) {
  std::string all;
  for (const auto& text : texts) all += (all.empty() ? "" : "\n") + std::string(text);
  return all;
}

Result<std::string> said(const Status& status) {
  if (!status) return status.error();
  return std::string("ok");
}

}  // namespace

Result<std::string> Console::execute(std::string_view line) {
  Words words = words_of(line);
  if (words.empty()) return std::string();
  const std::string_view verb = words.front();
  words.erase(words.begin());

  if (words.empty()) {
    if (verb == "help") return std::string(kHelp);
    if (verb == "show") return show();
    if (verb == "keys") return lines(PackModel::keys());
    if (verb == "alarms") {
      std::set<std::string_view> names;
      for (const AlarmBit& bit : bus_.protocol().alarm_bits) names.insert(bit.name);
      return lines(names);
    }
    if (verb == "quit") {
      quit_ = true;
      return std::string("ok");
    }
    if (verb == "unplug" || verb == "replug") {
      const auto& act = verb == "unplug" ? cable_.unplug : cable_.replug;
      if (!act) return usage("only a pseudo-terminal can be unplugged");
      return said(act());
    }
  }
  if (verb == "fault") return words.size() == 1 ? said(bus_.faults().set(words[0])) : usage("say: fault KIND=RATE");
  if (verb != "set" && verb != "alarm" && verb != "silence") {
    return usage(fmt::format("{}: no such command; type help", verb));
  }

  const bool names_whom =
      !words.empty() && (words.front() == "all" || (words.front()[0] >= '0' && words.front()[0] <= '9'));
  const auto address = take_address(words);
  if (!address) return address.error();
  if (verb == "silence") {
    if (!names_whom || words.size() != 1 || !is_switch(words[0])) return usage("say: silence ADDRESS|all on|off");
    return said(bus_.set_silent(*address, words[0] == "on"));
  }
  if (verb == "alarm") {
    if (words.size() != 2 || !is_switch(words[1])) return usage("say: alarm [ADDRESS] NAME on|off");
    return said(bus_.set_alarm(*address, words[0], words[1] == "on"));
  }
  if (words.size() < 2) return usage("say: set [ADDRESS] KEY VALUE");
  std::string value;
  for (std::size_t i = 1; i < words.size(); ++i) value += words[i];  // a list may have blanks
  return said(bus_.set(*address, words[0], value));
}

std::string Console::show() const {
  std::string text;
  for (const int address : bus_.addresses()) {
    const PackState& state = bus_.pack(address)->state();
    text += fmt::format("pack 0x{:02x}: {:.2f} V {:+.2f} A {:.1f} % {} cells {} sensors, charge {}, discharge {}{}",
                        address, state.voltage, state.current, state.soc, state.cell_voltages.size(),
                        state.cell_temperatures.size(), state.charge_fet ? "on" : "off",
                        state.discharge_fet ? "on" : "off", bus_.silent(address) ? ", silent" : "");
    for (const std::string& alarm : state.alarms) text += ", " + alarm;
    text += "\n";
  }
  for (std::size_t i = 0; i < kFaultCount; ++i) {
    const auto fault = static_cast<Fault>(i);
    if (bus_.faults().rate(fault) == 0 && bus_.faults().count(fault) == 0) continue;
    text +=
        fmt::format("fault {}={}: {} times\n", to_string(fault), bus_.faults().rate(fault), bus_.faults().count(fault));
  }
  const SimBus::Counters& counted = bus_.counters();
  text += fmt::format("{} requests, {} replies, {} collisions, {} bytes in, {} bytes out", counted.requests,
                      counted.replies, counted.collisions, counted.bytes_in, counted.bytes_out);
  return text;
}

}  // namespace bmsd
