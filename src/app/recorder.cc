#include "app/recorder.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "io/clock.h"

namespace bmsd {
namespace {

constexpr Duration kHandOverEvery = 250ms;
constexpr std::size_t kHandOverBytes = 32 * 1024;

}  // namespace

struct Recorder::Shared {
  explicit Shared(RotatingFile opened) : file(std::move(opened)) {}

  // On the other thread.
  void write(const std::string& text, std::uint64_t count, bool rotates) {
    std::string missing;
    {
      const std::lock_guard lock(mutex);
      if (lost > 0) missing = fmt::format("# {} lines are missing here: {}\n", lost, why);
    }
    Status status = rotates ? file.rotate() : Done{};
    if (status && !missing.empty()) status = file.append(missing);
    if (status) status = file.append(text);
    const std::lock_guard lock(mutex);
    if (status) {
      if (lost > 0) recovered = std::exchange(lost, 0);
      why.clear();
    } else {
      lost += count;
      why = describe(status.error());
    }
  }

  std::mutex mutex;
  RotatingFile file;            // of the other thread alone
  std::uint64_t lost = 0;       // lines that could not be written
  std::uint64_t recovered = 0;  // that were missing when writing went on
  std::string why;              // it cannot be written; empty: it can
};

Result<std::shared_ptr<Recorder>> Recorder::open(Background& background, const std::string& path, RotationLimits limits,
                                                 Log log, Instant now) {
  auto file = RotatingFile::open(path, kCaptureHead, limits);
  if (!file) return file.error();
  return std::make_shared<Recorder>(background, path, std::move(*file), limits, std::move(log), now);
}

Recorder::Recorder(Background& background, std::string path, RotatingFile file, RotationLimits limits, Log log,
                   Instant now)
    : background_(background),
      path_(std::move(path)),
      limits_(limits),
      log_(std::move(log)),
      shared_(std::make_shared<Shared>(std::move(file))),
      size_(shared_->file.size()),
      handed_over_(now) {
  set_time(now);
}

void Recorder::set_time(Instant now) { offset_ = unix_microseconds() - now.time_since_epoch().count(); }

void Recorder::note(const std::string& port, bool can, const Wiretap::Event& event) {
  PortState& state = ports_[port];
  if (event.kind == CaptureRecord::opened || event.kind == CaptureRecord::speed) state.baud = event.baud;
  if (event.kind == CaptureRecord::opened) state.open = true;
  if (event.kind == CaptureRecord::closed) state.open = false;
  CaptureRecord record;
  record.at = unix_time(event.at);
  record.port = port;
  record.kind = event.kind;
  record.can = can;
  record.baud = event.baud;
  record.bytes.assign(event.bytes.begin(), event.bytes.end());
  add(record);
  if (pending_.size() >= kHandOverBytes) hand_over(event.at);
}

void Recorder::know(const std::string& port, const CaptureRecord& packs, Instant now) {
  CaptureRecord record = packs;
  record.at = unix_time(now);
  record.port = port;
  ports_[port].packs = record;
  add(record);
}

void Recorder::add(const CaptureRecord& record) {
  pending_ += capture_line(record);
  ++pending_lines_;
  ++lines_;
}

// What a file has to say of the ports before their bytes.
std::string Recorder::head(Instant now) const {
  std::string text;
  for (const auto& [port, state] : ports_) {
    CaptureRecord record;
    record.at = unix_time(now);
    record.port = port;
    record.kind = CaptureRecord::opened;
    record.baud = state.baud;
    if (state.open) text += capture_line(record);
    if (state.packs.text.empty()) continue;
    record.kind = state.packs.kind;
    record.text = state.packs.text;
    text += capture_line(record);
  }
  return text;
}

// A new file begins with the state of the ports as it is now, behind lines that were noted before: those stay in the old
// one, which may so become a little larger than its limit.
void Recorder::hand_over(Instant now) {
  handed_over_ = now;
  if (pending_.empty()) return;
  const auto post = [this](std::string text, std::uint64_t lines, bool rotates) {
    const std::size_t bytes = text.size();
    const auto job = [shared = shared_, text = std::move(text), lines, rotates] {
      shared->write(text, lines, rotates);
    };
    if (background_.post(bytes, job)) return;
    const std::lock_guard lock(shared_->mutex);
    shared_->lost += lines;
    shared_->why = "the disk is too slow";
  };
  size_ += pending_.size();
  post(std::exchange(pending_, {}), std::exchange(pending_lines_, 0), false);
  if (size_ < limits_.bytes) return;
  set_time(now);
  std::string begin = head(now);
  size_ = kCaptureHead.size() + begin.size();
  post(std::move(begin), 0, true);
}

void Recorder::flush(Instant now) {
  if (now - handed_over_ < kHandOverEvery) return;
  finish(now);
}

void Recorder::finish(Instant now) {
  hand_over(now);
  std::string why;
  std::uint64_t recovered = 0;
  {
    const std::lock_guard lock(shared_->mutex);
    why = shared_->why;
    recovered = std::exchange(shared_->recovered, 0);
  }
  if (!why.empty() && !std::exchange(told_, true))
    log_(Level::error, why + "; what happens on the line is not recorded until it can be, all else goes on");
  if (why.empty() && std::exchange(told_, false))
    log_(Level::info, fmt::format("{}: recording again; {} lines are missing", path_, recovered));
}

}  // namespace bmsd
