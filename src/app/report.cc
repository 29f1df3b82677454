// bmsd report: one archive with all that helps to find a fault, and none of the secrets.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>

#include "app/commands.h"
#include "app/config_path.h"
#include "app/config_source.h"
#include "app/program.h"
#include "app/secrets.h"
#include "app/traffic.h"
#include "app/version.h"
#include "io/clock.h"
#include "io/usb_ports.h"
#include "sink/control_client.h"
#include "sink/json.h"
#include "store/file.h"
#include "store/state_file.h"
#include "store/state_text.h"

namespace bmsd {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::size_t kMostOfAFile = 16 * 1024 * 1024;
constexpr std::string_view kFolder = "bmsd-report";
constexpr std::string_view kSelf = "/proc/self/exe";

std::optional<std::string> content_of(const std::string& path) {
  const File file(path, O_RDONLY);
  std::string text;
  if (!file.is_open() || !file.read(text, kMostOfAFile)) return std::nullopt;
  return text;
}

std::string utc(std::int64_t unix_seconds, const char* format) {
  const std::time_t at = static_cast<std::time_t>(unix_seconds);
  std::tm parts{};
  char text[40];
  (void)::gmtime_r(&at, &parts);
  return std::string(text, std::strftime(text, sizeof text, format, &parts));
}

// Where the archive is put together; gone with its content at the end.
class Workshop {
 public:
  Workshop() {
    std::error_code error;
    std::string pattern = fs::temp_directory_path(error) / "bmsd-report-XXXXXX";
    if (error) pattern = "/tmp/bmsd-report-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) return;
    path_ = pattern;
    fs::create_directory(content(), error);
  }
  ~Workshop() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  Workshop(const Workshop&) = delete;
  Workshop& operator=(const Workshop&) = delete;

  const std::string& path() const { return path_; }  // empty: it could not be made
  std::string content() const { return path_ + "/" + std::string(kFolder); }

 private:
  std::string path_;
};

// Where the daemon has its things.
struct Places {
  std::string config, state, black_boxes;
};

class Report {
 public:
  explicit Report(const ReportOptions& options) : options_(options) {}

  int run() {
    if (workshop_.path().empty()) return complain("report", "there is no room for temporary files; set TMPDIR");
    look_for_daemon();
    learn_secrets();
    add_system();
    add_config();
    add_daemon();
    add_state();
    add_black_boxes();
    return pack();
  }

 private:
  void add(const std::string& name, const std::string& text, const std::string& what) {
    const std::string path = workshop_.content() + "/" + name;
    std::error_code ignored;
    fs::create_directories(fs::path(path).parent_path(), ignored);
    const File file(path, O_WRONLY | O_CREAT | O_TRUNC);
    if (!file.is_open() || !file.write(secrets_.blanked(text))) return leave_out(name, "it cannot be written");
    contents_.push_back(fmt::format("{:<24} {}", name, what));
  }

  void leave_out(const std::string& what, const std::string& why) { missing_.push_back(what + ": " + why); }

  // A command of this very program; its output is one of the files.
  void add_output(const std::vector<std::string>& words, const std::string& name, const std::string& what) {
    std::vector<std::string> command = {std::string(kSelf)};
    command.insert(command.end(), words.begin(), words.end());
    const std::string out = workshop_.path() + "/out", errors = workshop_.path() + "/errors";
    const auto ran = run_program(command, out, errors);
    if (!ran) return leave_out(name, describe(ran.error()));
    add(name, content_of(out).value_or("") + content_of(errors).value_or(""), what);
  }

  void look_for_daemon() {
    const std::string state = options_.state.empty() ? usual_state_path() : options_.state;
    places_ = {config_path(options_.config), state, {}};
    const auto status = ask(options_.socket, {{"ask", "status"}});
    if (!status) {
      no_daemon_ = describe(status.error());
      return;
    }
    status_ = *status;
    places_.config = status_.value("config", places_.config);
    places_.state = status_.value("state", places_.state);
    places_.black_boxes = status_.value("black_boxes", "");
  }

  void learn_secrets() {
    config_ = content_of(places_.config);
    if (config_) secrets_.learn(*config_);
    if (const auto text = content_of(places_.state)) {
      state_ = parse_state(*text);
      if (*state_) secrets_.learn((*state_)->good_config);
    }
    if (!places_.black_boxes.empty()) return;
    const DaemonConfig daemon = Config::parse(config_.value_or("")).daemon();
    places_.black_boxes = black_box_folder(daemon, places_.state);
  }

  void add_system() {
    std::string text = fmt::format("bmsd {}\n{}\n", kVersion, utc(wall_now().seconds, "%Y-%m-%dT%H:%M:%SZ"));
    utsname names{};
    if (::uname(&names) == 0)
      text += fmt::format("{} {} {} {}\n", names.sysname, names.release, names.version, names.machine);
    for (const char* file :
         {"/etc/os-release", "/opt/victronenergy/version", "/etc/venus/machine", "/proc/uptime", "/proc/loadavg"}) {
      if (const auto found = content_of(file)) text += fmt::format("\n--- {}\n{}", file, *found);
    }
    if (const auto memory = content_of("/proc/meminfo"))
      text += "\n--- /proc/meminfo\n" + memory->substr(0, 200) + "\n";
    add("system.txt", text, "versions of bmsd and of the system");
    std::string ports;
    for (const UsbPort& port : usb_ports())
      ports +=
          fmt::format("{}  serial {}  socket {}\n", port.tty, port.serial.empty() ? "-" : port.serial, port.hub_path);
    add("ports.txt", ports.empty() ? "no USB adapter is there\n" : ports, "USB adapters with their serial numbers");
  }

