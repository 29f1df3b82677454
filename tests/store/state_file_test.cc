#include "store/state_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/state_lock.h"
#include "temporary_folder.h"

namespace bmsd {
namespace {

State with_name(const std::string& name) {
  State state;
  state.batteries["A"].custom_name = name;
  return state;
}

TEST(StateFile, AFileThatIsNotThereIsAnEmptyState) {
  const TemporaryFolder folder;
  const LoadedState loaded = load_state(folder.file("state"));
  EXPECT_EQ(loaded.state, State{});
  EXPECT_EQ(loaded.report, "");
  EXPECT_EQ(load_state(folder.file("no/such/folder/state")).report, "");
}

TEST(StateFile, WhatWasSavedIsLoaded) {
  const TemporaryFolder folder;
  const std::string path = folder.file("a/b/state");
  ASSERT_TRUE(save_state(path, with_name("first")).ok()) << "makes its folder";
  ASSERT_TRUE(save_state(path, with_name("second")).ok());
  EXPECT_EQ(load_state(path).state, with_name("second"));
}

TEST(StateFile, NobodyElseMayReadIt) {
  const TemporaryFolder folder;
  ASSERT_TRUE(save_state(folder.file("state"), with_name("x")).ok());
  struct stat status {};
  ASSERT_EQ(::stat(folder.file("state").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600) << "a configuration file may hold passwords";
}

TEST(StateFile, ADamagedFileIsSetAsideAndReported) {
  const TemporaryFolder folder;
  const std::string path = folder.file("state");
  write_file(path, "rubbish");
  const LoadedState loaded = load_state(path);
  EXPECT_EQ(loaded.state, State{});
  EXPECT_EQ(loaded.report,
            path + " is not used: it does not begin as a state file of bmsd; it is kept as " + path + ".damaged");
  EXPECT_EQ(read_file(path + ".damaged"), "rubbish");
  EXPECT_EQ(load_state(path).report, "") << "once";
}

TEST(StateFile, AFileOfANewerVersionIsSetAsideToo) {
  const TemporaryFolder folder;
  const std::string path = folder.file("state");
  write_file(path, "bmsd-state 2 crc32 00000000\n{}\n");
  EXPECT_NE(load_state(path).report.find("it is of version \"2\", this bmsd reads 1"), std::string::npos);
  EXPECT_EQ(folder.names(), std::set<std::string>{"state.damaged"});
}

TEST(StateFile, ThreeDamagedFilesAreKept) {
  const TemporaryFolder folder;
  const std::string path = folder.file("state");
  for (const char* text : {"1", "2", "3", "4", "5"}) {
    write_file(path, text);
    (void)load_state(path);
  }
  EXPECT_EQ(folder.names(), (std::set<std::string>{"state.damaged", "state.damaged.2", "state.damaged.3"}));
  EXPECT_EQ(read_file(path + ".damaged"), "5");
  EXPECT_EQ(read_file(path + ".damaged.3"), "3");
}

TEST(StateFile, WhatCannotBeReadIsReported) {
  const TemporaryFolder folder;
  const LoadedState loaded = load_state(folder.path());
  EXPECT_EQ(loaded.state, State{});
  EXPECT_NE(loaded.report.find("cannot read"), std::string::npos) << loaded.report;
}

TEST(StateFile, WhatCannotBeWrittenIsAnErrorAndLeavesNothing) {
  const TemporaryFolder folder;
  write_file(folder.file("file"), "");
  const Status below_a_file = save_state(folder.file("file/state"), {});
  ASSERT_FALSE(below_a_file.ok());
  EXPECT_EQ(below_a_file.error().code, Errc::io);
  std::filesystem::create_directories(folder.file("state/full"));
  EXPECT_FALSE(save_state(folder.file("state"), {}).ok()) << "a folder has its name";
  EXPECT_EQ(folder.names(), (std::set<std::string>{"file", "state"}));
}

TEST(StateFile, WhatAKilledProcessLeftIsRemoved) {
  const TemporaryFolder folder;
  const pid_t gone = ::fork();
  if (gone == 0) ::_exit(0);
  ::waitpid(gone, nullptr, 0);
  const std::string stale = "state." + std::to_string(gone) + ".new";
  const std::string alive = "state." + std::to_string(::getppid()) + ".new";
  for (const std::string& name :
       {stale, alive, std::string("state.new"), std::string("state.x.new"), std::string("other.1.new")})
    write_file(folder.file(name), "half");
  (void)load_state(folder.file("state"));
  EXPECT_EQ(folder.names(), (std::set<std::string>{alive, "state.new", "state.x.new", "other.1.new"}))
      << "only what is surely its own and nobody writes";
}

TEST(StateLock, IsHeldByOne) {
  const TemporaryFolder folder;
  const std::string path = folder.file("deep/state");
  auto first = StateLock::take(path);
  ASSERT_TRUE(first.ok());
  auto second = StateLock::take(path);
  ASSERT_FALSE(second.ok());
  EXPECT_STREQ(second.error().what, "held");
  *first = StateLock();
  EXPECT_TRUE(StateLock::take(path).ok()) << "given back";
}

}  // namespace
}  // namespace bmsd
