#include "venus/instance_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace bmsd {
namespace {

constexpr int kReplaced = 3;  // times that the file may be replaced by another one while we lock it

// The kernel's names for "somebody has it" differ between the two kinds.
bool means_taken(int error) { return error == EWOULDBLOCK || error == EAGAIN || error == EACCES; }

}  // namespace

std::string InstanceLock::path_of(const std::string& folder, std::int32_t instance) {
  return folder + "/dbus-serialbattery_" + std::to_string(instance) + ".pid";
}

InstanceLock::InstanceLock(const std::string& folder, std::int32_t instance, const std::string& owner)
    : path_(path_of(folder, instance)) {
  for (int tries = 0; tries < kReplaced; ++tries) {
    if (!open() || !lock()) return;
    if (!still_there()) {
      give_up(State::taken, "somebody else, who replaces the file");
      continue;
    }
    sign(owner);
    return;
  }
}

InstanceLock::InstanceLock(std::string path, Inherited lock, const std::string& owner)
    : path_(std::move(path)), file_(lock.descriptor) {
  still_there() ? sign(owner) : give_up(State::taken, "somebody else, who replaces the file");
}

void InstanceLock::sign(const std::string& owner) {
  const std::string text = owner + ":" + std::to_string(getpid());
  if (ftruncate(file_, 0) != 0 || pwrite(file_, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    give_up(State::unusable, std::strerror(errno));
    return;
  }
  state_ = State::held;
}

InstanceLock::~InstanceLock() {
  if (file_ >= 0) close(file_);
}

// Not simply with O_CREAT: in a folder for everybody like /var/tmp the kernel refuses that for a file of another user,
// to root too (fs.protected_regular).
bool InstanceLock::open() {
  constexpr int kFlags = O_RDWR | O_CLOEXEC | O_NOFOLLOW;
  file_ = ::open(path_.c_str(), kFlags);
  if (file_ < 0 && errno == ENOENT) file_ = ::open(path_.c_str(), kFlags | O_CREAT, 0644);
  if (file_ < 0) give_up(State::unusable, std::strerror(errno));
  return file_ >= 0;
}

bool InstanceLock::lock() {
  if (flock(file_, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    give_up(means_taken(error) ? State::taken : State::unusable, means_taken(error) ? content() : std::strerror(error));
    return false;
  }
  struct flock record {};  // the whole file
  record.l_type = F_WRLCK;
  record.l_whence = SEEK_SET;
  if (fcntl(file_, F_OFD_SETLK, &record) != 0) {
    const int error = errno;
    give_up(means_taken(error) ? State::taken : State::unusable, means_taken(error) ? content() : std::strerror(error));
    return false;
  }
  return true;
}

// Whether what we have locked is what others will open.
bool InstanceLock::still_there() const {
  struct stat ours {
  }, named{};
  return fstat(file_, &ours) == 0 && stat(path_.c_str(), &named) == 0 && ours.st_dev == named.st_dev &&
         ours.st_ino == named.st_ino;
}

void InstanceLock::give_up(State state, std::string detail) {
  state_ = state;
  detail_ = std::move(detail);
  if (file_ >= 0) close(file_);
  file_ = -1;
}

// What a driver wrote, as one line for the log.
std::string InstanceLock::content() const {
  char text[256];
  const ssize_t length = pread(file_, text, sizeof text, 0);
  std::string line;
  for (ssize_t i = 0; i < length && text[i] >= ' ' && text[i] <= '~'; ++i) line += text[i];
  return line.empty() ? "somebody who did not write down a name" : line;
}

}  // namespace bmsd
