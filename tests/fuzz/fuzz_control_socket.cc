// What clients send to a running daemon. The first byte picks how many packs there are and how they are configured; then a byte says
// what which client does: writes any bytes, a line, the same bytes again and again, closes, half or whole; or another one
// comes, or time passes. Whatever they send: each whole line has one answer, in the order of the lines, which is a JSON object
// that says whether it worked, with a reason where it did not. What is no request is refused and never reaches the daemon, what only asks
// changes nothing, too long a line ends its client, and so does one client too many, and nobody else.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "base/bytes.h"
#include "battery/change.h"
#include "served_daemon.h"
#include "sink/json.h"

namespace {

using namespace bmsd;
using Json = nlohmann::json;

constexpr std::size_t kLongestRequest = std::size_t{64} * 1024, kMostClients = 32;
constexpr std::size_t kMostWritten = 3 * kLongestRequest;                 // of a client
constexpr std::size_t kLongestAnswer = 8 * kLongestRequest + 500 * 1000;  // a name that is said again, or the log

// What an answer that worked has, by what was asked.
constexpr std::array<std::pair<std::string_view, const char*>, 8> kAnswers = {{{"show", "batteries"},
                                                                               {"status", "version"},
                                                                               {"explain", "explanations"},
                                                                               {"what-if", "later"},
                                                                               {"set", "value"},
                                                                               {"restart", "pid"},
                                                                               {"doctor", "ports"},
                                                                               {"log", "lines"}}};

const char* answer_to(const Json& request) {
  if (!request.is_object() || !request.contains("ask") || !request["ask"].is_string()) return nullptr;
  const auto& asked = request["ask"].get_ref<const std::string&>();
  for (const auto& [ask, key] : kAnswers) {
    if (asked == ask) return key;
  }
  return nullptr;
}

void check_answer(const std::string& line, std::string_view asked) {
  demand(line.size() <= kLongestAnswer);
  const Json answer = Json::parse(line, nullptr, false);
  demand(answer.is_object() && answer.contains("ok") && answer["ok"].is_boolean());
  const Json request = parse_json(asked);
  const char* key = answer_to(request);
  if (answer["ok"] == false) {
    demand(answer.contains("error") && answer["error"].is_string() && answer["error"] != "");
    return;
  }
  demand(key != nullptr && answer.contains(key));
  if (request["ask"] != "set") return;
  const auto what = changeable_of(request["what"].get<std::string>());
  demand(what && answer["what"] == request["what"] && answer["battery"].is_string());
  if (is_switch(*what)) {
    demand(answer["value"] == request["value"]);
  } else {
    demand(answer["value"].is_number() && answer["value"] >= 0 && answer["value"] <= 100);
  }
}

class Client {
 public:
  // Refused: there are too many already.
  Client(const std::string& path, bool refused) : refused_(refused) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    demand(path.size() < sizeof address.sun_path);
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    descriptor_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    demand(connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() { close(); }

  bool is_served() const { return descriptor_ >= 0 && !over_ && !refused_; }

  void write(std::string_view bytes) {
    if (descriptor_ < 0 || ends_) return;
    bytes = bytes.substr(0, kMostWritten - written_);
    written_ += bytes.size();
    unsent_ += bytes;
  }
  void end() { ends_ = true; }
  void close() {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
  }

  // Says whether anything came or went.
  bool go_on() {
    if (descriptor_ < 0) return false;
    const bool sent = send_some();
    return read_all() || sent;
  }

  // Nothing can come any more. A client that went away cares for no answer.
  void check() {
    if (descriptor_ < 0) return;
    if (refused_) return demand(over_ && got_.empty());
    while (const auto line = next_line(sent_)) {
      if (line->size() >= kLongestRequest) break;
      const auto answer = next_line(got_);
      demand(answer.has_value());
      check_answer(*answer, *line);
      if (answer_to(parse_json(*line)) != nullptr) ++requests_;
    }
    if (was_too_long_) {
      const auto answer = next_line(got_);
      demand(answer && Json::parse(*answer)["ok"] == false && over_);
    }
    demand(got_.empty());
    if (!was_too_long_ && !ends_) demand(!over_ && unsent_.empty());
  }
  bool stayed() const { return descriptor_ >= 0; }
  std::size_t requests() const { return requests_; }  // that were to reach the daemon

 private:
  bool send_some() {
    if (unsent_.empty()) {
      if (!ends_ || ended_) return false;
      ended_ = true;
      shutdown(descriptor_, SHUT_WR);
      return true;
    }
    const ssize_t count = send(descriptor_, unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    const auto size = static_cast<std::size_t>(count);
    for (const char c : std::string_view(unsent_).substr(0, size)) {
      since_line_ = c == '\n' ? 0 : since_line_ + 1;
      was_too_long_ = was_too_long_ || since_line_ >= kLongestRequest;
    }
    sent_.append(unsent_, 0, size);
    unsent_.erase(0, size);
    return true;
  }

  bool read_all() {
    bool came = false;
    for (std::array<char, 65536> bytes{};;) {
      const ssize_t count = recv(descriptor_, bytes.data(), bytes.size(), 0);
      if (count == 0 || (count < 0 && errno != EAGAIN)) over_ = true;
      if (count <= 0) return came;
      got_.append(bytes.data(), static_cast<std::size_t>(count));
      came = true;
    }
  }

  static std::optional<std::string> next_line(std::string& text) {
    const std::size_t end = text.find('\n');
    if (end == std::string::npos) return std::nullopt;
    std::string line = text.substr(0, end);
    text.erase(0, end + 1);
    return line;
  }

  int descriptor_ = -1;
  bool refused_, over_ = false;  // the other end has closed
  bool ends_ = false, ended_ = false;
  bool was_too_long_ = false;
  std::size_t written_ = 0, since_line_ = 0, requests_ = 0;
  std::string unsent_, sent_, got_;
};

class Clients {
 public:
  explicit Clients(ServedDaemon& daemon) : daemon_(daemon) { come(); }

  void come() {
    const auto served = std::count_if(all_.begin(), all_.end(), [](const auto& one) { return one->is_served(); });
    if (all_.size() >= 2 * kMostClients) return;
    all_.push_back(std::make_unique<Client>(daemon_.path(), static_cast<std::size_t>(served) >= kMostClients));
    settle();
  }

  void one_thing(FuzzInput& input) {
    const std::uint8_t what = input.byte();
    Client& client = *all_[(what >> 3U) % all_.size()];
    switch (what & 7) {
      case 0:
        client.write(as_text(input.piece()));
        break;
      case 1: {
        const std::size_t count = input.byte();
        const std::string_view piece = as_text(input.piece());
        const bool whole_lines = piece.find('\n') != std::string_view::npos;  // each of which costs an answer
        const std::size_t times = whole_lines ? count % 16 : count * 16;
        for (std::size_t i = 0; i < times; ++i) client.write(piece);
        break;
      }
      case 2:
        return daemon_.pass(std::chrono::milliseconds(10 * input.byte()));
      case 3:
        return come();
      case 4:
        if ((input.byte() & 1) != 0) client.close();
        client.end();
        break;
      default:
        client.write(std::string(input.line()) + "\n");
    }
    settle();
  }

  // What is under way is answered in time.
  void end() {
    for (int left = 40; left > 0 && !(settle(), daemon_.all_answered()); --left) daemon_.pass(500ms);
    demand(daemon_.all_answered());
    std::size_t requests = 0;
    bool all_stayed = true;
    for (const auto& client : all_) {
      all_stayed = all_stayed && client->stayed();
      client->check();
      requests += client->requests();
    }
    demand(all_stayed ? daemon_.asked() == requests : daemon_.asked() >= requests);
  }

 private:
  void settle() {
    for (int idle = 0, left = 100'000; idle < 3; ++idle) {
      demand(--left > 0);
      daemon_.run();
      for (const auto& client : all_) {
        if (client->go_on()) idle = 0;
      }
    }
  }

  ServedDaemon& daemon_;
  std::vector<std::unique_ptr<Client>> all_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzInput input(data, size);
  const std::uint8_t head = input.byte();
  std::string config = "[DEFAULT]\n";
  if ((head & 4) != 0) config += "ALLOW_WRITES = True\n";
  if ((head & 8) != 0) config += "SOC_CALCULATION = True\n";
  ServedDaemon daemon(config, head % 3);
  Clients clients(daemon);
  for (int left = 60; left > 0 && !input.empty(); --left) clients.one_thing(input);
  clients.end();
  return 0;
}
