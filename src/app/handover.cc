#include "app/handover.h"

#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "io/clock.h"
#include "sink/text.h"

extern char** environ;

namespace bmsd {
namespace {

using ParcelEnd = boost::asio::posix::stream_descriptor;

constexpr Duration kQuietLook = 5ms;
constexpr Duration kReplyLeaves = 300ms;  // whoever asked is told before this process goes
constexpr Duration kDoorOpen = 3s;        // the bus may still be at work on what the new process wanted
constexpr int kChildEndsWithin = 1000;    // ms; its end of the channel closes a moment before
constexpr int kChannel = 3;               // in the new process

Error failed(std::string text, int number = 0) { return {Errc::io, "restart", number, std::move(text)}; }

// The file that this process was started from.
std::string own_binary() {
  std::string path(PATH_MAX, '\0');
  const ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size());
  path.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  constexpr std::string_view kGone = " (deleted)";
  if (path.ends_with(kGone)) path.resize(path.size() - kGone.size());
  return path;
}

// As this process was called, without how it came to its own place.
std::vector<std::string> own_arguments() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::vector<std::string> words;
  for (std::string word; std::getline(file, word, '\0');) words.push_back(word);
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i] != "--take-over") continue;
    words.erase(words.begin() + static_cast<std::ptrdiff_t>(i), words.begin() + static_cast<std::ptrdiff_t>(i) + 2);
    break;
  }
  return words;
}

// systemd names there whose signs of life it expects; those of the next process are to count, too.
std::vector<char*> environment_of_next() {
  std::vector<char*> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (!std::string_view(*variable).starts_with("WATCHDOG_PID=")) variables.push_back(*variable);
  }
  variables.push_back(nullptr);
  return variables;
}

std::string how_it_ended(int status) {
  if (WIFEXITED(status)) return fmt::format("ended with status {}", WEXITSTATUS(status));
  return fmt::format("was ended by signal {}", WTERMSIG(status));
}

InheritedPack pack_of(const PackTalk& pack) {
  InheritedPack one{{pack.protocol, pack.address}, pack.health, {}};
  if (!pack.answers()) one.lost = pack.battery;
  // One that has never answered is not lost, and has nothing to be remembered.
  if (pack.state == PackTalk::waiting) one.lost.reset();
  return one;
}

}  // namespace

Handover::Handover(boost::asio::io_context& io, Owner owner, Log log)
    : io_(io), owner_(std::move(owner)), log_(std::move(log)), own_binary_(own_binary()), timer_(io), door_(io) {}

Handover::~Handover() { abort(); }

void Handover::begin(const std::string& binary, Finished finished) {
  if (stage_ != Stage::idle) return finished(failed("bmsd is being restarted already"));
  const std::string path = binary.empty() ? own_binary_ : binary;
  if (Status started = start(path); !started) return finished(started.error());
  log_(Level::info, fmt::format("restart: {} is process {}", path, child_));
  finished_ = std::move(finished);
  stage_ = Stage::started;
  version_.clear();
  waiting_for_.clear();
  listen();
  timer_.start(kHelloWithin, [this] { go_back("the new process says nothing"); });
}

Status Handover::start(const std::string& binary) {
  if (::access(binary.c_str(), X_OK) != 0) return failed(binary + ": " + std::strerror(errno), errno);
  auto channel = parcel_channel();
  if (!channel) return channel.error();
  std::vector<std::string> words = own_arguments();
  if (words.empty()) return failed("/proc is not mounted: how bmsd was started is not known");
  words.front() = binary;
  words.insert(words.end(), {"--take-over", std::to_string(kChannel)});
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, channel->second.get(), kChannel);
  // The sockets of clients and gateways would stay open as long as the new process runs.
  posix_spawn_file_actions_addclosefrom_np(&actions, kChannel + 1);
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  pid_t child = 0;
  const int error =
      ::posix_spawn(&child, binary.c_str(), &actions, &attributes, arguments.data(), environment_of_next().data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) return failed(binary + ": cannot be started: " + std::strerror(error), error);
  child_ = child;
  channel_ = std::make_unique<ParcelEnd>(io_, channel->first.release());
  return Done{};
}

void Handover::listen() {
  channel_->async_wait(ParcelEnd::wait_read, [this](const boost::system::error_code& error) {
    if (!error) heard();
  });
}

void Handover::heard() {
  const Result<Parcel> parcel = receive_parcel(channel_->native_handle(), 0s);
  if (!parcel && std::string_view(parcel.error().what) == "late") return listen();
  if (!parcel) return go_back({});
  const auto json = nlohmann::json::parse(parcel->text, nullptr, false);
  const std::string said = text_at(json, "say");
  if (said == "hello" && stage_ == Stage::started) {
    version_ = text_at(json, "version");
    if (json.find("format") == json.end() || json["format"] != kSnapshotFormat)
      return go_back("the new version (" + version_ + ") takes over in another way; stop bmsd and start it anew");
    stage_ = Stage::resting;
    owner_.daemon.rest(true);
    wait_until_quiet(now_monotonic());
  } else if (said == "waiting") {
    waiting_for_ = text_at(json, "text");
  } else if (said == "done" && stage_ == Stage::given) {
    return succeed();
  }
  if (channel_) listen();
}

