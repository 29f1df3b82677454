// The control socket of a running bmsd: a Unix stream socket with JSON lines, one reply per request (docs/json.md).
//
//   {"ask":"show"}    -> {"ok":true,"batteries":[...]}
//   {"ask":"status"}  -> {"ok":true, ...}
//   {"ask":"explain"} -> {"ok":true,"explanations":[...]}
//   {"ask":"what-if",...} -> {"ok":true, ...}
//   {"ask":"set",...} -> {"ok":true, ...}, when it is done
//   anything else     -> {"ok":false,"error":"..."}
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "base/result.h"

namespace boost::asio {
class io_context;
}

namespace bmsd {

// /run/bmsd/control for root, $XDG_RUNTIME_DIR/bmsd/control for users (/run/user/UID where that is not set).
std::string default_socket_path();

// Serves from the loop; never blocks it. A client that does not read its reply within 5 s, or sends no request for 60
// s, is dropped; of more than 32 clients the newest is refused. A request that is not answered within 30 s is a
// failure.
class ControlSocket {
 public:
  // Takes a reply, once, at once or later; it gets "ok": true unless it has an "ok" of its own. A client that has gone
  // meanwhile is no concern of who answers.
  using Reply = std::function<void(const nlohmann::json& reply)>;
  // Answers {"ask": "show" | "status" | "explain" | "what-if" | "set"}. Must not block. An exception is an answer, too.
  using Handler = std::function<void(const nlohmann::json& request, Reply reply)>;

  // `path` empty: default_socket_path(). Makes the directory (0755 for root, else 0700) and the socket (0600); replaces
  // one that nobody serves any more. Errors, io: another bmsd serves it, no permission, path too long. `io` must
  // outlive the socket.
  static Result<std::unique_ptr<ControlSocket>> open(boost::asio::io_context& io, const std::string& path,
                                                     Handler handler);

  ~ControlSocket();  // drops the clients and removes the socket from the file system
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;

  const std::string& path() const;

 private:
  class Server;
  explicit ControlSocket(std::shared_ptr<Server> server);
  std::shared_ptr<Server> server_;
};

}  // namespace bmsd
