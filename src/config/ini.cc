#include "config/ini.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

#include "config/findings.h"
#include "config/ini_text.h"
#include "config/interpolation.h"

namespace bmsd {
namespace {

constexpr std::size_t kLargestFile = 1'000'000;  // bytes
constexpr std::size_t kMostEntries = 10'000;
constexpr std::size_t kLongestName = 200;  // bytes, of a key or a section
constexpr std::string_view kDefault = "DEFAULT";

bool is_utf16(std::string_view text) {
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) return true;
  if (text.size() < 4) return false;
  const bool low_first = text[0] != '\0' && text[1] == '\0' && text[2] != '\0' && text[3] == '\0';
  const bool high_first = text[0] == '\0' && text[1] != '\0' && text[2] == '\0' && text[3] != '\0';
  return low_first || high_first;
}

constexpr std::string_view kLettersOfKeys = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

// What a line without delimiter was meant to be: "MAX_CELL_VOLTAGE = 3.45" of "MAX_CELL_VOLTAGE 3.45".
std::string as_key_and_value(std::string_view line) {
  const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
  if (end < 3 || line.substr(0, end).find_first_not_of(kLettersOfKeys) != std::string_view::npos) return "KEY = VALUE";
  const std::string_view rest = stripped(line.substr(end));
  return excerpt(line.substr(0, end)) + " = " + (rest.empty() ? "VALUE" : excerpt(rest));
}

// "MAX_CELL_VOLTAGE = 3.45" or "[DEFAULT]": what nobody writes as the second line of a value.
bool looks_like_a_line_of_its_own(std::string_view line) {
  if (line.starts_with('[') && line.find(']') != std::string_view::npos) return true;
  const std::size_t end = line.find_first_not_of(kLettersOfKeys);
  if (end == std::string_view::npos || end < 3 || line[0] < 'A') return false;
  const std::string_view rest = stripped(line.substr(end));
  return rest.starts_with('=') || rest.starts_with(':');
}

class Parser {
 public:
  explicit Parser(IniDefaults standard) : standard_(standard) {}

  IniFile parse(std::string_view text);

 private:
  struct Section {
    IniSection result;
    std::unordered_map<std::string, std::size_t> index;  // of result.entries, by the key in lower case
  };

  void take(std::string_view line);
  void take_blank(bool is_comment);
  bool take_continuation(std::string_view content);
  void take_header(std::string_view content);
  void take_key(std::string_view content);
  void open(std::string_view name);
  void store(std::string_view key, std::string_view value);
  void close_entry();
  void interpolate();
  IniFile result();

  void find(Finding::Weight weight, std::string key, std::string text, std::string advice);
  Section* default_section();

  IniDefaults standard_;
  std::vector<Section> sections_;
  FindingList findings_;
  int line_ = 0;
  std::size_t entries_ = 0;

