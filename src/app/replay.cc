// bmsd replay: a capture back through the whole program.
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "app/commands.h"
#include "app/config_source.h"
#include "app/replayer.h"
#include "app/version.h"
#include "io/clock.h"
#include "line/anonymise.h"
#include "sink/json_lines.h"
#include "store/file.h"
#include "store/rotating_file.h"
#include "venus/sink.h"

namespace bmsd {
namespace {

constexpr std::size_t kDifferencesShown = 10;
constexpr Instant kVirtualBegin = Instant{} + 1h;  // of virtual time; nothing depends on it

// Compares line by line what would be printed with what was expected.
class Expectation {
 public:
  explicit Expectation(std::string text) : text_(std::move(text)), rest_(text_) {}

  void look(const std::string& line) {
    ++number_;
    const std::size_t end = rest_.find('\n');
    const std::string_view expected = rest_.substr(0, end);
    if (rest_.empty()) {
      differ("nothing", line);
    } else if (expected != line) {
      differ(expected, line);
    }
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
  }
  bool finish() {
    while (!rest_.empty()) {
      ++number_;
      const std::size_t end = rest_.find('\n');
      differ(rest_.substr(0, end), "nothing");
      rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    }
    if (differences_ == 0) std::printf("as expected: %zu lines\n", number_);
    if (differences_ > 0) std::printf("%zu of %zu lines differ\n", differences_, number_);
    return differences_ == 0;
  }

 private:
  void differ(std::string_view expected, std::string_view got) {
    if (++differences_ > kDifferencesShown) return;
    std::printf("line %zu:\n  expected %.*s\n  got      %.*s\n", number_, static_cast<int>(expected.size()),
                expected.data(), static_cast<int>(got.size()), got.data());
  }

  std::string text_;
  std::string_view rest_;
  std::size_t number_ = 0, differences_ = 0;
};

Result<Config> load_config(const std::string& path, const Log& log) {
  if (path.empty()) return Config();
  auto text = read_config(path);
  if (!text) return text.error();
  if (!text->has_value()) return Error{Errc::config, "config", 0, path + ": no such file"};
  Config config = Config::parse(**text);
  for (const Finding& finding : config.findings()) log(Level::warning, describe(finding, path));
  return config;
}

VenusOptions bus_options(const std::string& bus) {
  VenusOptions options;
  options.bus = bus;
  options.process_version = kVersion;
  options.unix_time = [] { return wall_now().seconds; };
  if (bus != "system" && bus != "session") options.lock_folder.clear();
  return options;
}

// Who speaks what is learned by replaying it.
int anonymise_capture(const ReplayOptions& options, Capture capture, const Config& config, const Log& log) {
  if (std::find(options.files.begin(), options.files.end(), options.anonymise) != options.files.end())
    return wrong_usage("replay", options.anonymise + ": is the capture itself; name another file");
  const std::vector<CaptureRecord> records = capture.records;
  auto replayer =
      Replayer::make(std::move(capture), options.line, config, kVirtualBegin, [](Level, std::string_view) {});
  if (!replayer) return wrong_usage("replay", describe(replayer.error()));
  (*replayer)->run([](Instant) { return true; });
  const auto done = anonymise(records, (*replayer)->protocols());
  if (!done) return complain("replay", describe(done.error()) + "; nothing was written");
  std::string text(kCaptureHead);
  for (const CaptureRecord& record : done->records) text += capture_line(record);
  if (const Status written = write_whole_file(options.anonymise, text); !written)
    return complain("replay", describe(written.error()));
  log(Level::info,
      fmt::format("{}: {} serial numbers and names are blanked, {} bytes that nobody understands are zeros; "
                  "times, addresses and all measured values are as they were",
                  options.anonymise, done->names, done->bytes_removed));
  return kDone;
}

}  // namespace

int command_replay(const ReplayOptions& options) {
  const Log log = log_to_stderr(Level::info);
  auto capture = load_capture(options.files);
  if (!capture) return wrong_usage("replay", capture.error().detail);
  for (const std::string& remark : capture->remarks) log(Level::warning, remark);
  auto config = load_config(options.config, log);
  if (!config) return wrong_usage("replay", describe(config.error()));
  if (!options.anonymise.empty()) return anonymise_capture(options, std::move(*capture), *config, log);
  std::optional<Expectation> expected;
  if (!options.expect.empty()) {
    const File file(options.expect, O_RDONLY);
    std::string text;
    if (!file.is_open() || !file.read(text, kLargestCapture))
      return wrong_usage("replay", options.expect + ": cannot be read; is the name right?");
    expected.emplace(std::move(text));
  }

  // Who is on a bus keeps to its time.
  const bool real = options.speed == "real" || !options.bus.empty();
  const Instant begin = real ? now_monotonic() : kVirtualBegin;
  auto replayer = Replayer::make(std::move(*capture), options.line, *config, begin, log);
  if (!replayer) return wrong_usage("replay", describe(replayer.error()));
  Hub& hub = (*replayer)->hub();

  boost::asio::io_context io(1);
  const auto work = boost::asio::make_work_guard(io);
  boost::asio::signal_set signals(io, SIGINT, SIGTERM);
  bool stopped = false;
  signals.async_wait([&](const boost::system::error_code& error, int) {
    stopped = !error;
    io.stop();
  });
  JsonLines lines(begin, [&expected](const std::string& line) {
    if (expected) return expected->look(line);
    std::printf("%s\n", line.c_str());
  });
  hub.add_sink(lines);
  std::unique_ptr<VenusSink> venus;
  if (!options.bus.empty()) {
    venus = std::make_unique<VenusSink>(io, bus_options(options.bus), log,
                                        [&log](const std::string& service, std::string_view id) {
                                          log(Level::info, fmt::format("{} is on the bus as {}", id, service));
                                        });
    hub.add_sink(*venus);
  }
  (*replayer)->run([&](Instant until) {
    if (real) {
      std::fflush(stdout);
      io.run_until(std::chrono::steady_clock::time_point(until.time_since_epoch()));
    } else {
      io.poll();
    }
    return !stopped;
  });
  if (expected && !stopped) return expected->finish() ? kDone : kFailed;
  return kDone;
}

}  // namespace bmsd
