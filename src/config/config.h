// The configuration: what a file says, checked, as the plain structs that the rooms ask for. Nobody but this room sees
// keys.
//
// A broken file never lowers protection and never takes a battery away: a value that cannot be used leaves a finding and
// a safe value.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bank/display.h"
#include "base/log.h"
#include "config/finding.h"
#include "config/layer.h"
#include "config/packs.h"
#include "config/schema.h"
#include "config/settings.h"
#include "control/config.h"

namespace bmsd {

struct DaemonConfig {
  Level logging = Level::info;
  std::vector<std::string> ports;             // PORTS, then those that have a [line] of their own
  std::vector<std::string> excluded_devices;  // EXCLUDED_DEVICES, full names
  int black_box_files = 4;                    // BLACK_BOX_FILES; 0: no black box
  std::string black_box_folder;               // BLACK_BOX_FOLDER; empty: beside the state

  bool operator==(const DaemonConfig&) const = default;
};

// What only some protocols ask for, by key, as text; only what is not the default.
using ParamList = std::vector<std::pair<std::string, std::string>>;

struct LineConfig {
  std::vector<std::string> bms_types;   // BMS_TYPE; empty: all
  std::vector<int> addresses;           // BATTERY_ADDRESSES
  std::vector<ProtocolPacks> packs;     // PACKS, instead of the two before
  std::optional<double> poll_interval;  // s
  int baud = 0;                         // 0: the speeds that the protocol names
  bool use_port_as_unique_id = false;   // USE_PORT_AS_UNIQUE_ID
  bool listen = false;                  // LISTEN
  bool listen_if_master = false;        // LISTEN_IF_MASTER
  std::string record_file;              // RECORD_FILE; empty: none
  bool capture = false;                 // BMS_CAPTURE_RAW_DATA: a record file in the usual place
  int capture_megabytes = 5;            // BMS_CAPTURE_RAW_DATA_MAX_SIZE_MB
  int capture_older_files = 3;          // BMS_CAPTURE_RAW_DATA_BACKUP_COUNT
  ParamList params;
  std::vector<std::pair<int, ParamList>> pack_params;  // by address, instead of `params`: from [battery PORT ADDRESS]

  bool operator==(const LineConfig&) const = default;
};

struct BatteryConfig {
  ControlConfig control;
  Display display;
  bool allow_writes = false;  // ALLOW_WRITES
};

// A battery, as sections of the file may name it.
struct BatteryName {
  std::string port;       // "/dev/ttyUSB0"
  std::string port_name;  // "ttyUSB0"
  int address = -1;
  std::vector<std::string> identities;  // as received; empty while unknown
};

// A file that was read, with everything that there is to say about it.
class Config {
 public:
  Config();  // the defaults

  // Never fails.
  static Config parse(std::string_view text);

  const std::vector<Finding>& findings() const { return findings_; }  // by line
  ConfigState state() const;                                          // the worst finding

  DaemonConfig daemon() const;
  // `port`: as the user named it, "/dev/ttyUSB0" or "ttyUSB0" or "usb:A50285BI"; sections match either form.
  LineConfig line(std::string_view port) const;

  // The configuration of each of `all`, in its order. [battery X]: X is an identity without case, or a prefix of at least 6
  // characters that only one of `all` has, or "PORT ADDRESS". An X that fits several is a finding (unusable) in `findings` that lists
  // them, and holds for none.
  std::vector<BatteryConfig> batteries(std::span<const BatteryName> all,
                                       std::vector<Finding>* findings = nullptr) const;

  // For `bmsd check --effective` and --get: the values in [DEFAULT], or in the section that `name` names ("line ttyUSB0").
  Settings effective() const;
  std::optional<Settings> effective(std::string_view section) const;
  std::vector<std::string> sections() const;  // other than DEFAULT, as written

 private:
  struct Section {
    Scope scope = Scope::line;
    std::string name;    // as written
    std::string target;  // what it names: the port, the battery
    int line = 0;        // of the file
    Layer layer;
  };

  void add_section(const IniSection& section);
  void check();
  std::vector<const Layer*> layers_of_port(std::string_view port, std::string_view port_name = {}) const;
  std::vector<const Layer*> layers_of(const Section& section) const;

  Layer default_;
  std::vector<Section> sections_;
  std::vector<Finding> findings_;
};

}  // namespace bmsd
