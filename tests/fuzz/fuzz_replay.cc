// A whole replay: the rest of the input is a capture, or a log of candump; the first byte picks a configuration and whether the user
// says what is spoken. Whatever it holds: it is refused with a reason, or goes the way of all readings in the time of the capture.
// Then what is believed and allowed of a battery can be, a battery appears before it changes and is gone behind that, time does
// not go back, and the same capture, read and written once more, gives the same lines, byte for byte. Where it is made fit
// for strangers, as many batteries appear, with the same limits.
#include <array>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "app/replayer.h"
#include "believed.h"
#include "fuzz_input.h"
#include "line/anonymise.h"
#include "protocol/registry.h"
#include "sink/json_lines.h"

namespace {

using namespace bmsd;

constexpr Instant kBegin = Instant{} + 1h;
constexpr std::int64_t kLongest = 300'000'000;  // us of a replay: a day of silence in each line takes long
constexpr std::array<std::string_view, 4> kConfigs = {
    "", "[DEFAULT]\nSOC_CALCULATION = True\nSOC_RESET_AFTER_DAYS = 1\n",
    "[DEFAULT]\nBMS_TYPE = LltJbd\nBATTERY_ADDRESSES = 0x01\nEXCLUDED_DEVICES = /dev/q\n",
    "[DEFAULT]\nPACKS = daren-485@1,2; pylontech-rs485@2\nUSE_PORT_AS_UNIQUE_ID = True\nCVCM_ENABLE = False\n"};

struct Options {
  const Config& config;
  LineOptions line;
};

struct Outcome {
  std::vector<std::string> lines;
  std::size_t appeared = 0;
  std::vector<double> limits;  // of all batteries, in the order of the rounds
  std::map<std::string, std::vector<const Protocol*>> spoken;
};

class Checker final : public Sink {
 public:
  explicit Checker(Outcome& outcome) : outcome_(outcome) {}

  void added(const BatteryView& view, Instant now) override {
    demand(there_.insert(view.identity.id).second);
    ++outcome_.appeared;
    look(view, now);
  }
  void changed(const BatteryView& view, Instant now) override {
    demand(there_.contains(view.identity.id));
    look(view, now);
  }
  void removed(const Identity& identity, Instant now) override {
    demand(there_.erase(identity.id) == 1 && now >= now_);
  }

 private:
  void look(const BatteryView& view, Instant now) {
    demand(now >= now_ && !view.identity.id.empty() && !view.identity.identities.empty());
    now_ = now;
    check_believed(view.battery);
    const Limits& limits = view.limits;
    for (const double value : {limits.charge.value, limits.discharge.value, limits.cvl.value_or(1)}) {
      demand(std::isfinite(value) && value >= 0);
      outcome_.limits.push_back(value);
    }
  }

  Outcome& outcome_;
  std::set<std::string> there_;
  Instant now_{};
};

void check_lines(const std::vector<std::string>& lines) {
  double last = 0;
  for (const std::string& line : lines) {
    const auto json = nlohmann::json::parse(line, nullptr, false);
    demand(json.is_object() && json["id"].is_string() && json["event"].is_string() && json["t"].is_number());
    demand(json["t"].get<double>() >= last);
    last = json["t"].get<double>();
  }
}

Result<Outcome> replayed(std::vector<CaptureRecord> records, const Options& options) {
  Outcome outcome;
  auto replayer = Replayer::make({std::move(records), {}}, options.line, options.config, kBegin,
                                 [](Level, std::string_view text) { demand(!text.empty()); });
  if (!replayer) return replayer.error();
  JsonLines lines(kBegin, [&outcome](const std::string& line) { outcome.lines.push_back(line); });
  Checker checker(outcome);
  (*replayer)->hub().add_sink(checker);
  (*replayer)->hub().add_sink(lines);
  Instant reached = kBegin;
  (*replayer)->run([&reached](Instant until) {
    demand(until >= reached);
    reached = until;
    return true;
  });
  outcome.spoken = (*replayer)->protocols();
  return outcome;
}

// Only as long as somebody waits for it.
void shorten(std::vector<CaptureRecord>& records) {
  std::int64_t left = kLongest;
  for (std::size_t i = 1; i < records.size(); ++i) {
    left -= std::max<std::int64_t>(records[i].at - records[i - 1].at, 0);
    if (left < 0) records.resize(i);
  }
}

Capture written_anew(const std::vector<CaptureRecord>& records) {
  std::string text(kCaptureHead);
  for (const CaptureRecord& record : records) text += capture_line(record);
  Capture capture;
  demand(add_capture(text, "written anew", capture).ok() && capture.remarks.empty());
  return capture;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzInput input(data, size);
  const std::uint8_t head = input.byte();
  static const std::array<Config, kConfigs.size()> configs = [] {
    std::array<Config, kConfigs.size()> all;
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = Config::parse(kConfigs[i]);
    return all;
  }();
  Options options{configs[head % configs.size()], {}};
  const std::size_t said = head / configs.size();
  if (said < protocols().size()) options.line.protocol = protocols()[said]->name;

  Capture capture;
  if (const Status read = add_capture(as_text(input.rest()), "a capture", capture); !read) {
    demand(!read.error().detail.empty());
    return 0;
  }
  if (capture.records.empty()) return 0;
  shorten(capture.records);
  const auto first = replayed(capture.records, options);
  if (!first) {
    demand(!first.error().detail.empty());
    return 0;
  }
  check_lines(first->lines);
  const auto second = replayed(written_anew(capture.records).records, options);
  demand(second.ok() && second->lines == first->lines);

  const auto anonymous = anonymise(capture.records, first->spoken);
  if (!anonymous) return 0;
  const auto third = replayed(written_anew(anonymous->records).records, options);
  demand(third.ok() && third->appeared == first->appeared && third->limits == first->limits);
  return 0;
}
