// One function per command, one file per function. Each returns the exit status: 0 done, 1 the thing asked for failed,
// 2 wrong usage.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bmsd {

inline constexpr int kDone = 0, kFailed = 1, kWrongUsage = 2;

// What a command says on stderr when it cannot do what it was asked for: "bmsd COMMAND: TEXT". Returns `status`.
int complain(std::string_view command, std::string_view text, int status = kFailed);
int wrong_usage(std::string_view command, std::string_view text);

// How to talk on lines; what `run`, `scan`, `show` share.
struct LineOptions {
  std::string protocol;            // empty: every one that is registered
  std::string addresses;           // "1,2,0x0A"; empty: the protocol's default
  int baud = 0;                    // 0: the speeds that the protocol names
  std::optional<double> interval;  // seconds between rounds, 0: as fast as the wire allows; empty: 1 s
  std::vector<std::string> ports;
};

struct RunOptions {
  LineOptions line;
  std::string bus = "system";  // D-Bus address, system, session, none
  std::string serial_starter;  // tty name
  std::string socket;          // control socket; empty: the usual place
  std::string config;          // config.ini; empty: the usual place, where it may be missing
  std::string state;           // what survives a restart; empty: the usual place
  std::string log_level;       // empty: LOGGING of the configuration
  int take_over = -1;          // descriptor of the channel to the process whose place this one takes (app/takeover.h)
};

struct ScanOptions {
  LineOptions line;
  bool json = false;
  bool all_addresses = false;
};

struct ShowOptions {
  LineOptions line;
  bool json = false;
  bool all = false;  // also what is only read on demand
  std::string socket;
};

struct WatchOptions {
  std::string socket;
  bool once = false;
};

struct RestartOptions {
  std::string with;  // the new binary; empty: the one that runs
  std::string socket;
};

struct DoctorOptions {
  LineOptions line;  // no port: what the running daemon knows
  bool json = false;
  double seconds = 10;  // that a line is talked to
  std::string socket;
};

struct ReportOptions {
  std::string file;  // the archive; empty: a name with the time, in the current folder
  std::string socket;
  std::string config, state;  // where no daemon says where they are; empty: the usual places
  bool raw = false;           // black boxes as they are
};

struct SetOptions {
  std::string battery;  // empty: the only one
  std::string change;   // WHAT=VALUE
  bool yes = false;
  std::string socket;
};

struct ExplainOptions {
  std::string battery;               // empty: all
  std::vector<std::string> what_if;  // KEY=VALUE
  bool json = false;
  std::string socket;
  std::string config;  // no daemon: this configuration, of a typical battery
  std::string bus;     // no socket: what the services on this bus show
};

struct SimulateOptions {
  std::string protocol;
  int packs = 1;
  std::vector<std::string> addresses;
  std::string link;       // symbolic link to the pseudo-terminal
  std::string port;       // a real port instead of a pseudo-terminal
  std::string interface;  // CAN
  std::string slcan;      // CAN: a link to a pseudo-terminal that is an adapter
  int baud = 0;           // 0: what the other end sets
  int delay_ms = 20;
  std::vector<std::string> faults;  // KIND=RATE
  std::uint64_t seed = 1;
  std::vector<std::string> set;            // KEY=VALUE of the pack's state or firmware variant
  std::string log;                         // file that gets every state that was sent, as JSON lines
  bool charged = false;                    // --model charge: a battery with a charger and a house
  std::optional<double> time_factor;       // of that model; empty: 1
  std::optional<std::string> charge_from;  // control socket of the bmsd that its charger obeys; empty text: the usual
};

struct PlanOptions {
  std::string config;   // empty: the usual place, where it may be missing
  std::string battery;  // whose section of it holds
  std::string svg;      // file to draw to; "-": standard output
  bool json = false;
  std::string scenario;  // file of scenarios, one a line; "-": standard input; empty: a simulated day
  double hours = 24, start_hour = 0;
  std::uint64_t seed = 1;
  int cells = 16;
  double capacity_ah = 280, soc_percent = 45, temperature_c = 20;
  double spread = 1;
  double pv_w = 5000, load_w = 500, clouds = 0.3;
};

struct RecordOptions {
  LineOptions line;  // one port; a protocol or addresses: polls as run does
  std::string file;
  bool listen = false;  // never sends, although the protocol is known
  double seconds = 0;   // 0: until a signal
};

struct ListenOptions {
  LineOptions line;  // one port
  bool json = false;
  double seconds = 0;
};

struct ReplayOptions {
  LineOptions line;  // no ports: they are those of the capture
  std::vector<std::string> files;
  std::string config;  // empty: the defaults
  std::string speed = "fast";
  std::string bus;        // empty: none
  std::string expect;     // file with the lines that are to come
  std::string anonymise;  // file that the capture without serial numbers goes to
};

struct DecodeOptions {
  std::string protocol;
  bool json = false;
  std::string request;
  std::vector<std::string> params;  // KEY=VALUE
  std::vector<std::string> frames;
};

struct ListOptions {
  bool json = false;
  bool markdown = false;
};

struct CheckOptions {
  std::string file;        // empty: the usual place; "-": standard input
  bool effective = false;  // also the values that hold
  bool strict = false;     // warnings fail too
  bool defaults = false;   // a file with all defaults
  bool json = false;
  bool markdown = false;  // the tables of docs/configuration.md
  std::string get;        // one key
  std::string section;    // of that key; empty: DEFAULT
};

struct PinOptions {
  std::string port;
  bool list = false;
  bool remove = false;
  bool serial_starter = false;  // Venus OS: serial-starter starts bmsd for it, instead of leaving it to the daemon
};

struct DemoOptions {
  bool once = false;
};

int command_run(const RunOptions& options);
int command_scan(const ScanOptions& options);
int command_show(const ShowOptions& options);
int command_watch(const WatchOptions& options);
int command_explain(const ExplainOptions& options);
int command_doctor(const DoctorOptions& options);
int command_report(const ReportOptions& options);
int command_set(const SetOptions& options);
int command_restart(const RestartOptions& options);
int command_simulate(const SimulateOptions& options);
int command_plan(const PlanOptions& options);
int command_record(const RecordOptions& options);
int command_listen(const ListenOptions& options);
int command_replay(const ReplayOptions& options);
int command_decode(const DecodeOptions& options);
int command_list(const ListOptions& options);
int command_check(const CheckOptions& options);
int command_pin(const PinOptions& options);
int command_demo(const DemoOptions& options);

}  // namespace bmsd
