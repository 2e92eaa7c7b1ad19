#include "train/tune/tune_event.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>

namespace zubr::train {
namespace {

namespace json = boost::json;

constexpr std::array kNames = {"start", "step", "eval", "saved", "early", "done", "failed"};

struct Frame {
  double steps = 1, low = 0, high = 1;
  double x(double step) const { return 60 + 700 * step / steps; }
  double y(double loss) const { return 20 + 300 * (high - std::clamp(loss, low, high)) / (high - low); }
};

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<')
      out += "&lt;";
    else if (c == '&')
      out += "&amp;";
    else
      out += c;
  }
  return out;
}

std::string curve(const std::vector<TuneEvent>& events, TuneEvent::Kind kind, const Frame& frame, const char* color) {
  std::string points;
  for (const TuneEvent& event : events)
    if (event.kind == kind && std::isfinite(event.loss))
      points += fmt::format("{:.1f},{:.1f} ", frame.x(static_cast<double>(event.step)), frame.y(event.loss));
  if (points.empty()) return {};
  return fmt::format("<polyline fill=\"none\" stroke=\"{}\" stroke-width=\"1.5\" points=\"{}\"/>\n", color, points);
}

}  // namespace

std::string event_line(const TuneEvent& e) {
  json::object o = {{"event", kNames[static_cast<std::size_t>(e.kind)]}, {"step", e.step}};
  if (e.steps) o["steps"] = e.steps;
  if (e.parameters) o["parameters"] = e.parameters;
  if (e.tokens) o["tokens"] = e.tokens;
  if (e.loss != 0 && std::isfinite(e.loss)) o["loss"] = e.loss;
  if (e.rate != 0) o["rate"] = e.rate;
  if (e.tokens_per_second != 0) o["tokens_per_second"] = e.tokens_per_second;
  if (e.best) o["best"] = true;
  if (!e.code.empty()) o["code"] = e.code;
  if (!e.text.empty()) o["text"] = e.text;
  return json::serialize(o) + "\n";
}

Result<TuneEvent> parse_event(std::string_view line) {
  boost::system::error_code error;
  const json::value value = json::parse(json::string_view(line.data(), line.size()), error);
  const auto* o = error ? nullptr : value.if_object();
  const auto* name = o ? o->if_contains("event") : nullptr;
  const auto* text = name ? name->if_string() : nullptr;
  const auto kind = text ? std::ranges::find(kNames, std::string_view(*text)) : kNames.end();
  if (kind == kNames.end()) return fail(ErrorCode::kCorrupt, "the trainer said something that is no event");
  TuneEvent e;
  e.kind = static_cast<TuneEvent::Kind>(kind - kNames.begin());
  const auto number = [&](const char* key, auto& to) {
    if (const auto* v = o->if_contains(key); v && v->is_number())
      to = v->to_number<std::remove_reference_t<decltype(to)>>(error);
  };
  number("step", e.step);
  number("steps", e.steps);
  number("parameters", e.parameters);
  number("tokens", e.tokens);
  number("loss", e.loss);
  number("rate", e.rate);
  number("tokens_per_second", e.tokens_per_second);
  const auto word = [&](const char* key, std::string& to) {
    if (const auto* v = o->if_contains(key); v && v->is_string()) to = std::string(v->get_string());
  };
  word("code", e.code);
  word("text", e.text);
  e.best = o->contains("best");
  return e;
}

std::string loss_plot(const std::vector<TuneEvent>& events, std::string_view title) {
  Frame frame;
  frame.high = 0;
  for (const TuneEvent& event : events) {
    frame.steps = std::max(frame.steps, static_cast<double>(event.step));
    const bool has_loss = event.kind == TuneEvent::Kind::kStep || event.kind == TuneEvent::Kind::kEval;
    if (has_loss && std::isfinite(event.loss)) frame.high = std::max(frame.high, event.loss);
  }
  if (frame.high <= 0) frame.high = 1;
  std::string svg =
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 800 370\" font-family=\"sans-serif\" font-size=\"12\">\n"
      "<rect width=\"800\" height=\"370\" fill=\"white\"/>\n";
  for (int i = 0; i <= 4; ++i) {
    const double loss = frame.low + (frame.high - frame.low) * i / 4;
    svg += fmt::format(
        "<line x1=\"60\" x2=\"760\" y1=\"{0:.1f}\" y2=\"{0:.1f}\" stroke=\"#ddd\"/>"
        "<text x=\"52\" y=\"{1:.1f}\" text-anchor=\"end\">{2:.3g}</text>\n",
        frame.y(loss), frame.y(loss) + 4, loss);
  }
  svg +=
      curve(events, TuneEvent::Kind::kStep, frame, "#1f77b4") + curve(events, TuneEvent::Kind::kEval, frame, "#d62728");
  svg += fmt::format(
      "<text x=\"60\" y=\"340\">0</text><text x=\"760\" y=\"340\" text-anchor=\"end\">{:.0f}</text>\n"
      "<text x=\"60\" y=\"360\">{}</text><text x=\"500\" y=\"360\" fill=\"#1f77b4\">training loss</text>"
      "<text x=\"620\" y=\"360\" fill=\"#d62728\">validation loss</text>\n</svg>\n",
      frame.steps, escaped(title));
  return svg;
}

}  // namespace zubr::train
