#include "io/serial.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <fstream>

#include "io/pty.h"
#include "io/tty.h"
#include "loop.h"

namespace bmsd {
namespace {

// A serial port whose adapter is a pseudo-terminal.
struct Line {
  boost::asio::io_context io;
  Pty pty{io};
  Told pack, told;
  std::unique_ptr<SerialPort> port;

  Line() {
    pty.open(pack.handlers());
    port = std::make_unique<SerialPort>(io, pty.slave_path());
    port->open(told.handlers());
  }
};

// A program that has the port, ready when the constructor returns; ended by the destructor.
class OtherProgram {
 public:
  OtherProgram(const std::string& path, bool lock, bool claim) {
    int ready[2];
    if (::pipe(ready) != 0) return;
    pid_ = ::fork();
    if (pid_ == 0) {
      const int fd = ::open(path.c_str(), O_RDWR | O_NOCTTY);
      const bool good =
          fd >= 0 && (!lock || ::flock(fd, LOCK_EX | LOCK_NB) == 0) && (!claim || ::ioctl(fd, TIOCEXCL) == 0);
      const char answer = good ? 'y' : 'n';
      if (::write(ready[1], &answer, 1) == 1) ::pause();
      ::_exit(0);
    }
    char answer = 0;
    has_it_ = ::read(ready[0], &answer, 1) == 1 && answer == 'y';
    ::close(ready[0]);
    ::close(ready[1]);
  }
  ~OtherProgram() { kill(); }
  OtherProgram(const OtherProgram&) = delete;
  OtherProgram& operator=(const OtherProgram&) = delete;

  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  int pid() const { return pid_; }
  bool has_it() const { return has_it_; }

