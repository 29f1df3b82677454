#include "app/traffic.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <utility>

#include "io/clock.h"
#include "io/open_port.h"

namespace bmsd {
namespace {

constexpr Duration kBlackBoxEvery = 10min;  // of a line, at most: what goes on being wrong is written once
constexpr std::string_view kSuffix = ".capture";

std::string utc_text(std::int64_t unix_microseconds) {
  const std::time_t seconds = static_cast<std::time_t>(unix_microseconds / 1'000'000);
  std::tm utc{};
  (void)::gmtime_r(&seconds, &utc);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour,
                     utc.tm_min, utc.tm_sec);
}

bool is_can(const PortPlan& plan) {
  return !plan.line.protocols.empty() &&
         std::all_of(plan.line.protocols.begin(), plan.line.protocols.end(),
                     [](const Protocol* protocol) { return protocol->medium == Medium::can; });
}

}  // namespace

std::string black_box_folder(const DaemonConfig& config, const std::string& state_path) {
  if (!config.black_box_folder.empty() || state_path.empty()) return config.black_box_folder;
  return std::filesystem::absolute(state_path).parent_path() / "blackbox";
}

Machine& Traffic::tap(Line& line, const PortPlan& plan, Instant now) {
  auto tapped = std::make_unique<Tapped>();
  tapped->line = &line;
  tapped->port = plan.port;
  tapped->can = is_can(plan);
  tapped->configured = plan.addresses_configured;
  if (!plan.record_file.empty() || plan.capture) {
    auto opened = recorder(plan, now);
    if (opened) {
      tapped->recorder = std::move(*opened);
    } else {
      log_(Level::error, describe(opened.error()) + "; nothing is recorded");
    }
  }
  if (!options_.black_boxes.empty() && options_.black_box_files > 0) tapped->box.emplace();
  if (!tapped->recorder && !tapped->box) return line;
  tapped->tap = std::make_unique<Wiretap>(line, [&port = *tapped](const Wiretap::Event& event) {
    if (port.recorder) port.recorder->note(port.port, port.can, event);
    if (port.box) port.box->note(event);
  });
  ports_.push_back(std::move(tapped));
  return *ports_.back()->tap;
}

bool Traffic::records() const {
  return std::any_of(ports_.begin(), ports_.end(), [](const auto& port) { return port->recorder != nullptr; });
}

Result<std::shared_ptr<Recorder>> Traffic::recorder(const PortPlan& plan, Instant now) {
  std::string path = plan.record_file;
  if (path.empty()) {
    if (options_.folder.empty())
      return Error{Errc::io, "capture", 0,
                   "BMS_CAPTURE_RAW_DATA: there is no usual place here; name one in RECORD_FILE"};
    path = options_.folder + "/capture/" + port_name(plan.port) + std::string(kSuffix);
  }
  auto& known = recorders_[path];
  if (!known) {
    auto opened = Recorder::open(background_, path, plan.record_limits, log_, now);
    if (!opened) return opened.error();
    known = std::move(*opened);
  }
  return known;
}

// As PACKS of config.ini has it.
CaptureRecord Traffic::packs(const Tapped& tapped) const {
  CaptureRecord record;
  record.kind = tapped.configured ? CaptureRecord::packs : CaptureRecord::found;
  const Protocol* last = nullptr;
  for (std::size_t i = 0; i < tapped.line->pack_count(); ++i) {
    const PackTalk& pack = tapped.line->pack(i);
    if (pack.protocol == last) {
      record.text += ",";
    } else {
      record.text += (record.text.empty() ? "" : "; ") + std::string(pack.protocol->name) + "@";
    }
    record.text += hex_address(pack.address);
    last = pack.protocol;
  }
  return record;
}

void Traffic::look(Instant now) {
  for (const auto& tapped : ports_) {
    if (!tapped->recorder || tapped->packs_told == tapped->line->pack_count()) continue;
    tapped->packs_told = tapped->line->pack_count();
    tapped->recorder->know(tapped->port, packs(*tapped), now);
  }
  for (const auto& [path, recorder] : recorders_) {
    if (recorder) recorder->flush(now);
  }
}

void Traffic::finish(Instant now) {
  look(now);
  for (int i = 0; i < 2; ++i) {  // the second time says what the first one met
    for (const auto& [path, recorder] : recorders_) {
      if (recorder) recorder->finish(now);
    }
    background_.drain();
  }
}

// --- The black box ---

Traffic::Seen Traffic::seen(const BatteryView& view) {
  Seen seen;
  seen.rejected = view.battery.rejected();
  for (std::size_t i = 0; i < kAlarmCount; ++i) seen.alarms.at(i) = view.battery.alarms().of(static_cast<Alarm>(i));
  return seen;
}

void Traffic::added(const BatteryView& view, Instant /*now*/) { seen_[view.identity.id] = seen(view); }

void Traffic::removed(const Identity& identity, Instant /*now*/) { seen_.erase(identity.id); }

void Traffic::changed(const BatteryView& view, Instant now) {
  const Seen before = std::exchange(seen_[view.identity.id], seen(view));
  const Seen& after = seen_[view.identity.id];
  std::string why;
  for (std::size_t i = 0; i < kAlarmCount; ++i) {
    const bool begins = after.alarms.at(i) > before.alarms.at(i) && after.alarms.at(i) >= Severity::warning;
    if (begins) why = fmt::format("alarm {}", key_of(static_cast<Alarm>(i)));
  }
  if (after.rejected > before.rejected) why = fmt::format("a value was rejected ({})", view.battery.last_rule());
  if (why.empty()) return;
  for (const auto& tapped : ports_) {
    if (tapped->port == view.identity.port) write_black_box(*tapped, view.identity.id + ": " + why, now);
  }
}

void Traffic::write_black_box(Tapped& tapped, const std::string& why, Instant now) {
  if (!tapped.box || (tapped.written_at && now - *tapped.written_at < kBlackBoxEvery)) return;
  tapped.written_at = now;
  const std::int64_t unix_now = unix_microseconds();
  std::string text = tapped.box->text(tapped.port, tapped.can, packs(tapped), now, unix_now);
  text.insert(kCaptureHead.size(), "# " + why + "\n");
  const std::string prefix = "blackbox-" + port_name(tapped.port) + "-";
  const std::string path = options_.black_boxes + "/" + prefix + utc_text(unix_now) + std::string(kSuffix);
  log_(Level::info, fmt::format("{}; the last minutes of {} go to {}", why, tapped.port, path));
  const std::size_t bytes = text.size();
  (void)background_.post(
      bytes, [path, prefix, text = std::move(text), folder = options_.black_boxes, most = options_.black_box_files] {
        if (write_whole_file(path, text)) keep_newest_files(folder, prefix, kSuffix, most);
      });
}

}  // namespace bmsd
