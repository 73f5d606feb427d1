#include "model/report/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace millpond::model {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(PageTest, IsSelfContained) {
  Page page("churn", "a run");
  page.Section("Model", "model");
  page.AddChart({"c", "x", "y", {{"s", {{0, 1}}}}, {}});
  std::string html = page.Render();
  EXPECT_THAT(html, HasSubstr("uPlot"));
  EXPECT_THAT(html, HasSubstr("<a href=\"#model\">Model</a>"));
  EXPECT_THAT(html, Not(HasSubstr("src=\"http")));
}

TEST(PageTest, EscapesTexts) {
  Page page("a<b", "");
  page.Paragraph("<script>alert(1)</script>");
  page.AddChart({"</script>", "x", "y", {{"s", {{0, 1}}}}, {}});
  std::string html = page.Render();
  EXPECT_THAT(html, Not(HasSubstr("<script>alert")));
  EXPECT_THAT(html, Not(HasSubstr("\"</script>\"")));
}

TEST(PageTest, ForbidsAllButItsOwnScriptAndStyle) {
  Page page("t", "now");
  EXPECT_THAT(page.SecurityPolicy(), HasSubstr("script-src 'none'"));
  EXPECT_THAT(page.Render(), Not(HasSubstr("<script")));
  page.AddChart({"c", "x", "y", {{"s", {{0, 1}}}}, {}});
  EXPECT_THAT(page.SecurityPolicy(), HasSubstr("script-src 'sha256-"));
  EXPECT_THAT(page.Render(), HasSubstr(page.SecurityPolicy()));
}

TEST(PageTest, TablesHaveCaptionsAndLinks) {
  Page page("t", "");
  page.Table({{"a"}, {{"x<y"}}, "c&d", {"/tables/x%3Cy"}});
  EXPECT_THAT(page.Render(), HasSubstr("<caption><span>c&amp;d</span></caption>"));
  EXPECT_THAT(page.Render(), HasSubstr("<a href=\"/tables/x%3Cy\">x&lt;y</a>"));
}

TEST(PageTest, JoinsSeriesOverTheUnionOfX) {
  Page page("t", "");
  page.AddChart({"c", "x", "y", {{"a", {{0, 1}, {2, 3}}}, {"b", {{1, std::nan("")}}}}, {}});
  EXPECT_THAT(page.Render(), HasSubstr("[[0.0,1.0,2.0],[1.0,null,3.0],[null,null,null]]"));
}

TEST(PageTest, AFileKnowsWhetherItShowsTheSame) {
  const auto made = [](const std::string& subtitle, const std::string& text) {
    Page page("t", subtitle);
    page.Paragraph(text);
    return page;
  };
  const std::string html = made("at noon", "a").Render();
  EXPECT_TRUE(made("at noon", "a").IsShownBy(html));
  EXPECT_TRUE(made("at night", "a").IsShownBy(html));
  EXPECT_FALSE(made("at noon", "b").IsShownBy(html));
  EXPECT_FALSE(made("at noon", "a").IsShownBy("<html></html>"));
}

TEST(PageTest, NumbersThatAreNoneShowADash) {
  EXPECT_EQ(FormatNumber(std::nan("")), "-");
  EXPECT_EQ(FormatNumber(0.12345), "0.123");
}

}  // namespace
}  // namespace millpond::model
