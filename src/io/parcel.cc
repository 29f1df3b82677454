#include "io/parcel.h"

#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace bmsd {
namespace {

constexpr std::size_t kMostDescriptors = 200;  // the kernel takes 253
constexpr std::size_t kLongestText = std::size_t{64} * 1024 * 1024;

Error failed(const char* what, int number) {
  return {Errc::io, what, number, "the other process: " + std::string(std::strerror(number))};
}

// The text travels as a file in memory: a message of any length that nobody has to read in pieces.
Result<Descriptor> in_memory(const std::string& text) {
  Descriptor file(::memfd_create("bmsd", MFD_CLOEXEC));
  if (!file) return failed("memory", errno);
  std::size_t written = 0;
  while (written < text.size()) {
    const ssize_t size = ::write(file.get(), text.data() + written, text.size() - written);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return failed("memory", errno);
    written += static_cast<std::size_t>(size);
  }
  return file;
}

Result<std::string> from_memory(const Descriptor& file) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return failed("memory", errno);
  if (status.st_size < 0 || static_cast<std::size_t>(status.st_size) > kLongestText) return failed("memory", EFBIG);
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t read = 0;
  while (read < text.size()) {
    const ssize_t size = ::pread(file.get(), text.data() + read, text.size() - read, static_cast<off_t>(read));
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return failed("memory", size == 0 ? ENODATA : errno);
    read += static_cast<std::size_t>(size);
  }
  return text;
}

}  // namespace

Result<std::pair<Descriptor, Descriptor>> parcel_channel() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return failed("channel", errno);
  return std::pair(Descriptor(ends[0]), Descriptor(ends[1]));
}

Status send_parcel(int channel, const std::string& text, const std::vector<int>& descriptors) {
  if (descriptors.size() > kMostDescriptors) return failed("descriptors", E2BIG);
  Result<Descriptor> file = in_memory(text);
  if (!file) return file.error();
  std::vector<int> all = {file->get()};
  all.insert(all.end(), descriptors.begin(), descriptors.end());

  char word = 'p';
  iovec content = {&word, 1};
  std::vector<char> control(CMSG_SPACE(all.size() * sizeof(int)));
  msghdr message{};
  message.msg_iov = &content;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(all.size() * sizeof(int));
  std::memcpy(CMSG_DATA(head), all.data(), all.size() * sizeof(int));
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(channel, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return failed("send", errno);
  return Done{};
}

Result<Parcel> receive_parcel(int channel, Duration patience) {
  pollfd waited = {channel, POLLIN, 0};
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(patience).count();
  int ready = 0;
  do {
    ready = ::poll(&waited, 1, static_cast<int>(milliseconds));
  } while (ready < 0 && errno == EINTR);
  if (ready == 0) return Error{Errc::io, "late", ETIMEDOUT, "the other process says nothing"};

  char word = 0;
  iovec content = {&word, 1};
  alignas(cmsghdr) char control[CMSG_SPACE((kMostDescriptors + 1) * sizeof(int))];
  msghdr message{};
  message.msg_iov = &content;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t size = 0;
  do {
    size = ::recvmsg(channel, &message, MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  if (size == 0 || (size < 0 && errno == ECONNRESET))
    return Error{Errc::io, "closed", ECONNRESET, "the other process is gone"};
  if (size < 0) return failed("receive", errno);

  Parcel parcel;
  for (cmsghdr* head = CMSG_FIRSTHDR(&message); head != nullptr; head = CMSG_NXTHDR(&message, head)) {
    if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int descriptor = -1;
      std::memcpy(&descriptor, CMSG_DATA(head) + i * sizeof(int), sizeof(int));
      parcel.descriptors.emplace_back(descriptor);
    }
  }
  if (parcel.descriptors.empty()) return failed("receive", EBADMSG);
  Result<std::string> text = from_memory(parcel.descriptors.front());
  if (!text) return text.error();
  parcel.text = std::move(*text);
  parcel.descriptors.erase(parcel.descriptors.begin());
  return parcel;
}

}  // namespace bmsd