  void add_config() {
    if (!config_) return leave_out("config.ini", places_.config + " is not there or cannot be read; the defaults hold");
    add("config.ini", secrets_.blanked_ini(*config_),
        "the configuration, " + places_.config + ", with secrets blanked (***)");
    add_output({"check", places_.config}, "check.txt", "what bmsd check says of it");
  }

  void add_daemon() {
    if (!no_daemon_.empty())
      return leave_out("everything that a running daemon knows (status, log, limits)", no_daemon_);
    add("status.json", json_text(status_, 2) + "\n", "the daemon, its lines and packs, and what was counted");
    add_answer("show", "show.json", "every value of every battery, with serial numbers");
    add_answer("explain", "explain.json", "why the limits are what they are");
    add_answer("doctor", "doctor.json", "what is wrong with the lines (bmsd doctor)");
    const auto log = ask(options_.socket, {{"ask", "log"}});
    if (!log) return leave_out("log.txt", describe(log.error()));
    std::string text;
    for (const Json& line : log->value("lines", Json::array())) {
      text += fmt::format("{} {}: {}\n", utc(line.value("at", std::int64_t{0}), "%Y-%m-%dT%H:%M:%SZ"),
                          line.value("level", ""), line.value("text", ""));
    }
    add("log.txt", text, "the last lines of the log");
  }

  void add_answer(const char* question, const std::string& name, const std::string& what) {
    const auto reply = ask(options_.socket, {{"ask", question}});
    if (!reply) return leave_out(name, describe(reply.error()));
    add(name, json_text(*reply, 2) + "\n", what);
  }

  // It holds the last good configuration.
  void add_state() {
    if (!state_) return leave_out("state", places_.state + " is not there or cannot be read");
    if (!*state_) return leave_out("state", places_.state + " is damaged (" + describe(state_->error()) + ")");
    State state = **state_;
    state.good_config = secrets_.blanked_ini(state.good_config);
    add("state", state_text(state), "what survives a restart, " + places_.state + ", with serial numbers");
  }

  // What names a pack or its owner is blanked as bmsd replay --anonymise does it: among it are passwords that some BMSes tell.
  void add_black_boxes() {
    std::vector<std::string> files;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(places_.black_boxes, error)) {
      if (entry.path().extension() == ".capture") files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    if (files.empty()) leave_out("black boxes", "there are none in " + places_.black_boxes);
    for (const std::string& file : files) add_black_box(file);
  }

  void add_black_box(const std::string& file) {
    const std::string name = "blackbox/" + fs::path(file).filename().string();
    const auto text = content_of(file);
    if (!text) return leave_out(name, "it cannot be read");
    const std::size_t why = text->find("\n# ");
    const std::string reason =
        why == std::string::npos ? "" : text->substr(why + 3, text->find('\n', why + 1) - why - 3);
    if (options_.raw) return add(name, *text, "traffic, as it was: " + reason);
    const std::string blanked = workshop_.path() + "/anonymised", errors = workshop_.path() + "/errors";
    const auto ran = run_program({std::string(kSelf), "replay", file, "--anonymise", blanked}, "/dev/null", errors);
    const auto result = content_of(blanked);
    std::error_code ignored;
    fs::remove(blanked, ignored);
    if (!ran || *ran != kDone || !result) {
      std::string said = content_of(errors).value_or("");
      return leave_out(name, "its serial numbers cannot be blanked (" + said.substr(0, said.find('\n')) +
                                 "); --raw takes it as it is");
    }
    add(name, *result, "traffic, serial numbers and names blanked: " + reason);
  }

  std::string readme() const {
    std::string text = "Report of bmsd " + std::string(kVersion) + "\n\nIn it:\n";
    for (const std::string& line : contents_) text += "  " + line + "\n";
    text += "\nNot in it:\n";
    for (const std::string& line : missing_) text += "  " + line + "\n";
    text +=
        "  passwords and other secrets of the configuration: they are blanked (***)\n"
        "\nIt holds serial numbers of batteries and adapters, names of ports and of batteries, and measured values. It "
        "is meant for\n"
        "whoever looks for a fault; read it before it is put where everybody can.\n";
    return text;
  }

  int pack() {
    add("README.txt", readme(), "");
    contents_.pop_back();
    const std::string file =
        options_.file.empty() ? "bmsd-report-" + utc(wall_now().seconds, "%Y%m%dT%H%M%SZ") + ".tar.gz" : options_.file;
    // Made here, so that it is nobody else's at any time.
    const int made = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (made < 0 && errno == EEXIST) return complain("report", file + ": is there already; name another file");
    if (made < 0) return complain("report", file + ": " + std::strerror(errno));
    ::close(made);
    const std::string errors = workshop_.path() + "/errors";
    const auto ran = run_program({"tar", "-C", workshop_.path(), "-czf", "-", std::string(kFolder)}, file, errors);
    if (!ran || *ran != 0) {
      std::error_code ignored;
      fs::remove(file, ignored);
      std::string said = ran ? content_of(errors).value_or("") : describe(ran.error());
      return complain("report", "tar fails: " + said.substr(0, said.find('\n')));
    }
    std::printf("%s\n\n%s", file.c_str(), readme().c_str());
    return kDone;
  }

  const ReportOptions& options_;
  Workshop workshop_;
  Secrets secrets_;
  Places places_;
  Json status_;
  std::string no_daemon_;  // why none was asked
  std::optional<std::string> config_;
  std::optional<Result<State>> state_;
  std::vector<std::string> contents_, missing_;
};

}  // namespace

int command_report(const ReportOptions& options) { return Report(options).run(); }

}  // namespace bmsd