// What is under way on the lines ends first: a late reply would come to a process that has asked something else.
void Handover::wait_until_quiet(Instant since) {
  const Instant now = now_monotonic();
  if (owner_.daemon.rested(now) || now - since >= kQuietWithin) return give();
  timer_.start(kQuietLook, [this, since] { wait_until_quiet(since); });
}

void Handover::give() {
  owner_.save();
  owner_.keeper.finish();
  stage_ = Stage::given;
  door_.cancel();
  const Instant now = now_monotonic();
  ports_ = owner_.daemon.lend();
  if (owner_.venus != nullptr) owner_.venus->let_names_go(true);
  std::vector<int> descriptors;
  const std::string text = snapshot_text(snapshot(descriptors));
  owner_.daemon.hub().rounds_end(now);
  if (Status sent = send_parcel(channel_->native_handle(), text, descriptors); !sent)
    return go_back(describe(sent.error()));
  timer_.start(kGoodWithin, [this] {
    go_back(
        fmt::format("no good data within {} s{}{}", kGoodWithin / 1s, waiting_for_.empty() ? "" : ": ", waiting_for_));
  });
}

Snapshot Handover::snapshot(std::vector<int>& descriptors) const {
  const auto add = [&descriptors](int descriptor) {
    if (descriptor < 0) return -1;
    descriptors.push_back(descriptor);
    return static_cast<int>(descriptors.size()) - 1;
  };
  Snapshot snapshot;
  snapshot.guardian = owner_.guardian > 0 ? owner_.guardian : ::getpid();
  Daemon& daemon = owner_.daemon;
  for (std::size_t i = 0; i < daemon.line_count(); ++i) {
    const Line& line = daemon.line(i);
    Snapshot::Port& port = snapshot.ports.emplace_back();
    port.name = daemon.port(i);
    port.descriptor = add(ports_[i].get());
    port.baud = line.baud();
    port.listens = line.listening() != nullptr;
    for (std::size_t pack = 0; pack < line.pack_count(); ++pack) port.packs.push_back(pack_of(line.pack(pack)));
  }
  snapshot.batteries = daemon.hub().hand_over(now_monotonic());
  snapshot.state = owner_.keeper.state();
  snapshot.state_lock = {owner_.keeper.path(), add(owner_.keeper.lock_descriptor())};
  if (owner_.venus != nullptr) {
    for (const auto& [path, descriptor] : owner_.venus->instance_locks())
      snapshot.instance_locks.push_back({path, add(descriptor)});
  }
  if (owner_.socket != nullptr) snapshot.control_socket = add(owner_.socket->listening_descriptor());
  return snapshot;
}

void Handover::succeed() {
  stage_ = Stage::finished;
  log_(Level::info, fmt::format("restart: process {} (bmsd {}) serves from now on", child_, version_));
  if (owner_.socket != nullptr) owner_.socket->hand_over();
  if (finished_) std::exchange(finished_, nullptr)(Success{child_, version_});
  timer_.start(kReplyLeaves, [this] { owner_.leave(); });
}

// Whatever has become of the new process, its end gives the names back to this one.
void Handover::go_back(const std::string& why) {
  const std::string ended = end_child();
  const std::string reason = why.empty() ? "the new process " + ended : why;
  const bool had_given = stage_ == Stage::given;
  stage_ = Stage::idle;
  timer_.cancel();
  channel_.reset();
  if (had_given) {
    owner_.daemon.resume(std::exchange(ports_, {}));
    door_.start(kDoorOpen, [this] {
      if (owner_.venus != nullptr) owner_.venus->let_names_go(false);
    });
  } else {
    owner_.daemon.rest(false);
  }
  log_(Level::error, "restart: " + reason + "; this process goes on");
  if (finished_) std::exchange(finished_, nullptr)(failed(reason + "; the process that was running goes on"));
}

// Says how it ended.
std::string Handover::end_child() {
  int status = 0;
#ifdef SYS_pidfd_open
  if (const Descriptor process(static_cast<int>(::syscall(SYS_pidfd_open, child_, 0))); process) {
    pollfd ended = {process.get(), POLLIN, 0};
    // It is given the time only where it has closed its end by itself.
    pollfd closed = {channel_->native_handle(), POLLIN, 0};
    if (::poll(&closed, 1, 0) == 1 && (closed.revents & POLLHUP) != 0) ::poll(&ended, 1, kChildEndsWithin);
  }
#endif
  ::kill(child_, SIGKILL);
  while (::waitpid(child_, &status, 0) < 0 && errno == EINTR) {
  }
  child_ = 0;
  return how_it_ended(status);
}

void Handover::abort() {
  if (stage_ == Stage::idle || stage_ == Stage::finished) return;
  end_child();
  timer_.cancel();
  channel_.reset();
  stage_ = Stage::idle;
}

}  // namespace bmsd
