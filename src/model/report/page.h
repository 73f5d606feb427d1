// One self-contained HTML page: headings, sentences, tables and charts, no file beside it and no
// network. Charts are drawn in the browser by uPlot, whose script is part of the page; without
// scripts the tables still say everything. All texts are escaped; NaN shows as "-". The page itself
// forbids the browser every script, style and address but its own (Content-Security-Policy).
//
// A page carries the fingerprint of all it shows but its subtitle (which may hold a time), so that
// a file can be asked whether it shows the same.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millpond::model {

struct ChartSeries {
  enum class Style { kLine, kDashed, kPoints, kBars };
  std::string name;
  std::vector<std::pair<double, double>> points;  // x ascending
  Style style = Style::kLine;
};

struct Chart {
  std::string title;
  std::string x_label, y_label;
  std::vector<ChartSeries> series;
  // Names of x = 0, 1, 2, … (categories or bins); empty: x is a number.
  std::vector<std::string> x_names;
};

// The first column is text and names its row, the others are numbers (right-aligned).
struct ReportTable {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
  std::string caption = {};             // what the table says, for those who do not see the page
  std::vector<std::string> links = {};  // addresses of the rows' names; none, or one a row
};

class Page {
 public:
  Page(std::string title, std::string subtitle);

  void Section(std::string_view heading, std::string_view anchor);  // also an entry of the contents
  // A line of links, {text, address}, below the title.
  void Links(const std::vector<std::pair<std::string, std::string>>& links);
  void Heading(std::string_view text);
  void Paragraph(std::string_view text);
  // A sentence that must not be overlooked: `good` green, otherwise amber.
  void Verdict(std::string_view text, bool good);
  void Table(const ReportTable& table);
  // Charts given one after another stand side by side where there is room.
  void AddChart(const Chart& chart);

  // What follows is folded away until somebody opens it.
  void BeginDetails(std::string_view summary);
  void EndDetails();

  std::string Render() const;
  // What the page asks of the browser: the policy that stands in Render's page, as a header's
  // value.
  std::string SecurityPolicy() const;
  bool IsShownBy(std::string_view html) const;  // a file that Render made, earlier

 private:
  std::string RenderWith(std::string_view subtitle, std::string_view mark) const;
  std::string Mark() const;   // the fingerprint, as an element of the head
  std::string Style() const;  // what stands in the page's style and script elements
  std::string Script() const;

  std::string title_, subtitle_;
  std::string contents_, body_;
  std::vector<std::string> charts_;  // JSON for the script
};

// "0.712"; "-" for NaN.
std::string FormatNumber(double value, int decimals = 3);

}  // namespace millpond::model
