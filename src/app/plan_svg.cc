#include "app/plan_svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <set>
#include <string_view>

namespace bmsd {
namespace {

// Pixels.
constexpr double kDrawingWidth = 1160, kLeft = 76, kRight = 196, kGap = 34, kLane = 24;
constexpr double kPlotWidth = kDrawingWidth - kLeft - kRight;
constexpr double kSeen = 1.2;    // narrower than that is not drawn by itself
constexpr double kLetter = 6.6;  // width of a letter, about

using Samples = std::vector<PlanSample>;
using ValueOf = std::function<double(const PlanSample&)>;

std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

std::string day_and_clock(double hour) {
  const auto minutes = static_cast<long>(std::lround(hour * 60));
  const long day = minutes / 1440;
  const std::string text = fmt::format("{:02}:{:02}", minutes / 60 % 24, minutes % 60);
  return day == 0 ? text : fmt::format("day {} {}", day + 1, text);
}

// 1, 2 or 5 times a power of ten, so that `span` has about `count` of them.
double nice_step(double span, double count) {
  const double raw = std::max(span, 1e-9) / count, power = std::pow(10, std::floor(std::log10(raw)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (raw <= factor * power) return factor * power;
  }
  return 10 * power;
}

struct Curve {
  std::string name;
  std::string color;
  std::string dash;  // empty: solid
  bool steps;        // changes at once; else drawn from point to point
  ValueOf value;
};

struct Panel {
  std::string title;  // with the unit
  double height;
  double least_span;  // of the scale
  std::vector<Curve> curves;
  bool band = false;  // fill between the first two curves
};

class Drawing {
 public:
  explicit Drawing(const Samples& samples)
      : samples_(samples), start_(samples.front().hour), end_(std::max(samples.back().hour, start_ + 1e-6)) {}

  void panel(const Panel& panel);
  // One rectangle for each stretch of the same text.
  void lane(const std::string& title, const std::function<std::string(const PlanSample&)>& text,
            const std::map<std::string, std::string>& colors);
  void time_axis();
  // What the colours of lanes mean, in one or more rows.
  void key(const std::string& title, const std::map<std::string, std::string>& colors);
  void background(const std::function<std::string(const PlanSample&)>& text,
                  const std::map<std::string, std::string>& colors, double from);

  std::string body;
  double y = 0;

 private:
  double x(double hour) const { return kLeft + (hour - start_) / (end_ - start_) * kPlotWidth; }
  double hours_per_tick() const;
  std::string path(const Curve& line, const std::function<double(double)>& height) const;
  void add(const std::string& text) { body += text + "\n"; }

  const Samples& samples_;
  double start_, end_;
};

double Drawing::hours_per_tick() const {
  for (const double step : {0.25, 0.5, 1.0, 2.0, 3.0, 6.0, 12.0, 24.0, 48.0}) {
    if ((end_ - start_) / step <= 13) return step;
  }
  return 24 * std::ceil((end_ - start_) / 24 / 13);
}

// Leaves out what is less than a third of a pixel away from where the line goes anyway.
std::string Drawing::path(const Curve& line, const std::function<double(double)>& height) const {
  std::string d;
  double last_x = -1e9, last_y = -1e9;
  for (const PlanSample& sample : samples_) {
    const double px = x(sample.hour), py = height(line.value(sample));
    const bool is_last = &sample == &samples_.back();
    if (!is_last && std::abs(py - last_y) < 0.3 && px - last_x < 6) continue;
    if (!is_last && px - last_x < 0.4 && std::abs(py - last_y) < 3) continue;
    if (d.empty()) {
      d = fmt::format("M{:.1f} {:.1f}", px, py);
    } else if (line.steps) {
      d += fmt::format("H{:.1f}V{:.1f}", px, py);
    } else {
      d += fmt::format("L{:.1f} {:.1f}", px, py);
    }
    last_x = px;
    last_y = py;
  }
  return d;
}

void Drawing::panel(const Panel& panel) {
  double low = std::numeric_limits<double>::max(), high = std::numeric_limits<double>::lowest();
  for (const Curve& line : panel.curves) {
    for (const PlanSample& sample : samples_) {
      low = std::min(low, line.value(sample));
      high = std::max(high, line.value(sample));
    }
  }
  const double more = std::max(panel.least_span - (high - low), 0.1 * (high - low)) / 2;
  low -= more;
  high += more;
  const double step = nice_step(high - low, 5);
  const double top = y, bottom = y + panel.height;
  const auto height = [=](double value) { return bottom - (value - low) / (high - low) * (bottom - top); };

  add(fmt::format(R"(<text class="title" x="{}" y="{:.1f}">{}</text>)", kLeft, top - 8, escaped(panel.title)));
  const int decimals = step >= 1 ? 0 : step >= 0.1 ? 1 : step >= 0.01 ? 2 : 3;
  for (double at = std::ceil(low / step) * step; at <= high; at += step) {
    const double tick = std::abs(at) < step / 1e6 ? 0 : at;
    add(fmt::format(R"(<path class="{}" d="M{} {:.1f}h{}"/><text class="tick" x="{}" y="{:.1f}">{:.{}f}</text>)",
                    tick == 0 ? "zero" : "grid", kLeft, height(tick), kPlotWidth, kLeft - 8, height(tick) + 4, tick,
                    decimals));
  }
  if (panel.band) {
    std::string back;
    for (auto sample = samples_.rbegin(); sample != samples_.rend(); ++sample) {
      if (back.empty() || sample == samples_.rend() - 1 || (samples_.rend() - sample) % 6 == 0) {
        back += fmt::format("L{:.1f} {:.1f}", x(sample->hour), height(panel.curves[1].value(*sample)));
      }
    }
    add(fmt::format(R"(<path fill="{}" fill-opacity="0.15" d="{}{}Z"/>)", panel.curves[0].color,
                    path(panel.curves[0], height), back));
  }
  double legend = top + 14;
  for (const Curve& line : panel.curves) {
    const std::string style = fmt::format(R"(fill="none" stroke="{}" stroke-width="1.8"{})", line.color,
                                          line.dash.empty() ? "" : fmt::format(R"( stroke-dasharray="{}")", line.dash));
    add(fmt::format(R"(<path {} stroke-linejoin="round" d="{}"/>)", style, path(line, height)));
    add(fmt::format(R"(<path {} d="M{} {:.1f}h28"/><text class="legend" x="{}" y="{:.1f}">{}</text>)", style,
                    kLeft + kPlotWidth + 14, legend - 4, kLeft + kPlotWidth + 48, legend, escaped(line.name)));
    legend += 20;
  }
  y = bottom + kGap;
}

struct Stretch {
  double from, to;  // hours
  std::string text;
};

// What is shorter than `least` hours (nobody can see it) belongs to what was before.
std::vector<Stretch> stretches(const Samples& samples, const std::function<std::string(const PlanSample&)>& text,
                               double least) {
  std::vector<Stretch> all;
  for (const PlanSample& sample : samples) {
    const std::string now = text(sample);
    if (!all.empty()) all.back().to = sample.hour;
    if (!all.empty() && all.back().text == now) continue;
    if (all.size() > 1 && all.back().to - all.back().from < least) {
      all.pop_back();
      all.back().to = sample.hour;
      if (all.back().text == now) continue;
    }
    all.push_back({sample.hour, sample.hour, now});
  }
  return all;
}

std::string color_of(const std::map<std::string, std::string>& colors, const std::string& text) {
  const auto found = colors.find(text);
  return found == colors.end() ? "#dddddd" : found->second;
}

void Drawing::background(const std::function<std::string(const PlanSample&)>& text,
                         const std::map<std::string, std::string>& colors, double from) {
  std::string bands;
  for (const Stretch& stretch : stretches(samples_, text, kSeen * (end_ - start_) / kPlotWidth)) {
    bands +=
        fmt::format(R"(<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" fill="{}" fill-opacity="0.35"/>)",
                    x(stretch.from), from, std::max(0.0, x(stretch.to) - x(stretch.from)), y - from,
                    color_of(colors, stretch.text)) +
        "\n";
  }
  body = bands + body;
}

void Drawing::lane(const std::string& title, const std::function<std::string(const PlanSample&)>& text,
                   const std::map<std::string, std::string>& colors) {
  add(fmt::format(R"(<text class="lane" x="{}" y="{:.1f}">{}</text>)", kLeft - 8, y + 16, escaped(title)));
  for (const Stretch& stretch : stretches(samples_, text, kSeen * (end_ - start_) / kPlotWidth)) {
    const double left = x(stretch.from), width = std::max(x(stretch.to) - left, 0.5);
    add(fmt::format(
        R"(<g><title>{}, {} to {}</title><rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{}" fill="{}"/>)",
        escaped(stretch.text), day_and_clock(stretch.from), day_and_clock(stretch.to), left, y, width, kLane - 2,
        color_of(colors, stretch.text)));
    if (static_cast<double>(stretch.text.size()) * kLetter + 8 < width) {
      add(fmt::format(R"(<text class="in" x="{:.1f}" y="{:.1f}">{}</text>)", left + width / 2, y + 15.5,
                      escaped(stretch.text)));
    }
    add("</g>");
  }
  y += kLane;
}

void Drawing::time_axis() {
  const double step = hours_per_tick();
  const bool days = step >= 24;
  for (double hour = std::ceil(start_ / step - 1e-9) * step; hour <= end_ + 1e-9; hour += step) {
    const std::string text =
        days ? fmt::format("day {:.0f}", std::floor(hour / 24) + 1)
        : std::abs(hour - end_) < 1e-3 && std::fmod(hour, 24) < 1e-6 && hour > 0
            ? std::string("24:00")
            : fmt::format("{:02}:{:02}", static_cast<int>(hour) % 24, static_cast<int>(std::lround(hour * 60)) % 60);
    add(fmt::format(R"(<path class="mark" d="M{:.1f} {:.1f}v6"/><text class="time" x="{:.1f}" y="{:.1f}">{}</text>)",
                    x(hour), y, x(hour), y + 20, text));
  }
  y += 26;
  add(fmt::format(R"(<text class="time" x="{:.1f}" y="{:.1f}">time of day</text>)", kLeft + kPlotWidth / 2, y + 12));
  y += 20;
}

void Drawing::key(const std::string& title, const std::map<std::string, std::string>& colors) {
  add(fmt::format(R"(<text x="{}" y="{:.1f}">{}</text>)", kLeft, y + 12, escaped(title)));
  double at = kLeft + 84;
  for (const auto& [text, color] : colors) {
    const double width = 34 + static_cast<double>(text.size()) * kLetter * 12 / 11;
    if (at + width > kDrawingWidth && at > kLeft + 84) {
      at = kLeft + 84;
      y += 20;
    }
    add(fmt::format(
        R"(<rect x="{:.1f}" y="{:.1f}" width="14" height="14" fill="{}" stroke="#777"/><text x="{:.1f}" y="{:.1f}">{}</text>)",
        at, y, color, at + 20, y + 12, escaped(text)));
    at += width;
  }
  y += 22;
}

// Colours of Okabe and Ito, which people who see colours differently can tell apart; pale ones behind text.
const std::map<std::string, std::string> kStageColors = {{"Bulk", "#fde3c0"},
                                                         {"Absorption", "#f9c6a5"},
                                                         {"Float Transition", "#d6ecd2"},
                                                         {"Float", "#bfe3dc"},
                                                         {"Keep always max voltage", "#e4e0f2"},
                                                         {"Error, please check the logs!", "#f4b6b6"}};
constexpr const char* kReasonColors[] = {"#a9d2ee", "#f3d98b", "#e8b9d4", "#b7dfb0", "#f2b59b", "#c9c4e6", "#d9d2b4"};

// The configured maximum is no limit worth a colour.
std::map<std::string, std::string> reason_colors(const Samples& samples) {
  std::map<std::string, std::string> colors;
  std::size_t next = 0;
  const auto learn = [&](const std::string& rule) {
    if (colors.count(rule) > 0) return;
    const bool free = rule.starts_with("Max Battery") || rule == "coming back";
    colors[rule] = rule == "coming back" ? "#cfcfcf"
                   : free                ? "#eeeeee"
                                         : kReasonColors[next++ % std::size(kReasonColors)];
  };
  for (const PlanSample& sample : samples) {
    learn(sample.charge_rule);
    learn(sample.discharge_rule);
  }
  return colors;
}

std::vector<Panel> panels() {
  const auto solid = [](std::string name, std::string color, ValueOf value) {
    return Curve{std::move(name), std::move(color), "", false, std::move(value)};
  };
  const auto limit = [](std::string name, std::string color, ValueOf value) {
    return Curve{std::move(name), std::move(color), "6 3", true, std::move(value)};
  };
  return {
      {"Voltage of the battery (V)",
       150,
       1,
       {limit("CVL", "#d55e00", [](const PlanSample& s) { return s.cvl; }),
        solid("battery", "#0072b2", [](const PlanSample& s) { return s.voltage; })}},
      {"Cells (V)",
       130,
       0.05,
       {solid("highest cell", "#cc79a7", [](const PlanSample& s) { return s.highest_cell; }),
        solid("lowest cell", "#56b4e9", [](const PlanSample& s) { return s.lowest_cell; })},
       true},
      {"Current (A, charging is positive)",
       170,
       10,
       {limit("CCL", "#d55e00", [](const PlanSample& s) { return s.ccl; }),
        solid("battery", "#0072b2", [](const PlanSample& s) { return s.current; }),
        Curve{"DCL, downwards", "#009e73", "2 3", true, [](const PlanSample& s) { return -s.dcl; }}}},
      {"Power (kW)",
       110,
       1,
       {solid("sun", "#e69f00", [](const PlanSample& s) { return s.flow.pv / 1000; }),
        Curve{"house", "#555555", "4 2", false, [](const PlanSample& s) { return s.flow.load / 1000; }}}},
      {"State of charge (%)", 90, 10, {solid("as published", "#0072b2", [](const PlanSample& s) { return s.soc; })}},
  };
}

}  // namespace

