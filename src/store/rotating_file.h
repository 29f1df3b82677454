// A text file that grows by whole lines and never beyond a size: FILE, then FILE.1 (the one before), FILE.2, ...
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/file.h"

namespace bmsd {

struct RotationLimits {
  std::uint64_t bytes = std::uint64_t{5} * 1024 * 1024;  // after which a new file is begun
  int older_files = 3;                                   // that are kept beside it
};

class RotatingFile {
 public:
  // Opens or makes it and its folder. `head`: what such a file begins with. A file that begins otherwise is somebody else's
  // and an error; half a line at its end is what a crash has left, and is cut off. Error io.
  static Result<RotatingFile> open(const std::string& path, std::string_view head, RotationLimits limits);

  // Begins a new file, with the head, and keeps the old ones.
  Status rotate();
  // Appends whole lines: all of them or, when that fails, none.
  Status append(std::string_view lines);

  std::uint64_t size() const { return size_; }

 private:
  RotatingFile(std::string path, std::string_view head, RotationLimits limits);
  Status open_file();
  std::string older(int number) const { return path_ + "." + std::to_string(number); }

  std::string path_, head_;
  RotationLimits limits_;
  File file_;
  std::uint64_t size_ = 0;
};

// Writes a file beside and renames it, so that nobody sees half of it. Makes the folder. Error io.
Status write_whole_file(const std::string& path, std::string_view text);

// Deletes the first files, by name, of those in `folder` that begin with `prefix` and end with `suffix`, until at most
// `most` are left.
void keep_newest_files(const std::string& folder, std::string_view prefix, std::string_view suffix, std::size_t most);

}  // namespace bmsd
