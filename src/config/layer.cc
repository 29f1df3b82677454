#include "config/layer.h"

#include <algorithm>

#include "config/similar.h"
#include "config/words.h"

namespace bmsd {
namespace {

// "Nothing is recorded." as part of a longer sentence.
std::string clause(std::string_view sentence) {
  std::string text(sentence.substr(0, sentence.find_last_not_of('.') + 1));
  const bool is_abbreviation = text.size() > 1 && text[1] >= 'A' && text[1] <= 'Z';
  if (!text.empty() && !is_abbreviation && text[0] >= 'A' && text[0] <= 'Z')
    text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

// A line of the file and the key that it is about.
struct Line {
  const IniEntry* entry;
  const Key* key;
  const Renamed* renamed;  // null: the name is that of today
};

class Reader {
 public:
  Reader(const IniSection& section, Scope scope, const Settings& outside, std::vector<Finding>& findings)
      : section_(section), scope_(scope), outside_(outside), findings_(findings) {
    layer_.section = section.name;
  }

  Layer read() {
    std::vector<Line> old;
    for (const IniEntry& entry : section_.entries) {
      if (const Key* key = find_key(entry.key)) {
        take({&entry, key, nullptr});
      } else if (const Renamed* renamed = find_renamed(entry.key)) {
        if (const Key* now = find_key(renamed->new_name)) old.push_back({&entry, now, renamed});
        if (renamed->new_name.empty())
          say(entry, Finding::warning, "there is no such key any more; the line is ignored", renamed->advice);
      } else {
        unknown(entry);
      }
    }
    // The newest name first: what stands under an older one is then no longer needed.
    std::stable_sort(old.begin(), old.end(), [](const Line& a, const Line& b) { return a.renamed > b.renamed; });
    for (const Line& line : old) take_old(line);
    return std::move(layer_);
  }

 private:
  void say(const IniEntry& entry, Finding::Weight weight, std::string text, std::string_view advice = "") {
    findings_.push_back({weight, entry.line, section_.name, entry.key, std::move(text), std::string(advice)});
  }

  void unknown(const IniEntry& entry) {
    std::vector<std::string_view> names;
    for (const Key& key : all_keys()) names.push_back(key.name);
    const std::string_view near = most_similar(entry.key, names);
    say(entry, Finding::corrected, "there is no such key; the line is ignored",
        near.empty() ? "" : "did you mean " + std::string(near) + "?");
  }

  void take_old(const Line& line) {
    const std::string name(line.key->name);
    std::string advice = "write " + name;
    if (!line.renamed->advice.empty()) advice += ": " + std::string(line.renamed->advice);
    if (layer_.keys.count(line.key->name) != 0) {
      say(*line.entry, Finding::warning, "is the old name of " + name + ", which is there as well and holds",
          "remove this line");
      return;
    }
    say(*line.entry, Finding::warning, "is the old name of " + name, advice);
    take(line);
  }

  void take(const Line& line) {
    const auto& [entry, key, renamed] = line;
    if (key->scope < scope_) {
      const char* place = key->scope == Scope::daemon ? "[DEFAULT]" : "[DEFAULT] or in the section of a line";
      say(*entry, Finding::unusable, std::string("has no effect here; it belongs in ") + place);
      return;
    }
    std::string_view text = entry->value;
    // One number where there is a list now; 0 took all of them.
    if (renamed != nullptr && renamed->old_name == "TEMP_BATTERY" && text == "0") text = key->standard;
    Converted converted = convert(*key, text);
    for (Finding& finding : converted.findings) {
      if (!converted.value) finding.text += instead(*key, converted);
      say(*entry, finding.weight, std::move(finding.text), finding.advice);
    }
    if (converted.value) tell_without_effect(*entry, *key, *converted.value);
    layer_.keys[key->name] = {std::move(converted.value), converted.read, entry->line};
  }

  // What is used instead of what cannot be.
  std::string instead(const Key& key, const Converted& converted) const {
    std::string used = to_text(stand_in(key, converted.read, outside_[key.name]), key);
    if (key.secret) return "; it is not used";
    if (used.empty()) return "; the line is not used";
    if (key.kind == Kind::text_list || key.kind == Kind::text) used = quoted(used);
    const bool several = key.kind == Kind::real_list || key.kind == Kind::integer_list;
    return "; " + used + (several ? " are used" : " is used");
  }

  // Keys that do nothing, where the user wants something of them.
  void tell_without_effect(const IniEntry& entry, const Key& key, const Setting& value) {
    static const Settings kDefaults;
    if (key.works == Works::yes || value == kDefaults[key.name]) return;
    if (key.works == Works::never) {
      say(entry, Finding::note, "has no effect: " + clause(key.help));
    } else {
      say(entry, Finding::warning, "has no effect yet: " + clause(key.until));
    }
  }

  const IniSection& section_;
  Scope scope_;
  const Settings& outside_;
  std::vector<Finding>& findings_;
  Layer layer_;
};

}  // namespace

Layer read_layer(const IniSection& section, Scope scope, const Settings& outside, std::vector<Finding>& findings) {
  return Reader(section, scope, outside, findings).read();
}

void apply(const Layer& layer, int depth, Settings& settings, Places& places) {
  for (const auto& [name, written] : layer.keys) {
    settings.set(name, written.value ? *written.value : stand_in(*find_key(name), written.read, settings[name]));
    places[name] = {layer.section, written.line, depth, written.value.has_value()};
  }
}

}  // namespace bmsd