  std::optional<std::size_t> section_;  // the one that keys go to
  bool skipping_section_ = false;       // one without a name: its keys go nowhere
  IniEntry* entry_ = nullptr;           // the one that indented lines continue
  bool skipping_entry_ = false;         // indented lines continue one that was left out
  std::size_t indentation_ = 0;         // of the last line that was no continuation
  bool comment_was_latin1_ = false;
  bool over_ = false;
};

void Parser::find(Finding::Weight weight, std::string key, std::string text, std::string advice) {
  std::string section = section_ ? sections_[*section_].result.name : std::string();
  findings_.add({weight, line_, std::move(section), std::move(key), std::move(text), std::move(advice)});
}

IniFile Parser::parse(std::string_view text) {
  if (is_utf16(text)) {
    line_ = 1;
    find(Finding::unusable, "", "the file is UTF-16, not UTF-8; nothing of it is read",
         "save it as UTF-8, in Notepad with Save as and Encoding");
    return result();
  }
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const bool too_large = text.size() > kLargestFile;
  if (too_large) {
    text = text.substr(0, kLargestFile);
    const std::size_t last_end = text.find_last_of("\r\n");
    text = text.substr(0, last_end == std::string_view::npos ? 0 : last_end + 1);
  }
  TextLines lines(text);
  while (!over_) {
    const auto line = lines.next();
    if (!line) break;
    line_ = lines.number();
    take(*line);
  }
  close_entry();
  if (too_large && !over_) {
    ++line_;
    find(Finding::unusable, "", "the file is larger than 1 MB; what stands from here on is not read",
         "take a smaller file");
  }
  interpolate();
  return result();
}

void Parser::take(std::string_view line) {
  std::string decoded;
  const bool is_latin1 = !is_utf8(line);
  if (is_latin1) line = decoded = from_latin1(line);
  const std::string_view content = stripped(line);
  const bool is_comment = content.starts_with(';') || content.starts_with('#');
  if (is_latin1 && !(is_comment && std::exchange(comment_was_latin1_, true))) {
    find(is_comment ? Finding::note : Finding::warning, "", "this line is not UTF-8; it is read as Latin-1",
         "save the file as UTF-8");
  }
  if (content.empty() || is_comment) return take_blank(is_comment);

  const std::size_t indentation = bmsd::indentation(line);
  const auto cleaned = without_controls(content);
  if (cleaned) {
    find(Finding::unusable, "", "this line holds characters that are no text, such as NUL: the file is damaged",
         "write the line anew");
  }
  const std::string_view text = cleaned ? *cleaned : content;
  if (indentation > indentation_ && take_continuation(text)) return;
  close_entry();
  skipping_entry_ = false;
  indentation_ = indentation;
  text.starts_with('[') ? take_header(text) : take_key(text);
}

// Blank lines belong to the value that they stand in, comments do not.
void Parser::take_blank(bool is_comment) {
  if (entry_ != nullptr && !is_comment) entry_->value += '\n';
}

bool Parser::take_continuation(std::string_view content) {
  if (skipping_entry_) return true;
  if (entry_ == nullptr) return false;
  if (looks_like_a_line_of_its_own(content)) {
    find(Finding::warning, entry_->key, "this line begins with blanks and so continues the value of " + entry_->key,
         "begin it at the left edge");
  }
  (entry_->value += '\n') += content;
  return true;
}

void Parser::take_header(std::string_view content) {
  // Up to the last bracket, and what follows is ignored, as configparser does.
  const std::size_t end = content.rfind(']');
  const std::string_view name = stripped(content.substr(1, end == std::string_view::npos ? end : end - 1));
  section_.reset();
  skipping_section_ = name.empty() || name.size() > kLongestName;
  if (skipping_section_) {
    find(Finding::unusable, "",
         name.empty() ? "a section without a name; its keys are ignored"
                      : "no section has a name of that length; its keys are ignored",
         "write [DEFAULT], [line PORT] or [battery NAME]");
    return;
  }
  open(name);
  if (end == std::string_view::npos) {
    // As the header that it was meant to be: its keys must not go to the section before it.
    find(Finding::unusable, "", "the ] is missing", "write [" + excerpt(name) + "]");
  }
}

void Parser::open(std::string_view name) {
  const auto same =
      std::find_if(sections_.begin(), sections_.end(), [&](const Section& s) { return s.result.name == name; });
  section_ = static_cast<std::size_t>(same - sections_.begin());
  if (same == sections_.end()) {
    sections_.push_back({{std::string(name), line_, {}}, {}});
  } else if (name != kDefault) {
    find(Finding::warning, "",
         "this section stands in line " + std::to_string(same->result.line) + " already; both are read as one",
         "put their keys together");
  }
}

void Parser::take_key(std::string_view content) {
  if (skipping_section_) return;
  const std::size_t delimiter = content.find_first_of("=:");
  const std::string_view key = stripped(content.substr(0, delimiter));
  const bool damaged = key.find("\xEF\xBF\xBD") != std::string_view::npos;  // that was told
  if (delimiter == std::string_view::npos) {
    if (damaged) return;
    find(Finding::unusable, "", "\"" + excerpt(content) + "\" has neither = nor : and is ignored",
         "write " + as_key_and_value(content) + ", or begin the line with ; if it is a comment");
    return;
  }
  if (key.empty() || key.size() > kLongestName || damaged) {
    skipping_entry_ = true;
    if (damaged) return;
    find(Finding::unusable, "",
         key.empty() ? "no key stands before the " + std::string(1, content[delimiter]) + "; the line is ignored"
                     : "no key has a name of that length; the line is ignored",
         "write KEY = VALUE");
    return;
  }
  if (!section_) {
    open(kDefault);
    find(Finding::warning, std::string(key), "keys stand before the first section; they are read as those of [DEFAULT]",
         "write [DEFAULT] above them");
  }
  store(key, stripped(content.substr(delimiter + 1)));
}

void Parser::store(std::string_view key, std::string_view value) {
  if (++entries_ > kMostEntries) {
    find(Finding::unusable, "", "the file has more than 10000 keys; what stands from here on is not read",
         "take a smaller file");
    over_ = true;
    return;
  }
  Section& section = sections_[*section_];
  std::vector<IniEntry>& entries = section.result.entries;
  const auto [place, is_new] = section.index.try_emplace(lower_case(key), entries.size());
  if (!is_new) {
    IniEntry& former = entries[place->second];
    find(Finding::warning, std::string(key),
         "stands in line " + std::to_string(former.line) + " already; this one, the last one, is used",
         "delete one of them");
    former.key.clear();  // result() drops it
    place->second = entries.size();
  }
  entries.push_back({std::string(key), std::string(value), line_});
  entry_ = &entries.back();
}

void Parser::close_entry() {
  if (entry_ == nullptr) return;
  entry_->value = stripped_at_end(entry_->value);
  entry_ = nullptr;
}

Parser::Section* Parser::default_section() {
  const auto found =
      std::find_if(sections_.begin(), sections_.end(), [](const Section& s) { return s.result.name == kDefault; });
  return found == sections_.end() ? nullptr : &*found;
}

void Parser::interpolate() {
  const auto written = [](const Section* section) {
    ValuesByKey values;
    if (section == nullptr) return values;
    for (const auto& [key, index] : section->index) values.emplace(key, section->result.entries[index].value);
    return values;
  };
  ValuesByKey defaults = written(default_section());
  for (const auto& [key, value] : standard_) defaults.try_emplace(lower_case(key), value);
  std::size_t budget = kLargestFile;
  for (Section& section : sections_) {
    const bool is_default = section.result.name == kDefault;
    const ValuesByKey own = is_default ? ValuesByKey() : written(&section);
    Interpolation interpolation(own, defaults);
    for (IniEntry& entry : section.result.entries) {
      if (entry.key.empty() || entry.value.find('%') == std::string::npos) continue;
      std::string trouble;
      entry.value = interpolation.resolve(entry.key, entry.value, budget, trouble);
      if (trouble.empty()) continue;
      findings_.add({Finding::warning, entry.line, section.result.name, entry.key,
                     trouble + "; it is taken as it stands", "write %% for a percent sign"});
    }
  }
}

IniFile Parser::result() {
  IniFile file;
  for (Section& section : sections_) {
    std::erase_if(section.result.entries, [](const IniEntry& entry) { return entry.key.empty(); });
    for (IniEntry& entry : section.result.entries) entry.value = stripped(entry.value);
    file.sections.push_back(std::move(section.result));
  }
  file.findings = findings_.take();
  return file;
}

}  // namespace

IniFile parse_ini(std::string_view text, IniDefaults standard) { return Parser(standard).parse(text); }

}  // namespace bmsd
