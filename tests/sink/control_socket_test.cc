#include "sink/control_socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <thread>

#include "sink/control_client.h"

namespace bmsd {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using Json = nlohmann::json;
using testing::HasSubstr;

class ControlSocketTest : public testing::Test {
 protected:
  ControlSocketTest() {
    std::string pattern = (fs::temp_directory_path() / "bmsd-socket-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    path_ = directory_ / "sub" / "control";
  }
  ~ControlSocketTest() override { fs::remove_all(directory_); }

  Result<std::unique_ptr<ControlSocket>> open() {
    return ControlSocket::open(io_, path_.string(), [this](const Json& request, const ControlSocket::Reply& reply) {
      late_ ? late_(request, reply) : reply(handler_(request));
    });
  }

  // Runs the loop until `done`; the limit only ends a test that would hang.
  void run_until(const std::function<bool()>& done) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!done() && std::chrono::steady_clock::now() < limit) io_.run_one_for(std::chrono::milliseconds(20));
    ASSERT_TRUE(done());
  }

  // The blocking client on a thread of its own, while the loop serves.
  Result<Json> ask_it(const Json& request) {
    auto reply = std::async(std::launch::async, [&] { return ask(path_.string(), request); });
    run_until([&] { return reply.wait_for(std::chrono::seconds(0)) == std::future_status::ready; });
    return reply.get();
  }

  // Sends bytes as they are and returns what came until one line is complete or the other end closed.
  std::string raw(const std::string& bytes) {
    asio::local::stream_protocol::socket socket(io_);
    socket.connect(asio::local::stream_protocol::endpoint(path_.string()));
    std::string received;
    bool over = false;
    asio::async_write(socket, asio::buffer(bytes), [](boost::system::error_code, std::size_t) {});
    asio::async_read(
        socket, asio::dynamic_buffer(received),
        [&](boost::system::error_code error, std::size_t) -> std::size_t {
          return error || received.ends_with('\n') ? 0 : 4096;
        },
        [&](boost::system::error_code, std::size_t) { over = true; });
    run_until([&] { return over; });
    return received;
  }

  asio::io_context io_;
  fs::path directory_, path_;
  std::function<Json(const Json&)> handler_ = [](const Json&) { return Json{{"batteries", Json::array({1, 2})}}; };
  ControlSocket::Handler late_;  // answers when it likes
};

TEST_F(ControlSocketTest, AnswersShow) {
  const auto socket = open();
  ASSERT_TRUE(socket) << socket.error().detail;
  const auto reply = ask_it({{"ask", "show"}});
  ASSERT_TRUE(reply) << reply.error().detail;
  EXPECT_EQ(*reply, Json::parse(R"({"ok":true,"batteries":[1,2]})"));
}

TEST_F(ControlSocketTest, GivesTheHandlerTheWholeRequest) {
  Json seen;
  handler_ = [&](const Json& request) {
    seen = request;
    return Json{{"ok", false}, {"error", "not now"}};
  };
  const auto socket = open();
  const auto reply = ask_it({{"ask", "status"}, {"id", "x"}});
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().detail, "not now");
  EXPECT_EQ(seen, Json::parse(R"({"ask":"status","id":"x"})"));
}

TEST_F(ControlSocketTest, AnswersOtherRequestsWithWhatCanBeAsked) {
  const auto socket = open();
  for (const char* line : {"{\"ask\":\"dance\"}\n", "{}\n", "[1]\n", "{\"ask\":1}\n", "\n", "\xff\xfe{{{\n"}) {
    const Json reply = Json::parse(raw(line), nullptr, false);
    ASSERT_TRUE(reply.is_object()) << line;
    EXPECT_EQ(reply["ok"], false);
    EXPECT_THAT(reply["error"].get<std::string>(), HasSubstr(R"({"ask":"show"})"));
  }
}

TEST_F(ControlSocketTest, AnswersSeveralRequestsOfOneClientInOrder) {
  int asked = 0;
  handler_ = [&](const Json&) { return Json{{"n", ++asked}}; };
  const auto socket = open();
  asio::local::stream_protocol::socket client(io_);
  client.connect(asio::local::stream_protocol::endpoint(path_.string()));
  asio::write(client, asio::buffer(std::string("{\"ask\":\"show\"}\n{\"ask\":\"show\"}\n")));
  std::string received(24, ' ');
  bool over = false;
  asio::async_read(client, asio::buffer(received), [&](boost::system::error_code, std::size_t) { over = true; });
  run_until([&] { return over; });
  EXPECT_EQ(received, "{\"n\":1,\"ok\":true}\n{\"n\":2");
}

TEST_F(ControlSocketTest, AHandlerThatThrowsIsAnAnswerAndNoEnd) {
  handler_ = [](const Json& request) -> Json { return request.at("missing"); };
  const auto socket = open();
  EXPECT_FALSE(ask_it({{"ask", "show"}}));
  handler_ = [](const Json&) { return Json::object(); };
  EXPECT_TRUE(ask_it({{"ask", "show"}}));
}

