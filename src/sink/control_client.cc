#include "sink/control_client.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "sink/control_socket.h"
#include "sink/json.h"
#include "sink/text.h"

namespace bmsd {
namespace {

constexpr std::size_t kLongestReply = std::size_t{16} * 1024 * 1024;

// Closes at the end of its life.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

Error failed(std::string detail, int number = 0) { return {Errc::io, "control_socket", number, std::move(detail)}; }

Error not_connected(const std::string& path, const nlohmann::json& request, int error) {
  std::string advice = "; start it with: bmsd run PORT";
  const std::string asked = request.value("ask", "");
  if (asked == "show" || asked == "status") advice += ", or name a port: bmsd show PORT";
  if (asked == "doctor") advice += ", or name a port: bmsd doctor PORT";
  if (asked == "explain") advice += ", or ask over D-Bus: bmsd explain --bus system";
  if (asked == "what-if") advice += ", or suppose it of a typical battery: bmsd explain --config FILE --what-if ...";
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return failed("no bmsd is running: " + path + " does not exist" + advice, error);
    case ECONNREFUSED:
      return failed("no bmsd is running: nobody serves " + path + " any more" + advice, error);
    case EACCES:
      return failed(path + ": permission denied; bmsd runs as another user: use sudo", error);
    default:
      return failed(path + ": " + std::strerror(error), error);
  }
}

Error broken(const std::string& path, int error) {
  if (error == EAGAIN || error == EWOULDBLOCK) return failed(path + ": bmsd does not answer in time", error);
  return failed(path + ": " + std::strerror(error), error);
}

Status send_all(int descriptor, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t sent = send(descriptor, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return broken(path, errno);
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return Done{};
}

Result<std::string> receive_line(int descriptor, const std::string& path) {
  std::string line;
  char buffer[16384];
  while (line.size() < kLongestReply) {
    const ssize_t size = recv(descriptor, buffer, sizeof buffer, 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return broken(path, errno);
    if (size == 0) return failed(path + ": bmsd ended or refused the connection");
    line.append(buffer, static_cast<std::size_t>(size));
    if (line.back() == '\n') return line;
  }
  return failed(path + ": the answer is too long");
}

}  // namespace

Result<nlohmann::json> answer_in(std::string_view line, const std::string& path) {
  nlohmann::json reply = parse_json(line);
  if (!reply.is_object() || !reply.contains("ok")) return failed(path + ": the answer is not bmsd's");
  if (reply["ok"] != true) {
    const std::string why = text_at(reply, "error");
    return failed(why.empty() ? "bmsd refused the request" : why);
  }
  return reply;
}

Result<nlohmann::json> ask(const std::string& path, const nlohmann::json& request, Duration patience) {
  const std::string chosen = path.empty() ? default_socket_path() : path;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (chosen.size() >= sizeof address.sun_path) return failed(chosen + ": too long for a socket");
  std::memcpy(address.sun_path, chosen.c_str(), chosen.size() + 1);

  const Descriptor descriptor(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (descriptor.number() < 0) return broken(chosen, errno);
  timeval limit{};
  limit.tv_sec = patience / 1s;
  limit.tv_usec = patience % 1s / 1us;
  setsockopt(descriptor.number(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);  // also limits connect
  setsockopt(descriptor.number(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  if (connect(descriptor.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return not_connected(chosen, request, errno);
  }
  if (auto sent = send_all(descriptor.number(), json_text(request) + "\n", chosen); !sent) return sent.error();
  const auto line = receive_line(descriptor.number(), chosen);
  if (!line) return line.error();
  return answer_in(*line, chosen);
}

}  // namespace bmsd
