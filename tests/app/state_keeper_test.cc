#include "app/state_keeper.h"

#include <gtest/gtest.h>

#include "../store/temporary_folder.h"

namespace bmsd {
namespace {

class StateKeeperTest : public testing::Test {
 protected:
  StateKeeper keeper() {
    return {path_, [this](Level, std::string_view text) { log_.emplace_back(text); }};
  }
  static Kept named(const std::string& name) {
    Kept kept;
    kept.custom_name = name;
    return kept;
  }
  std::string stored_name() const {
    const State state = load_state(path_).state;
    const auto found = state.batteries.find("A");
    return found == state.batteries.end() ? "none" : found->second.custom_name;
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.file("state");
  std::vector<std::string> log_;
  Instant now_{1000s};
};

TEST_F(StateKeeperTest, WritesAChangeAtOnceAndThenOnceIn15Seconds) {
  StateKeeper keeper = this->keeper();
  keeper.remember("A", named("1"));
  keeper.look(now_);
  EXPECT_EQ(stored_name(), "1");
  keeper.remember("A", named("2"));
  keeper.look(now_ + 14s);
  EXPECT_EQ(stored_name(), "1");
  keeper.look(now_ + 15s);
  EXPECT_EQ(stored_name(), "2");
}

TEST_F(StateKeeperTest, WritesNothingWhereNothingHasChanged) {
  StateKeeper keeper = this->keeper();
  keeper.look(now_);
  EXPECT_FALSE(std::filesystem::exists(path_));
  keeper.remember("A", named("1"));
  keeper.look(now_);
  std::filesystem::remove(path_);
  keeper.remember("A", named("1"));
  keeper.look(now_ + 1min);
  keeper.finish();
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(StateKeeperTest, WritesWhatIsLeftAtTheEnd) {
  StateKeeper keeper = this->keeper();
  keeper.remember("A", named("1"));
  keeper.look(now_);
  keeper.remember("A", named("2"));
  keeper.finish();
  EXPECT_EQ(stored_name(), "2");
}

TEST_F(StateKeeperTest, ThereIsAfterARestartWhatWasThere) {
  {
    StateKeeper keeper = this->keeper();
    keeper.remember("A", named("1"));
    keeper.remember_good_config("[DEFAULT]\n");
    keeper.remember_line("usb:A1", {"daly-uart", 9600, 0x41});
    keeper.finish();
  }
  const StateKeeper keeper = this->keeper();
  ASSERT_TRUE(keeper.recall("A").has_value());
  EXPECT_EQ(keeper.recall("A")->custom_name, "1");
  EXPECT_EQ(keeper.recall("B"), std::nullopt);
  EXPECT_EQ(keeper.recall_line("usb:A1"), (KeptLine{"daly-uart", 9600, 0x41}));
  EXPECT_EQ(keeper.recall_line("usb:B2"), std::nullopt);
  EXPECT_EQ(keeper.state().good_config, "[DEFAULT]\n");
  EXPECT_TRUE(log_.empty());
}

TEST_F(StateKeeperTest, ADamagedFileIsReportedAndReplaced) {
  write_file(path_, "rubbish");
  StateKeeper keeper = this->keeper();
  ASSERT_EQ(log_.size(), 1U);
  EXPECT_NE(log_.front().find("is kept as " + path_ + ".damaged"), std::string::npos);
  keeper.remember("A", named("1"));
  keeper.look(now_);
  EXPECT_EQ(stored_name(), "1");
}

TEST_F(StateKeeperTest, AnErrorIsLoggedOnceAndSoIsItsEnd) {
  path_ = folder_.file("no/state");
  write_file(folder_.file("no"), "a file where a folder has to be");
  StateKeeper keeper = this->keeper();
  keeper.remember("A", named("1"));
  for (int i = 0; i < 5; ++i) keeper.look(now_ + i * 15s);
  ASSERT_EQ(log_.size(), 1U);
  std::filesystem::remove(folder_.file("no"));
  keeper.look(now_ + 2min);
  EXPECT_EQ(log_.back(), path_ + ": written again");
  EXPECT_EQ(log_.size(), 2U);
  EXPECT_EQ(stored_name(), "1");
}

TEST_F(StateKeeperTest, AFileOfAnotherProcessIsReadAndNotWritten) {
  ASSERT_TRUE(save_state(path_, {.batteries = {{"A", named("theirs")}}, .good_config = {}}).ok());
  const auto other = StateLock::take(path_);
  ASSERT_TRUE(other.ok());
  StateKeeper keeper = this->keeper();
  EXPECT_EQ(keeper.recall("A")->custom_name, "theirs");
  EXPECT_TRUE(log_.empty()) << "as long as there is nothing to write";
  keeper.remember("A", named("mine"));
  keeper.look(now_);
  keeper.look(now_ + 1min);
  keeper.finish();
  ASSERT_EQ(log_.size(), 1U);
  EXPECT_NE(log_.front().find("name another file with --state"), std::string::npos) << log_.front();
  EXPECT_EQ(stored_name(), "theirs");
}

TEST_F(StateKeeperTest, WithoutAPlaceNothingIsKept) {
  path_.clear();
  StateKeeper keeper = this->keeper();
  keeper.remember("A", named("1"));
  EXPECT_EQ(keeper.recall("A")->custom_name, "1") << "as long as the process runs";
  keeper.look(now_);
  keeper.finish();
  EXPECT_EQ(log_.size(), 1U);
}

}  // namespace
}  // namespace bmsd