 private:
  int pid_ = -1;
  bool has_it_ = false;
};

TEST(SerialPort, CarriesEveryByteBothWays) {
  Line line;
  ASSERT_TRUE(line.told.is_open()) << line.told.failure();
  ByteVector all(256);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint8_t>(i);
  for (const std::uint8_t byte :
       all) {  // control characters included: nothing may be taken for a command of a terminal
    line.port->write(Bytes(&byte, 1));
    ASSERT_TRUE(run_until(line.io, [&] { return line.pack.bytes.size() == byte + 1u; })) << int(byte);
  }
  EXPECT_EQ(line.pack.bytes, all);
  for (const std::uint8_t byte : all) {
    line.pty.write(Bytes(&byte, 1));
    ASSERT_TRUE(run_until(line.io, [&] { return line.told.bytes.size() == byte + 1u; })) << int(byte);
  }
  EXPECT_EQ(line.told.bytes, all);
  EXPECT_EQ(line.pack.bytes.size(), 256u) << "nothing is echoed";
}

TEST(SerialPort, QueuesMoreThanTheKernelTakesAtOnce) {
  Line line;
  ASSERT_TRUE(line.told.is_open()) << line.told.failure();
  ByteVector sent;
  for (int i = 0; i < 40; ++i) {
    const ByteVector piece(1000, static_cast<std::uint8_t>(i));
    line.port->write(piece);
    sent.insert(sent.end(), piece.begin(), piece.end());
  }
  ASSERT_TRUE(run_until(line.io, [&] { return line.pack.bytes.size() >= sent.size(); }));
  EXPECT_EQ(line.pack.bytes, sent);
}

TEST(SerialPort, SetsTheSpeedThatWasAskedFor) {
  Line line;
  ASSERT_TRUE(line.told.is_open()) << line.told.failure();
  EXPECT_EQ(line.pty.speed(), SerialPort::kDefaultSpeed);
  for (const int baud : {9600, 19200, 115200, 250000, 1200, 14400, 500000, 50, 4000000}) {
    ASSERT_TRUE(line.port->set_speed(baud).ok()) << baud;
    EXPECT_EQ(line.port->speed(), baud);
    EXPECT_EQ(line.pty.speed(), baud) << "read back from the other side";
  }
}

TEST(SerialPort, OpensWithASpeedThatWasSetBefore) {
  boost::asio::io_context io;
  Pty pty(io);
  ASSERT_TRUE(pty.plug().ok());
  SerialPort port(io, pty.slave_path());
  ASSERT_TRUE(port.set_speed(250000).ok());
  Told told;
  port.open(told.handlers());
  ASSERT_TRUE(told.is_open()) << told.failure();
  EXPECT_EQ(pty.speed(), 250000);
}

TEST(SerialPort, RefusesSpeedsThatNoLineHas) {
  Line line;
  for (const int baud : {0, -9600, 49, 4000001, INT32_MAX, INT32_MIN}) {
    const Status status = line.port->set_speed(baud);
    ASSERT_FALSE(status.ok()) << baud;
    EXPECT_EQ(status.error().code, Errc::config);
  }
  EXPECT_EQ(line.pty.speed(), SerialPort::kDefaultSpeed) << "it stays as it was";
  EXPECT_EQ(line.port->speed(), SerialPort::kDefaultSpeed);
}

TEST(SerialPort, DropsWhatArrivedBeforeItWasOpened) {
  boost::asio::io_context io;
  Pty pty(io);
  Told pack, told;
  pty.open(pack.handlers());
  const Descriptor witness(::open(pty.slave_path().c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  pty.write(as_bytes("stale"));
  int waiting = 0;
  ASSERT_TRUE(run_until(io, [&] { return ::ioctl(witness.get(), FIONREAD, &waiting) == 0 && waiting == 5; }));
  SerialPort port(io, pty.slave_path());
  port.open(told.handlers());
  ASSERT_TRUE(told.is_open()) << told.failure();
  pty.write(as_bytes("new"));
  ASSERT_TRUE(run_until(io, [&] { return told.bytes.size() >= 3; }));
  EXPECT_EQ(as_text(told.bytes), "new");
}

TEST(SerialPort, IsOursAlone) {
  Line line;
  ASSERT_TRUE(line.told.is_open()) << line.told.failure();
  SerialPort second(line.io, line.pty.slave_path());
  Told told;
  second.open(told.handlers());
  EXPECT_EQ(told.failure(), line.pty.slave_path() + ": held by this program already: is the port named twice?");
  line.port->close();
  second.open(told.handlers());
  EXPECT_TRUE(told.opened.back().ok()) << "close() releases it: " << told.failure();
}

TEST(SerialPort, NamesTheProgramThatLockedIt) {
  boost::asio::io_context io;
  Pty pty(io);
  ASSERT_TRUE(pty.plug().ok());
  const OtherProgram other(pty.slave_path(), true, false);
  ASSERT_TRUE(other.has_it());
  SerialPort port(io, pty.slave_path());
  Told told;
  port.open(told.handlers());
  EXPECT_TRUE(told.failure().starts_with(pty.slave_path() + ": held by process " + std::to_string(other.pid()) + " ("))
      << told.failure();
  EXPECT_NE(told.failure().find("io_test"), std::string::npos) << told.failure();
  EXPECT_EQ(told.opened.back().error().code, Errc::io);
}

TEST(SerialPort, NamesTheProgramThatClaimedItWithoutALock) {
  boost::asio::io_context io;
  Pty pty(io);
  ASSERT_TRUE(pty.plug().ok());
  const OtherProgram other(pty.slave_path(), false, true);
  ASSERT_TRUE(other.has_it());
  SerialPort port(io, pty.slave_path());
  Told told;
  port.open(told.handlers());  // the kernel lets root in all the same
  EXPECT_TRUE(told.failure().starts_with(pty.slave_path() + ": held by process " + std::to_string(other.pid()) + " ("))
      << told.failure();
}

TEST(SerialPort, OpensAgainAfterItsHolderWasKilled) {
  boost::asio::io_context io;
  Pty pty(io);
  Told pack;
  pty.open(pack.handlers());
  OtherProgram other(pty.slave_path(), true, true);
  ASSERT_TRUE(other.has_it());
  other.kill();
  Told told;
  SerialPort port(io, pty.slave_path());
  ASSERT_TRUE(run_until(io, [&] {
    settle(io);
    port.open(told.handlers());
    return told.opened.back().ok();
  })) << told.failure();
}

TEST(SerialPort, NoticesThatTheAdapterIsGone) {
  Line line;
  ASSERT_TRUE(line.told.is_open()) << line.told.failure();
  line.pty.unplug();
  ASSERT_TRUE(run_until(line.io, [&] { return !line.told.closed.empty(); }));
  EXPECT_EQ(describe(line.told.closed.front()).substr(0, 9), "/dev/pts/");
  EXPECT_NE(describe(line.told.closed.front()).find("gone"), std::string::npos);
  line.port->write(as_bytes("into nothing"));
  settle(line.io);
  EXPECT_EQ(line.told.closed.size(), 1u) << "told once";
}

TEST(SerialPort, SaysNothingMoreOnceItIsClosed) {
  Line line;
  ASSERT_TRUE(line.told.is_open()) << line.told.failure();
  line.pty.write(as_bytes("x"));
  line.port->write(as_bytes("y"));
  line.port->close();
  settle(line.io);
  EXPECT_TRUE(line.told.bytes.empty());
  EXPECT_TRUE(line.told.closed.empty());
}

TEST(SerialPort, MayBeClosedAndDestroyedByItsOwnHandlers) {
  Line line;
  Told told;
  line.port->close();
  Port::Handlers handlers = told.handlers();
  handlers.bytes = [&](Bytes bytes) {
    told.bytes.assign(bytes.begin(), bytes.end());
    line.port.reset();
  };
  line.port->open(std::move(handlers));
  line.pty.write(as_bytes("x"));
  ASSERT_TRUE(run_until(line.io, [&] { return !told.bytes.empty(); }));
  settle(line.io);
  EXPECT_TRUE(told.closed.empty());
}

TEST(SerialPort, SaysWhatIsMissing) {
  boost::asio::io_context io;
  Told told;
  SerialPort port(io, "/dev/ttyUSB99");
  port.open(told.handlers());
  EXPECT_EQ(told.failure(),
            "/dev/ttyUSB99: no such device; plug the adapter in or name another port: ls /dev/serial/by-id");
}

TEST(SerialPort, SaysWhatIsNoSerialPort) {
  boost::asio::io_context io;
  const TemporaryFolder folder;
  std::ofstream(folder.file("text")) << "text";
  for (const std::string& path : {folder.file("text"), std::string("/dev/null"), folder.file("")}) {
    Told told;
    SerialPort port(io, path);
    port.open(told.handlers());
    EXPECT_EQ(told.failure(), path + ": not a serial port; name one of: ls /dev/serial/by-id");
  }
}

TEST(SerialPort, SaysHowToGetPermission) {
  boost::asio::io_context io;
  Pty pty(io);
  ASSERT_TRUE(pty.plug().ok());
  ASSERT_EQ(::chmod(pty.slave_path().c_str(), 0), 0);
  const bool root = ::geteuid() == 0;
  if (root && ::seteuid(65534) != 0) GTEST_FAIL() << "cannot become nobody";  // root is never refused
  SerialPort port(io, pty.slave_path());
  Told told;
  port.open(told.handlers());
  if (root && ::seteuid(0) != 0) GTEST_FAIL() << "cannot become root again";
  EXPECT_NE(told.failure().find("permission denied; add the user to the group dialout"), std::string::npos)
      << told.failure();
}

TEST(OpenError, SaysWhatToDo) {
  EXPECT_NE(open_error("/dev/x", ENXIO).detail.find("plug"), std::string::npos);
  EXPECT_NE(open_error("/dev/x", EBUSY).detail.find("held"), std::string::npos);
  EXPECT_EQ(open_error("/dev/x", EMFILE).detail, "/dev/x: Too many open files");
  EXPECT_EQ(open_error("/dev/x", EMFILE).number, EMFILE);
}

TEST(SerialPort, LentItGoesOnElsewhereWithoutBeingFreeForAMoment) {
  Line line;
  ASSERT_TRUE(line.told.is_open());
  ASSERT_TRUE(line.port->set_speed(19200));
  const int lent = line.port->lend();
  ASSERT_GE(lent, 0);
  SerialPort third(line.io, line.pty.slave_path());
  Told refused;
  third.open(refused.handlers());
  EXPECT_FALSE(refused.is_open()) << "still locked";

  SerialPort other(line.io, line.pty.slave_path());
  Told told;
  other.adopt(lent);
  ASSERT_TRUE(other.set_speed(9600));
  other.open(told.handlers());
  ASSERT_TRUE(told.is_open()) << told.failure();
  EXPECT_EQ(line.pty.speed(), 9600);
  line.pty.write(as_bytes("x"));
  ASSERT_TRUE(run_until(line.io, [&] { return told.bytes.size() == 1; }));
  EXPECT_TRUE(line.told.bytes.empty());
  EXPECT_TRUE(line.told.closed.empty()) << "nobody has lost it";
  other.write(as_bytes("y"));
  ASSERT_TRUE(run_until(line.io, [&] { return line.pack.bytes.size() == 1; }));
}

TEST(SerialPort, WhatIsNotItsDeviceIsNotAdopted) {
  Line line;
  Pty another(line.io);
  ASSERT_TRUE(another.plug().ok());
  const int lent = line.port->lend();
  SerialPort port(line.io, another.slave_path());
  Told told;
  port.adopt(lent);
  port.open(told.handlers());
  ASSERT_TRUE(told.is_open()) << told.failure();
  port.write(as_bytes("x"));
  settle(line.io);
  EXPECT_TRUE(line.pack.bytes.empty());
}

TEST(SerialPort, WhatIsClosedCannotBeLent) {
  boost::asio::io_context io;
  SerialPort port(io, "/dev/null");
  EXPECT_EQ(port.lend(), -1);
}

}  // namespace
}  // namespace bmsd
