// A search ended where another master was heard while a question was under way. The question stayed: its reply went to a session
// that was gone, and when the search began again, so did the report that nobody had replied.
#include <gtest/gtest.h>

#include "line/detection.h"
#include "protocol/daren_485.h"
#include "protocol/responder.h"

namespace bmsd::a_master_heard_during_a_question_test {
namespace {

class Search {
 public:
  Search() {
    search_.opened(9600, now_);
    ask();
  }

  // Until a question is sent.
  void ask() {
    for (sent.clear(); sent.empty() && !search_.finished() && now_ < Instant(100s); now_ += 10ms) {
      const auto action = search_.next(now_);
      if (const auto* send = action ? std::get_if<SendBytes>(&*action) : nullptr) sent = send->bytes;
    }
  }
  void hear(Bytes bytes) {
    search_.received(bytes, now_);
    (void)search_.next(now_);
    now_ += 10ms;
  }
  void hear_another_master() {
    for (const int address : {7, 8})
      hear(kDaren485.open({address, {}, false})->request(kDaren485.proof.front())->bytes);
  }
  void begin_again() { search_.restart(now_ += 30s); }

  const Detection& state() const { return search_; }

  ByteVector sent;

 private:
  static DetectionOptions options() {
    DetectionOptions options;
    options.space.protocols = {&kDaren485};
    return options;
  }

  Detection search_{options()};
  Instant now_{1s};
};

TEST(AMasterHeardDuringAQuestion, EndsTheQuestionToo) {
  Search search;
  const ByteVector first = search.sent;
  ASSERT_FALSE(first.empty());
  search.hear_another_master();
  ASSERT_TRUE(search.state().finished());
  ASSERT_NE(search.state().master(), nullptr);

  search.begin_again();
  search.ask();
  EXPECT_EQ(search.sent, first);
}

TEST(AMasterHeardDuringAQuestion, AReplyThatComesAfterThatIsNobodys) {
  Search search;
  search.hear_another_master();
  ASSERT_TRUE(search.state().finished());

  PackOptions pack;
  pack.address = kDaren485.default_address;
  const auto reply = respond_as_daren_485(pack)->answer(search.sent, {});
  ASSERT_TRUE(reply.has_value());
  search.hear(*reply);
  search.begin_again();
  search.ask();
  EXPECT_FALSE(search.sent.empty());
  EXPECT_TRUE(search.state().found().empty());
}

}  // namespace
}  // namespace bmsd::a_master_heard_during_a_question_test
