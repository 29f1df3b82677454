// kill -9 at any moment: what is loaded afterwards was saved completely.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <random>

#include "store/state_file.h"
#include "temporary_folder.h"

namespace bmsd {
namespace {

constexpr int kKills = 500;

// Everything of it follows from its generation, so that a mixture of two is noticed. Its size differs from one to the next.
State generation(int number) {
  State state;
  const std::string text = std::to_string(number);
  for (int i = 0; i <= number % 16; ++i) {
    Kept& kept = state.batteries["PACK" + std::to_string(i)];
    kept.instance = number;
    kept.custom_name = "pack of " + text;
  }
  state.good_config.assign(static_cast<std::size_t>(number % 7) * 1000, static_cast<char>('a' + number % 26));
  return state;
}

int number_of(const State& state) {
  const auto first = state.batteries.find("PACK0");
  return first == state.batteries.end() ? 0 : first->second.instance;
}

// Saves one generation after the other; tells through the pipe when it begins one.
[[noreturn]] void save_for_ever(const std::string& path, int next, int pipe) {
  for (;; ++next) {
    if (::write(pipe, "s", 1) != 1) ::_exit(1);
    if (!save_state(path, generation(next)).ok()) ::_exit(2);
    if (::write(pipe, "d", 1) != 1) ::_exit(1);
  }
}

// Does nothing for a while that no clock measures.
void spin(unsigned rounds) {
  std::atomic<unsigned> done = 0;
  while (done < rounds) ++done;
}

TEST(StateFile, SurvivesAKillAtAnyMoment) {
  const TemporaryFolder folder;
  const std::string path = folder.file("state");
  std::mt19937 random(20240607);  // NOLINT(cert-msc32-c): the moments differ by the machine's own hand
  std::uniform_int_distribution<unsigned> moment(0, 200'000);
  ASSERT_TRUE(save_state(path, generation(1)).ok());
  int last = 1, amid = 0;
  for (int kill = 0; kill < kKills; ++kill) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(ends[0]);
      save_for_ever(path, last + 1, ends[1]);
    }
    ::close(ends[1]);
    char told = 0;
    ASSERT_EQ(::read(ends[0], &told, 1), 1);
    spin(moment(random));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child could not save: " << WEXITSTATUS(status);
    int begun = 1, done = 0;
    while (::read(ends[0], &told, 1) == 1) (told == 's' ? begun : done) += 1;
    ::close(ends[0]);
    amid += begun > done ? 1 : 0;

    const LoadedState loaded = load_state(path);
    ASSERT_EQ(loaded.report, "") << "kill " << kill;
    const int now = number_of(loaded.state);
    ASSERT_EQ(loaded.state, generation(now)) << "kill " << kill;
    ASSERT_GE(now, last + done) << "what save_state() promised is there";
    ASSERT_LE(now, last + begun);
    last = now;
    ASSERT_EQ(folder.names(), std::set<std::string>{"state"}) << "nothing of the killed process is left";
  }
  EXPECT_GT(amid, kKills / 10) << "most kills were to come while it was saving";
}

}  // namespace
}  // namespace bmsd
