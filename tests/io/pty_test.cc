#include "io/pty.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>

#include <fstream>

#include "io/serial.h"
#include "io/tty.h"
#include "loop.h"

namespace bmsd {
namespace {

namespace fs = std::filesystem;

TEST(Pty, SurvivesClientsThatComeAndGo) {
  boost::asio::io_context io;
  Pty pty(io);
  Told pack;
  pty.open(pack.handlers());
  ASSERT_TRUE(pack.is_open()) << pack.failure();
  for (std::size_t i = 1; i <= 3; ++i) {
    Told told;
    SerialPort client(io, pty.slave_path());
    client.open(told.handlers());
    ASSERT_TRUE(told.is_open()) << told.failure();
    client.write(as_bytes("x"));
    ASSERT_TRUE(run_until(io, [&] { return pack.bytes.size() == i; }));
    client.close();
    settle(io);
  }
  EXPECT_TRUE(pack.closed.empty());
}

TEST(Pty, LeadsToItsSlaveByALink) {
  boost::asio::io_context io;
  const TemporaryFolder folder;
  const std::string link = folder.file("ttySIM0");
  {
    Pty pty(io, link);
    ASSERT_TRUE(pty.plug().ok());
    EXPECT_EQ(fs::read_symlink(link), pty.slave_path());
    Told pack, told;
    pty.open(pack.handlers());
    SerialPort client(io, link);
    client.open(told.handlers());
    EXPECT_TRUE(told.is_open()) << told.failure();
  }
  EXPECT_FALSE(fs::is_symlink(link)) << "it goes with the pty";
}

TEST(Pty, ReplacesALinkThatIsStale) {
  boost::asio::io_context io;
  const TemporaryFolder folder;
  for (const char* target : {"/dev/pts/99999", "/nowhere", "/dev/pts/ptmx"}) {
    const std::string link = folder.file("ttySIM0");
    fs::create_symlink(target, link);
    Pty pty(io, link);
    const Status plugged = pty.plug();
    ASSERT_TRUE(plugged.ok()) << describe(plugged.error());
    EXPECT_EQ(fs::read_symlink(link), pty.slave_path());
  }
}

TEST(Pty, LeavesAloneWhatIsNotItsLink) {
  boost::asio::io_context io;
  const TemporaryFolder folder;
  const std::string file = folder.file("file"), other = folder.file("other");
  std::ofstream(file) << "precious";
  fs::create_symlink(file, other);
  for (const std::string& link : {file, other, folder.file(".")}) {
    Pty pty(io, link);
    Told pack;
    pty.open(pack.handlers());
    EXPECT_EQ(pack.failure(),
              link + ": exists and is not a link to a pseudo-terminal; remove it or name another --link");
    EXPECT_EQ(pty.slave_path(), "");
  }
  EXPECT_EQ(fs::file_size(file), 8u);
  EXPECT_TRUE(fs::is_symlink(other));
}

TEST(Pty, SaysThatTheFolderOfTheLinkIsMissing) {
  boost::asio::io_context io;
  const TemporaryFolder folder;
  Pty pty(io, folder.file("none/ttySIM0"));
  const Status plugged = pty.plug();
  ASSERT_FALSE(plugged.ok());
  EXPECT_EQ(describe(plugged.error()),
            folder.file("none/ttySIM0") + ": the folder " + folder.file("none") + " does not exist; make it first");
}

TEST(Pty, DoesNotRemoveTheLinkOfAnother) {
  boost::asio::io_context io;
  const TemporaryFolder folder;
  const std::string link = folder.file("ttySIM0");
  Pty first(io, link), second(io, link);
  ASSERT_TRUE(first.plug().ok());
  ASSERT_TRUE(second.plug().ok());
  first.close();
  EXPECT_EQ(fs::read_symlink(link), second.slave_path());
}

TEST(Pty, HangsUpAndComesBackUnderTheSameLink) {
  boost::asio::io_context io;
  const TemporaryFolder folder;
  const std::string link = folder.file("ttySIM0");
  Pty pty(io, link);
  Told pack, told, pack_again, told_again;
  pty.open(pack.handlers());
  SerialPort client(io, link);
  client.open(told.handlers());
  ASSERT_TRUE(told.is_open()) << told.failure();

  pty.unplug();
  EXPECT_FALSE(fs::is_symlink(link));
  EXPECT_EQ(pty.speed(), 0);
  ASSERT_TRUE(run_until(io, [&] { return !pack.closed.empty() && !told.closed.empty(); }));
  pty.open(pack_again.handlers());
  EXPECT_EQ(pack_again.failure(), "the simulated adapter is unplugged");
  client.open(told_again.handlers());
  EXPECT_EQ(told_again.failure(),
            link + ": no such device; plug the adapter in or name another port: ls /dev/serial/by-id");

  ASSERT_TRUE(pty.replug().ok());
  pty.open(pack_again.handlers());
  client.open(told_again.handlers());
  ASSERT_TRUE(told_again.opened.back().ok()) << told_again.failure();
  client.write(as_bytes("again"));
  ASSERT_TRUE(run_until(io, [&] { return as_text(pack_again.bytes) == "again"; }));
  EXPECT_EQ(pack.closed.size(), 1u);
}

TEST(Pty, WithdrawsAClaimOfExclusivenessThatItsClientLeftBehind) {
  boost::asio::io_context io;
  Pty pty(io);
  Told pack;
  pty.open(pack.handlers());
  const Descriptor witness(::open(pty.slave_path().c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  int exclusive = 0;
  {
    const Descriptor client(::open(pty.slave_path().c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
    ASSERT_EQ(::ioctl(client.get(), TIOCEXCL), 0);
    ASSERT_EQ(::ioctl(witness.get(), TIOCGEXCL, &exclusive), 0);
    ASSERT_NE(exclusive, 0);
  }
  EXPECT_TRUE(run_until(io, [&] { return ::ioctl(witness.get(), TIOCGEXCL, &exclusive) == 0 && exclusive == 0; }));
}

TEST(Pty, LosesWhatNobodyReadsInsteadOfCollectingIt) {
  boost::asio::io_context io;
  Pty pty(io);
  Told pack, told;
  pty.open(pack.handlers());
  const ByteVector piece(1000, 'x');
  for (int i = 0; i < 1000; ++i) {
    pty.write(piece);
    settle(io);
  }
  SerialPort client(io, pty.slave_path());
  client.open(told.handlers());
  ASSERT_TRUE(told.is_open()) << told.failure();
  pty.write(as_bytes("y"));  // behind what was kept, or lost with the rest
  ASSERT_TRUE(run_until(io, [&] { return told.bytes.size() > 50'000; }));
  settle(io);
  EXPECT_LT(told.bytes.size(), 200'000u);
}

}  // namespace
}  // namespace bmsd