TEST_F(ControlSocketTest, AnAnswerMayComeLaterAndOthersDoNotWaitForIt) {
  ControlSocket::Reply owed;
  late_ = [&](const Json& request, const ControlSocket::Reply& reply) {
    request["ask"] == "set" ? void(owed = reply) : reply({{"batteries", 3}});
  };
  const auto socket = open();
  auto set = std::async(std::launch::async, [&] { return ask(path_.string(), {{"ask", "set"}}); });
  run_until([&] { return static_cast<bool>(owed); });
  const auto show = ask_it({{"ask", "show"}});
  ASSERT_TRUE(show);
  EXPECT_EQ((*show)["batteries"], 3);
  owed({{"value", "off"}});
  owed({{"value", "on"}});
  run_until([&] { return set.wait_for(std::chrono::seconds(0)) == std::future_status::ready; });
  EXPECT_EQ(*set.get(), Json::parse(R"({"ok":true,"value":"off"})")) << "the first answer is the answer";
}

TEST_F(ControlSocketTest, ASecondAnswerIsNotTakenForTheNextRequests) {
  std::vector<ControlSocket::Reply> owed;
  late_ = [&](const Json&, const ControlSocket::Reply& reply) { owed.push_back(reply); };
  const auto socket = open();
  asio::local::stream_protocol::socket client(io_);
  client.connect(asio::local::stream_protocol::endpoint(path_.string()));
  asio::write(client, asio::buffer(std::string("{\"ask\":\"set\"}\n{\"ask\":\"set\"}\n")));
  run_until([&] { return owed.size() == 1; });
  owed[0]({{"n", 1}});
  run_until([&] { return owed.size() == 2; });
  owed[0]({{"n", 2}});
  owed[1]({{"n", 3}});
  std::string received(36, ' ');
  bool over = false;
  asio::async_read(client, asio::buffer(received), [&](boost::system::error_code, std::size_t) { over = true; });
  run_until([&] { return over; });
  EXPECT_EQ(received, "{\"n\":1,\"ok\":true}\n{\"n\":3,\"ok\":true}\n");
}

TEST_F(ControlSocketTest, AnAnswerForAClientThatHasGoneIsDropped) {
  ControlSocket::Reply owed;
  late_ = [&](const Json&, const ControlSocket::Reply& reply) { owed = reply; };
  auto socket = open();
  {
    asio::local::stream_protocol::socket client(io_);
    client.connect(asio::local::stream_protocol::endpoint(path_.string()));
    asio::write(client, asio::buffer(std::string("{\"ask\":\"set\"}\n")));
    run_until([&] { return static_cast<bool>(owed); });
  }
  owed({{"value", "off"}});
  io_.poll();
  late_ = nullptr;
  EXPECT_TRUE(ask_it({{"ask", "show"}}));
  *socket = nullptr;
  owed({{"value", "off"}});  // and for a socket that has gone
}

TEST_F(ControlSocketTest, ARequestWithoutEndIsRefused) {
  const auto socket = open();
  EXPECT_THAT(raw(std::string(70000, 'x')), HasSubstr("at most 65536 bytes"));
}

TEST_F(ControlSocketTest, AReplyLargerThanASocketBufferArrivesWhole) {
  handler_ = [](const Json&) { return Json{{"text", std::string(3'000'000, 'x')}}; };
  const auto socket = open();
  const auto reply = ask_it({{"ask", "show"}});
  ASSERT_TRUE(reply) << reply.error().detail;
  EXPECT_EQ((*reply)["text"].get<std::string>().size(), 3'000'000U);
}

TEST_F(ControlSocketTest, AClientThatDoesNotReadDelaysNobody) {
  handler_ = [](const Json&) { return Json{{"text", std::string(1'000'000, 'x')}}; };
  const auto socket = open();
  asio::local::stream_protocol::socket lazy(io_);
  lazy.connect(asio::local::stream_protocol::endpoint(path_.string()));
  asio::write(lazy, asio::buffer(std::string("{\"ask\":\"show\"}\n")));
  EXPECT_TRUE(ask_it({{"ask", "show"}}));
}

TEST_F(ControlSocketTest, OnlyTheOwnerMayUseIt) {
  const auto socket = open();
  struct stat status {};
  ASSERT_EQ(stat(path_.c_str(), &status), 0);
  EXPECT_TRUE(S_ISSOCK(status.st_mode));
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  ASSERT_EQ(stat(path_.parent_path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, geteuid() == 0 ? 0755U : 0700U);
}

TEST_F(ControlSocketTest, ASecondOneIsRefusedWhileTheFirstLives) {
  const auto first = open();
  const auto second = open();
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().detail, HasSubstr("another bmsd is running"));
  EXPECT_TRUE(ask_it({{"ask", "show"}})) << "the first one was not disturbed";
}

