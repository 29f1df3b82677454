#include "io/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace bmsd {
namespace {

std::string_view environment(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? std::string_view() : std::string_view(text);
}

// 0: no number, or none that can be meant.
std::int64_t number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value > 0 ? value : 0;
}

Descriptor connect_to(std::string_view name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const bool abstract = name.starts_with('@');
  if ((!abstract && !name.starts_with('/')) || name.size() >= sizeof address.sun_path) return Descriptor();
  std::memcpy(address.sun_path, name.data(), name.size());
  if (abstract) address.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() + (abstract ? 0 : 1));
  Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket || ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) return Descriptor();
  return socket;
}

}  // namespace

Notify Notify::from_environment(int guardian) {
  const std::int64_t pid = number(environment("WATCHDOG_PID"));
  const bool meant = pid == 0 || pid == ::getpid() || pid == ::getppid() || pid == guardian;
  return Notify(environment("NOTIFY_SOCKET"), Duration(meant ? number(environment("WATCHDOG_USEC")) : 0));
}

Notify::Notify(std::string_view socket, Duration watchdog) : socket_(connect_to(socket)), watchdog_(watchdog) {}

std::optional<Duration> Notify::alive_every() const {
  if (!socket_ || watchdog_ < Duration(2)) return std::nullopt;
  return watchdog_ / 2;
}

void Notify::ready() const { tell("READY=1"); }
void Notify::alive() const { tell("WATCHDOG=1"); }
void Notify::stopping() const { tell("STOPPING=1"); }

void Notify::reloading(Instant now) const {
  tell("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now.time_since_epoch().count()));
}

// Whoever listens reads soon or does without: this daemon waits for nobody.
void Notify::tell(std::string_view text) const {
  if (socket_) (void)::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL);
}

}  // namespace bmsd
