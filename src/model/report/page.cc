#include "model/report/page.h"

#include <fmt/format.h>

#include <cmath>
#include <map>

#include "base/json.h"
#include "base/sha256.h"

namespace millpond::embedded {
extern const std::string_view kUplotScript;
extern const std::string_view kUplotStyle;
extern const std::string_view kReportScript;
extern const std::string_view kReportStyle;
}  // namespace millpond::embedded

namespace millpond::model {
namespace {

std::string Escape(std::string_view text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string_view StyleName(ChartSeries::Style style) {
  switch (style) {
    case ChartSeries::Style::kLine:
      return "line";
    case ChartSeries::Style::kDashed:
      return "dashed";
    case ChartSeries::Style::kPoints:
      return "points";
    case ChartSeries::Style::kBars:
      return "bars";
  }
  return "line";
}

Json NumberOrNull(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

// uPlot wants one x column for all series: the union of all x, with gaps that it spans.
Json ChartJson(const Chart& chart) {
  std::map<double, size_t> position;
  for (const auto& series : chart.series) {
    for (const auto& [x, y] : series.points) position.emplace(x, 0);
  }
  Json xs = Json::array();
  for (auto& [x, index] : position) {
    index = xs.size();
    xs.push_back(x);
  }
  Json data = Json::array({xs}), names = Json::array(), styles = Json::array();
  for (const auto& series : chart.series) {
    Json ys(std::vector<Json>(xs.size(), nullptr));
    for (const auto& [x, y] : series.points) ys[position[x]] = NumberOrNull(y);
    data.push_back(std::move(ys));
    names.push_back(series.name);
    styles.push_back(StyleName(series.style));
  }
  return {{"title", chart.title}, {"x", chart.x_label}, {"y", chart.y_label},     {"data", data},
          {"names", names},       {"styles", styles},   {"xNames", chart.x_names}};
}

// A script element ends at "</", whatever the string around it.
std::string ScriptSafe(std::string json) {
  for (size_t at = 0; (at = json.find("</", at)) != std::string::npos; at += 3) {
    json.replace(at, 2, "<\\/");
  }
  return json;
}

// "sha256-…", by which a policy names an inline script or style.
std::string HashSource(std::string_view text) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  Sha256 hash;
  hash.Update(text);
  const auto digest = hash.Digest();
  std::string base64;
  for (size_t i = 0; i < digest.size(); i += 3) {
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k) group = group << 8 | (i + k < digest.size() ? digest[i + k] : 0);
    for (int shift = 18; shift >= 0; shift -= 6) base64 += kDigits[group >> shift & 63];
  }
  base64.back() = '=';  // 32 bytes: the last group is one short
  return "sha256-" + base64;
}

}  // namespace

Page::Page(std::string title, std::string subtitle)
    : title_(std::move(title)), subtitle_(std::move(subtitle)) {}

void Page::Section(std::string_view heading, std::string_view anchor) {
  contents_ += fmt::format("<a href=\"#{}\">{}</a>\n", Escape(anchor), Escape(heading));
  body_ += fmt::format("<h2 id=\"{}\">{}</h2>\n", Escape(anchor), Escape(heading));
}

void Page::Links(const std::vector<std::pair<std::string, std::string>>& links) {
  for (const auto& [text, address] : links) {
    contents_ += fmt::format("<a href=\"{}\">{}</a>\n", Escape(address), Escape(text));
  }
}

void Page::Heading(std::string_view text) {
  body_ += fmt::format("<h3>{}</h3>\n", Escape(text));
}

void Page::Paragraph(std::string_view text) {
  body_ += fmt::format("<p>{}</p>\n", Escape(text));
}

void Page::Verdict(std::string_view text, bool good) {
  body_ += fmt::format("<p class=\"verdict {}\">{}</p>\n", good ? "good" : "mind", Escape(text));
}

void Page::Table(const ReportTable& table) {
  body_ += "<div class=\"scroll\" tabindex=\"0\"><table>";
  if (!table.caption.empty())
    body_ += fmt::format("<caption><span>{}</span></caption>", Escape(table.caption));
  body_ += "<thead><tr>";
  for (const auto& cell : table.header) {
    body_ += fmt::format("<th scope=\"col\">{}</th>", Escape(cell));
  }
  body_ += "</tr></thead><tbody>\n";
  for (size_t row = 0; row < table.rows.size(); ++row) {
    body_ += "<tr>";
    const auto& cells = table.rows[row];
    for (size_t i = 0; i < cells.size(); ++i) {
      std::string text = Escape(cells[i]);
      if (i == 0 && row < table.links.size()) {
        text = fmt::format("<a href=\"{}\">{}</a>", Escape(table.links[row]), text);
      }
      body_ += fmt::format("<td>{}</td>", text);
    }
    body_ += "</tr>\n";
  }
  body_ += "</tbody></table></div>\n";
}

void Page::AddChart(const Chart& chart) {
  body_ += fmt::format(
      "<figure class=\"chart\" data-chart=\"{0}\" role=\"img\" aria-label=\"{1}\"><noscript>{1}: a "
      "picture that needs scripts</noscript></figure>\n",
      charts_.size(), Escape(chart.title));
  charts_.push_back(DumpJson(ChartJson(chart)));
}

void Page::BeginDetails(std::string_view summary) {
  body_ += fmt::format("<details><summary>{}</summary>\n", Escape(summary));
}

void Page::EndDetails() {
  body_ += "</details>\n";
}

std::string Page::Mark() const {
  return fmt::format("<meta name=\"millpond-fingerprint\" content=\"{}\">\n",
                     Sha256::Hex(RenderWith("", "")));
}

std::string Page::Render() const {
  return RenderWith(subtitle_, Mark());
}

bool Page::IsShownBy(std::string_view html) const {
  return html.find(Mark()) != std::string_view::npos;
}

std::string Page::Style() const {
  return fmt::format("{}\n{}", charts_.empty() ? "" : embedded::kUplotStyle,
                     embedded::kReportStyle);
}

std::string Page::Script() const {
  if (charts_.empty()) return "";
  std::string charts;
  for (const auto& chart : charts_) charts += (charts.empty() ? "" : ",\n") + chart;
  return fmt::format("{}\nconst charts = [{}];\n{}", embedded::kUplotScript, ScriptSafe(charts),
                     embedded::kReportScript);
}

std::string Page::SecurityPolicy() const {
  const std::string script = Script();
  return fmt::format(
      "default-src 'none'; style-src '{}'; script-src {}; img-src data:; base-uri 'none'; "
      "form-action 'none'",
      HashSource(Style()), script.empty() ? "'none'" : "'" + HashSource(script) + "'");
}

std::string Page::RenderWith(std::string_view subtitle, std::string_view mark) const {
  std::string script = Script();
  if (!script.empty()) script = "<script>" + script + "</script>\n";
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<link rel=\"icon\" href=\"data:,\">\n{}"
      "<title>{}</title>\n<style>{}</style></head>\n<body>\n<header><h1>{}</h1><p>{}</p>"
      "<nav aria-label=\"Contents\">{}</nav></header>\n<main>\n{}</main>\n{}</body></html>\n",
      SecurityPolicy(), mark, Escape(title_), Style(), Escape(title_), Escape(subtitle), contents_,
      body_, script);
}

std::string FormatNumber(double value, int decimals) {
  return std::isfinite(value) ? fmt::format("{:.{}f}", value, decimals) : "-";
}

}  // namespace millpond::model
