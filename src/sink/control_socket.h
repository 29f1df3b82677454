// The control socket of a running bmsd: a Unix stream socket with JSON lines, one reply per request (docs/json.md).
//
//   {"ask":"show"}    -> {"ok":true,"batteries":[...]}
//   {"ask":"status"}  -> {"ok":true, ...}
//   {"ask":"explain"} -> {"ok":true,"explanations":[...]}
//   {"ask":"what-if",...} -> {"ok":true, ...}
//   {"ask":"set",...} -> {"ok":true, ...}, when it is done
//   {"ask":"restart",...} -> {"ok":true, ...}, when another process has taken over
//   {"ask":"doctor"}  -> {"ok":true,"ports":[...]}
//   {"ask":"log"}     -> {"ok":true,"lines":[...]}
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
// s, is dropped; of more than 32 clients the newest is refused. A request that is not answered within 30 s, a restart
// within 120 s, is a failure.
class ControlSocket {
 public:
  // Takes a reply, once, at once or later; it gets "ok": true unless it has an "ok" of its own. A client that has gone
  // meanwhile is no concern of who answers.
  using Reply = std::function<void(const nlohmann::json& reply)>;
  // Answers what stands at the head of this file. Must not block. An exception is an answer, too.
  using Handler = std::function<void(const nlohmann::json& request, Reply reply)>;

  // `path` empty: default_socket_path(). Makes the directory (0755 for root, else 0700) and the socket (0600); replaces
  // one that nobody serves any more. Errors, io: another bmsd serves it, no permission, path too long. `io` must
  // outlive the socket.
  static Result<std::unique_ptr<ControlSocket>> open(boost::asio::io_context& io, const std::string& path,
                                                     Handler handler);

  // Goes on with a socket that another process serves at `path`: `descriptor` is what listening_descriptor() gave there.
  // Nobody is let in before begin(); who comes meanwhile waits.
  static std::unique_ptr<ControlSocket> adopt(boost::asio::io_context& io, const std::string& path, int descriptor,
                                              Handler handler);
  void begin();

  // For another process: this one goes on serving until hand_over(), after which it lets nobody in and leaves the file.
  // The clients that are there may finish.
  int listening_descriptor() const;
  void hand_over();

  ~ControlSocket();  // drops the clients and removes the socket from the file system
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;

  const std::string& path() const;

 private:
  class Client;
  class Server;
  explicit ControlSocket(std::shared_ptr<Server> server);
  std::shared_ptr<Server> server_;
};

}  // namespace bmsd
