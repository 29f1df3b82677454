#include "io/parcel.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

namespace bmsd {
namespace {

TEST(Parcel, TextOfAnyLengthAndDescriptorsComeOut) {
  auto channel = parcel_channel();
  ASSERT_TRUE(channel);
  int pipe_ends[2];
  ASSERT_EQ(::pipe(pipe_ends), 0);
  const Descriptor reads(pipe_ends[0]), writes(pipe_ends[1]);
  const std::string text = std::string(3'000'000, 'x') + std::string("\0\xFF", 2);
  ASSERT_TRUE(send_parcel(channel->first.get(), text, {writes.get(), reads.get()}));
  ASSERT_TRUE(send_parcel(channel->first.get(), ""));
  auto parcel = receive_parcel(channel->second.get(), 10s);
  ASSERT_TRUE(parcel) << describe(parcel.error());
  EXPECT_EQ(parcel->text, text);
  ASSERT_EQ(parcel->descriptors.size(), 2U);
  EXPECT_EQ(::fcntl(parcel->descriptors[0].get(), F_GETFD), FD_CLOEXEC);
  ASSERT_EQ(::write(parcel->descriptors[0].get(), "a", 1), 1);
  char byte = 0;
  ASSERT_EQ(::read(reads.get(), &byte, 1), 1);
  EXPECT_EQ(byte, 'a');
  auto second = receive_parcel(channel->second.get(), 10s);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->text, "");
  EXPECT_TRUE(second->descriptors.empty());
}

TEST(Parcel, AnEndThatIsGoneIsToldFromOneThatSaysNothing) {
  auto channel = parcel_channel();
  ASSERT_TRUE(channel);
  auto late = receive_parcel(channel->second.get(), 0s);
  ASSERT_FALSE(late);
  EXPECT_STREQ(late.error().what, "late");
  channel->first = Descriptor();
  auto closed = receive_parcel(channel->second.get(), 10s);
  ASSERT_FALSE(closed);
  EXPECT_STREQ(closed.error().what, "closed");
  EXPECT_FALSE(send_parcel(channel->second.get(), "x"));
}

TEST(Parcel, AMessageWithoutContentIsRefused) {
  auto channel = parcel_channel();
  ASSERT_TRUE(channel);
  ASSERT_EQ(::send(channel->first.get(), "p", 1, 0), 1);
  EXPECT_FALSE(receive_parcel(channel->second.get(), 10s));
}

}  // namespace
}  // namespace bmsd