TEST_F(ControlSocketTest, ALeftOverSocketIsReplaced) {
  fs::create_directories(path_.parent_path());
  {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path_.c_str(), sizeof address.sun_path - 1);
    const int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
    ASSERT_EQ(bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    close(descriptor);
  }
  const auto stale = ask(path_.string(), {{"ask", "show"}});
  ASSERT_FALSE(stale);
  EXPECT_THAT(stale.error().detail, HasSubstr("no bmsd is running: nobody serves"));
  const auto socket = open();
  ASSERT_TRUE(socket) << socket.error().detail;
  EXPECT_TRUE(ask_it({{"ask", "show"}}));
}

TEST_F(ControlSocketTest, AFileThatIsNoSocketIsLeftAlone) {
  fs::create_directories(path_.parent_path());
  std::ofstream(path_) << "precious";
  const auto socket = open();
  ASSERT_FALSE(socket);
  EXPECT_THAT(socket.error().detail, HasSubstr("is no socket"));
  EXPECT_EQ(fs::file_size(path_), 8U);
}

TEST_F(ControlSocketTest, ItsEndRemovesItAndWakesItsClients) {
  auto socket = open();
  asio::local::stream_protocol::socket client(io_);
  client.connect(asio::local::stream_protocol::endpoint(path_.string()));
  char byte = 0;
  bool closed = false;
  asio::async_read(client, asio::buffer(&byte, 1),
                   [&](boost::system::error_code error, std::size_t) { closed = bool(error); });
  io_.poll();
  *socket = nullptr;
  EXPECT_FALSE(fs::exists(path_));
  run_until([&] { return closed; });
}

TEST_F(ControlSocketTest, ItsEndDoesNotRemoveASuccessor) {
  auto first = open();
  fs::rename(path_, directory_ / "moved");
  const auto second = open();
  ASSERT_TRUE(second);
  *first = nullptr;
  EXPECT_TRUE(fs::exists(path_));
  EXPECT_TRUE(ask_it({{"ask", "show"}}));
}

TEST_F(ControlSocketTest, WithoutADaemonTheClientSaysWhatToDo) {
  const auto reply = ask(path_.string(), {{"ask", "show"}});
  ASSERT_FALSE(reply);
  EXPECT_EQ(describe(reply.error()),
            "no bmsd is running: " + path_.string() +
                " does not exist; start it with: bmsd run PORT, or name a port: bmsd show PORT");
}

TEST_F(ControlSocketTest, WhereOnlyTheDaemonCanDoItNoPortIsRecommended) {
  const auto reply = ask(path_.string(), {{"ask", "set"}});
  ASSERT_FALSE(reply);
  EXPECT_EQ(describe(reply.error()),
            "no bmsd is running: " + path_.string() + " does not exist; start it with: bmsd run PORT");
}

TEST_F(ControlSocketTest, ADaemonThatIsStuckEndsTheClientsPatience) {
  const auto socket = open();  // whose loop does not run
  const auto reply = ask(path_.string(), {{"ask", "show"}}, 20ms);
  ASSERT_FALSE(reply);
  EXPECT_THAT(reply.error().detail, HasSubstr("does not answer in time"));
}

TEST_F(ControlSocketTest, APathThatIsTooLongIsAnError) {
  path_ = directory_ / std::string(200, 'x');
  EXPECT_THAT(open().error().detail, HasSubstr("too long"));
  EXPECT_THAT(ask(path_.string(), {{"ask", "show"}}).error().detail, HasSubstr("too long"));
}

TEST_F(ControlSocketTest, AnotherProcessGoesOnWithItAndNobodyIsTurnedAway) {
  auto first = open();
  ASSERT_TRUE(first);
  handler_ = [](const Json&) { return Json{{"who", "first"}}; };
  const auto second = ControlSocket::adopt(io_, path_.string(), dup((*first)->listening_descriptor()),
                                           [](const Json&, const ControlSocket::Reply& reply) {
                                             reply({{"who", "second"}});
                                           });
  EXPECT_EQ(ask_it({{"ask", "show"}})->value("who", ""), "first");
  (*first)->hand_over();
  auto waits = std::async(std::launch::async, [&] { return ask(path_.string(), {{"ask", "show"}}); });
  *first = nullptr;
  EXPECT_TRUE(fs::exists(path_));
  io_.run_one_for(std::chrono::milliseconds(50));
  second->begin();
  run_until([&] { return waits.wait_for(std::chrono::seconds(0)) == std::future_status::ready; });
  const auto reply = waits.get();
  ASSERT_TRUE(reply) << describe(reply.error());
  EXPECT_EQ(reply->value("who", ""), "second");
}

}  // namespace
}  // namespace bmsd
