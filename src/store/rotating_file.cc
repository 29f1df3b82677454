#include "store/rotating_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>
#include <vector>

namespace bmsd {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPiece = 4096;

Error io_error(const std::string& path, const char* doing, int number) {
  return {Errc::io, "file", number, path + ": cannot " + doing + ": " + std::strerror(number)};
}

void make_folder_of(const std::string& path) {
  std::error_code ignored;  // what follows will say what is wrong
  const fs::path folder = fs::path(path).parent_path();
  if (!folder.empty()) fs::create_directories(folder, ignored);
}

// Where the last whole line ends, looking back from the end; nothing: errno.
std::optional<off_t> end_of_lines(int fd, off_t size) {
  std::array<char, kPiece> piece;
  while (size > 0) {
    const off_t begin = std::max<off_t>(size - static_cast<off_t>(piece.size()), 0);
    const ssize_t count = ::pread(fd, piece.data(), static_cast<std::size_t>(size - begin), begin);
    if (count <= 0) return std::nullopt;
    const std::size_t end = std::string_view(piece.data(), static_cast<std::size_t>(count)).rfind('\n');
    if (end != std::string_view::npos) return begin + static_cast<off_t>(end) + 1;
    size = begin;
  }
  return 0;
}

}  // namespace

RotatingFile::RotatingFile(std::string path, std::string_view head, RotationLimits limits)
    : path_(std::move(path)), head_(head), limits_(limits), file_(std::string(), 0) {}

Result<RotatingFile> RotatingFile::open(const std::string& path, std::string_view head, RotationLimits limits) {
  make_folder_of(path);
  RotatingFile file(path, head, limits);
  if (const Status opened = file.open_file(); !opened) return opened.error();
  return file;
}

Status RotatingFile::open_file() {
  file_ = File(path_, O_RDWR | O_CREAT | O_APPEND | O_NONBLOCK);  // somebody may have made a pipe of that name
  if (!file_.is_open()) return io_error(path_, "write it", errno);
  struct stat about {};
  if (::fstat(file_.descriptor(), &about) != 0 || !S_ISREG(about.st_mode))
    return Error{Errc::io, "file", 0, path_ + ": is no regular file; name another one"};
  std::string begin(head_.size(), '\0');
  const ssize_t count = ::pread(file_.descriptor(), begin.data(), begin.size(), 0);
  begin.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  if (!std::string_view(head_).starts_with(begin))
    return Error{Errc::io, "file", 0, path_ + ": is no capture of this bmsd; name another file, or move it away"};
  const auto end = begin.size() < head_.size() ? 0 : end_of_lines(file_.descriptor(), about.st_size);
  if (!end) return io_error(path_, "read it", errno);
  if (*end < about.st_size && ::ftruncate(file_.descriptor(), *end) != 0) return io_error(path_, "write it", errno);
  size_ = static_cast<std::uint64_t>(*end);
  return size_ == 0 ? append(head_) : Done{};
}

Status RotatingFile::rotate() {
  for (int number = limits_.older_files; number > 1; --number)
    (void)::rename(older(number - 1).c_str(), older(number).c_str());  // mostly there is none yet
  const bool moved =
      limits_.older_files > 0 ? ::rename(path_.c_str(), older(1).c_str()) == 0 : ::unlink(path_.c_str()) == 0;
  if (!moved && errno != ENOENT) return io_error(path_, "begin a new one", errno);
  return open_file();
}

Status RotatingFile::append(std::string_view lines) {
  if (!file_.is_open()) {
    if (Status opened = open_file(); !opened) return opened;
  }
  if (file_.write(lines)) {
    size_ += lines.size();
    return Done{};
  }
  const int why = errno;
  (void)!::ftruncate(file_.descriptor(), static_cast<off_t>(size_));  // half a line is worse than none
  return io_error(path_, "write it", why);
}

Status write_whole_file(const std::string& path, std::string_view text) {
  make_folder_of(path);
  const std::string fresh = path + ".new";
  int why = 0;
  {
    const File file(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK);
    if (!file.is_open() || !file.write(text)) why = errno;
  }
  if (why == 0 && ::rename(fresh.c_str(), path.c_str()) != 0) why = errno;
  if (why == 0) return Done{};
  (void)::unlink(fresh.c_str());
  return io_error(path, "write it", why);
}

void keep_newest_files(const std::string& folder, std::string_view prefix, std::string_view suffix, std::size_t most) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename();
    if (name.size() > prefix.size() + suffix.size() && name.starts_with(prefix) && name.ends_with(suffix))
      names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  for (std::size_t i = 0; i + most < names.size(); ++i) {
    std::error_code ignored;
    fs::remove(fs::path(folder) / names[i], ignored);
  }
}

}  // namespace bmsd
