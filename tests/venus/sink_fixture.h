// A sink on a real bus, and what it says and remembers.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "fake_settings.h"
#include "test_bus.h"
#include "test_pack.h"
#include "venus/sink.h"

namespace bmsd::testing {

inline constexpr std::int64_t kNow = 1'700'000'000;  // what the sink takes for Unix time
inline constexpr const char* kService = "com.victronenergy.battery.ttyUSB0";
inline const std::string kDevices = "/Settings/Devices/";
inline const std::string kDevice = kDevices + "serialbattery_JD2M02150860_1_/";  // of TestPack's serial number

inline Kept kept_as(std::int32_t instance, const std::string& custom_name = "") {
  Kept kept;
  kept.instance = instance;
  kept.custom_name = custom_name;
  return kept;
}

struct TempFolder {
  TempFolder() {
    char name[] = "/tmp/bmsd-lock-XXXXXX";
    if (!mkdtemp(name)) throw std::runtime_error("no temporary folder");
    path = name;
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  std::string path;
};

class SinkTest : public ::testing::Test {
 protected:
  SinkTest() {
    options.bus = bus.address();
    options.process_version = "0.1.0";
    options.unix_time = [this] { return unix_time; };
    options.settings_patience = 0s;
    options.lock_folder = locks.path;
    options.recall = [this](std::string_view identity) {
      const auto found = state.find(std::string(identity));
      return found == state.end() ? std::nullopt : std::optional<Kept>(found->second);
    };
    options.remember = [this](std::string_view identity, const Kept& kept) { state[std::string(identity)] = kept; };
    options.restored = [this](std::string_view id, const Kept& kept) { restored[std::string(id)].push_back(kept); };
  }

  // A settings service; from then on the sink waits for its answer.
  FakeSettings& start_settings(FakeSettings::File file = {}) {
    options.settings_patience = 60s;
    settings = std::make_unique<FakeSettings>(io, bus.address(), std::move(file));
    return *settings;
  }

  VenusSink& make_sink() {
    sink.reset();  // the program ends and starts again
    sink = std::make_unique<VenusSink>(
        io, options, [this](Level, std::string_view line) { log += std::string(line) + "\n"; },
        [this](const std::string& service, std::string_view id) {
          appeared.push_back(service + " " + std::string(id));
        });
    return *sink;
  }
  bool appears(std::size_t count = 1) {
    return run_until(io, [&] { return appeared.size() >= count; });
  }
  // A new sink with the pack, until it is on the bus.
  void run() {
    appeared.clear();
    make_sink().added(pack.view(), pack.now);
    ASSERT_TRUE(appears()) << log;
  }
  bool logs(const std::string& text) {
    return run_until(io, [&] { return log.find(text) != std::string::npos; });
  }

  TestBus bus;
  TempFolder locks;
  boost::asio::io_context io;
  std::int64_t unix_time = kNow;
  VenusOptions options;
  std::map<std::string, Kept> state;  // the state file
  std::map<std::string, std::vector<Kept>> restored;
  std::string log;
  std::vector<std::string> appeared;
  TestPack pack;
  std::unique_ptr<FakeSettings> settings;
  std::unique_ptr<VenusSink> sink;
};

}  // namespace bmsd::testing
