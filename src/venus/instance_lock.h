// Keeps two drivers from serving one device instance: a file that whoever has the instance holds locked.
//
// The name and the content ("<bus name>:<pid>") are those of the driver that most systems come from, so that it and this
// one exclude each other. With which of Linux's two kinds of lock it does so is not known: both are taken.
#pragma once

#include <cstdint>
#include <string>

namespace bmsd {

class InstanceLock {
 public:
  enum class State : unsigned char {
    held,
    taken,    // by somebody else; detail(): what the file says
    unusable  // the file cannot be made or locked; detail(): why
  };

  // Tries once and does not wait. `owner`: the bus name.
  InstanceLock(const std::string& folder, std::int32_t instance, const std::string& owner);
  // The lock of `path` that another process has handed over, as descriptor() of it; it is this one's now. Taken where the
  // file is another one meanwhile.
  struct Inherited {
    int descriptor;
  };
  InstanceLock(std::string path, Inherited lock, const std::string& owner);
  // Gives it free. The file stays: if it were removed, one who has just opened it and one who makes it anew would both
  // hold "the" lock.
  ~InstanceLock();
  InstanceLock(const InstanceLock&) = delete;
  InstanceLock& operator=(const InstanceLock&) = delete;

  static std::string path_of(const std::string& folder, std::int32_t instance);

  // Writes down anew who holds it: another process had it meanwhile.
  void sign(const std::string& owner);

  State state() const { return state_; }
  const std::string& path() const { return path_; }
  const std::string& detail() const { return detail_; }
  int descriptor() const { return file_; }  // -1: not held

 private:
  bool open();
  bool lock();
  bool still_there() const;
  void give_up(State state, std::string detail);
  std::string content() const;

  std::string path_, detail_;
  int file_ = -1;
  State state_ = State::unusable;
};

}  // namespace bmsd
