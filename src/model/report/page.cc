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
  body_ += "<div class=\"scroll\"><table><thead><tr>";
  for (const auto& cell : table.header) body_ += fmt::format("<th>{}</th>", Escape(cell));
  body_ += "</tr></thead><tbody>\n";
  for (const auto& row : table.rows) {
    body_ += "<tr>";
    for (const auto& cell : row) body_ += fmt::format("<td>{}</td>", Escape(cell));
    body_ += "</tr>\n";
  }
  body_ += "</tbody></table></div>\n";
}

void Page::AddChart(const Chart& chart) {
  body_ += fmt::format("<figure class=\"chart\" data-chart=\"{}\" aria-label=\"{}\"></figure>\n",
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

std::string Page::RenderWith(std::string_view subtitle, std::string_view mark) const {
  std::string charts;
  for (const auto& chart : charts_) charts += (charts.empty() ? "" : ",\n") + chart;
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n{}"
      "<title>{}</title>\n<style>{}\n{}</style></head>\n<body>\n<header><h1>{}</h1><p>{}</p>"
      "<nav>{}</nav></header>\n<main>\n{}</main>\n<script>{}</script>\n"
      "<script>const charts = [{}];\n{}</script>\n</body></html>\n",
      mark, Escape(title_), embedded::kUplotStyle, embedded::kReportStyle, Escape(title_),
      Escape(subtitle), contents_, body_, embedded::kUplotScript, ScriptSafe(charts),
      embedded::kReportScript);
}

std::string FormatNumber(double value, int decimals) {
  return std::isfinite(value) ? fmt::format("{:.{}f}", value, decimals) : "-";
}

}  // namespace millpond::model
