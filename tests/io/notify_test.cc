#include "io/notify.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>

namespace bmsd {
namespace {

// Whoever started the daemon; `name` as in NOTIFY_SOCKET.
class Manager {
 public:
  explicit Manager(const std::string& name) : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name.front() == '@') address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), size), 0) << std::strerror(errno);
  }

  std::string heard() {
    char text[256];
    const ssize_t size = ::recv(socket_.get(), text, sizeof text, 0);
    return size < 0 ? "" : std::string(text, static_cast<std::size_t>(size));
  }

 private:
  Descriptor socket_;
};

std::string unique(const std::string& head) { return head + "bmsd-notify-" + std::to_string(::getpid()); }

class Environment : public ::testing::Test {
 protected:
  static void set(const char* name, const std::string& value) { ::setenv(name, value.c_str(), 1); }
  void TearDown() override {
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) ::unsetenv(name);
  }
};
using NotifyEnvironment = Environment;

TEST(Notify, TellsASocketInTheFileSystem) {
  const std::string path = unique("/tmp/");
  {
    Manager manager(path);
    const Notify notify(path, 0us);
    notify.ready();
    EXPECT_EQ(manager.heard(), "READY=1");
    notify.stopping();
    EXPECT_EQ(manager.heard(), "STOPPING=1");
  }
  std::filesystem::remove(path);
}

TEST(Notify, TellsAnAbstractSocket) {
  Manager manager(unique("@"));
  const Notify notify(unique("@"), 10s);
  notify.alive();
  EXPECT_EQ(manager.heard(), "WATCHDOG=1");
  notify.reloading(Instant(1234567us));
  EXPECT_EQ(manager.heard(), "RELOADING=1\nMONOTONIC_USEC=1234567");
}

TEST(Notify, WantsToBeCalledTwiceWithinThePatienceOfTheWatchdog) {
  Manager manager(unique("@"));
  EXPECT_EQ(Notify(unique("@"), 30s).alive_every(), Duration(15s));
  EXPECT_FALSE(Notify(unique("@"), 0s).alive_every());
}

TEST(Notify, TellsNobodyWhereNobodyListens) {
  for (const std::string& name : {std::string(), std::string("relative"), std::string("/no/such/socket"),
                                  std::string("@nobody-at-all"), "@" + std::string(200, 'x')}) {
    const Notify notify(name, 10s);
    EXPECT_FALSE(notify.somebody_listens()) << name;
    EXPECT_FALSE(notify.alive_every());
    notify.ready();
    notify.alive();
  }
}

TEST(Notify, DoesNotWaitForOneWhoDoesNotRead) {
  Manager manager(unique("@"));
  const Notify notify(unique("@"), 10s);
  for (int i = 0; i < 10'000; ++i) notify.alive();
  EXPECT_EQ(manager.heard(), "WATCHDOG=1");
}

TEST_F(NotifyEnvironment, NamesWhomToTellAndHowOften) {
  Manager manager(unique("@"));
  set("NOTIFY_SOCKET", unique("@"));
  set("WATCHDOG_USEC", "4000000");
  EXPECT_EQ(Notify::from_environment().alive_every(), Duration(2s));
  set("WATCHDOG_PID", std::to_string(::getpid()));
  EXPECT_EQ(Notify::from_environment().alive_every(), Duration(2s));
  set("WATCHDOG_PID", std::to_string(::getpid() + 1));  // inherited: another process is watched
  EXPECT_FALSE(Notify::from_environment().alive_every());
  EXPECT_TRUE(Notify::from_environment().somebody_listens());
}

TEST_F(NotifyEnvironment, MayBeEmptyOrNonsense) {
  EXPECT_FALSE(Notify::from_environment().somebody_listens());
  Manager manager(unique("@"));
  set("NOTIFY_SOCKET", unique("@"));
  set("WATCHDOG_USEC", "soon");
  EXPECT_FALSE(Notify::from_environment().alive_every());
}

}  // namespace
}  // namespace bmsd