std::string plan_svg(const PlanDay& day, const std::string& heading, const std::string& summary) {
  if (day.samples.empty()) return "";
  Drawing drawing(day.samples);
  const auto stage = [](const PlanSample& sample) { return stage_of(sample.mode); };
  drawing.y = 48;
  const double top = drawing.y;
  drawing.lane("stage", stage, kStageColors);
  drawing.y += kGap;
  for (const Panel& panel : panels()) drawing.panel(panel);
  drawing.y -= kGap - 10;
  drawing.background(stage, kStageColors, top);
  const auto colors = reason_colors(day.samples);
  drawing.lane(
      "CCL by", [](const PlanSample& sample) { return sample.charge_rule; }, colors);
  drawing.lane(
      "DCL by", [](const PlanSample& sample) { return sample.discharge_rule; }, colors);
  drawing.time_axis();
  std::map<std::string, std::string> stages;
  for (const PlanShare& share : day.modes) stages[share.what] = color_of(kStageColors, share.what);
  drawing.key("Stages:", stages);
  drawing.key("Limited by:", colors);
  const double height = drawing.y + 12;
  return fmt::format(
      R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {1:.0f}" width="{0}" height="{1:.0f}" role="img" aria-labelledby="title summary">
<title id="title">{2}</title>
<desc id="summary">{3}</desc>
<style>
text {{ font: 12px "DejaVu Sans", Verdana, sans-serif; fill: #222; }}
.heading {{ font-size: 16px; font-weight: bold; }}
.title {{ font-weight: bold; }}
.tick, .lane {{ text-anchor: end; }}
.time, .in {{ text-anchor: middle; }}
.in {{ font-size: 11px; }}
.grid {{ stroke: #000; stroke-opacity: 0.10; }}
.zero {{ stroke: #000; stroke-opacity: 0.45; }}
.mark {{ stroke: #222; }}
</style>
<rect width="100%" height="100%" fill="#fff"/>
<text class="heading" x="{4}" y="28">{2}</text>
{5}</svg>
)",
      kDrawingWidth, height, escaped(heading), escaped(summary), kLeft, drawing.body);
}

}  // namespace bmsd
