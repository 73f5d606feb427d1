#include "data/sql/tokenizer.h"

#include "base/testing/result_matchers.h"
#include "data/sql/statement.h"

namespace millpond::data {
namespace {

using ::millpond::testing::FailsWith;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> Texts(std::string text) {
  const SourceText source("q.sql", std::move(text));
  auto tokens = Tokenize(source);
  std::vector<std::string> out;
  if (!tokens) return {tokens.error().ToString()};
  for (const Token& token : *tokens) out.emplace_back(token.text);
  return out;
}

std::string ValueOf(std::string text) {
  const SourceText source("q.sql", std::move(text));
  return Tokenize(source).value().at(0).Value();
}

TEST(Tokenizer, CutsWordsNumbersAndOperators) {
  EXPECT_THAT(Texts("a<=>1.5e-3||.5::INT"),
              ElementsAre("a", "<=>", "1.5e-3", "||", ".5", "::", "INT"));
  EXPECT_THAT(Texts("t@v3 x=>1_000 0xFF $1 ?"),
              ElementsAre("t", "@", "v3", "x", "=>", "1_000", "0xFF", "$1", "?"));
  EXPECT_THAT(Texts("größe - 1"), ElementsAre("größe", "-", "1"));
}

TEST(Tokenizer, DropsCommentsAlsoNestedOnes) {
  EXPECT_THAT(Texts("a -- ; 'x\nb /* 1 /* ' */ ; */ c"), ElementsAre("a", "b", "c"));
}

TEST(Tokenizer, KeepsQuotedTextWhole) {
  EXPECT_THAT(Texts("'a;''b' \"c;\"\"d\" `e``;` $$f;'$$ $x$ $$ $x$ E'g\\';'"),
              ElementsAre("'a;''b'", "\"c;\"\"d\"", "`e``;`", "$$f;'$$", "$x$ $$ $x$", "E'g\\';'"));
  EXPECT_EQ(ValueOf("'a''b'"), "a'b");
  EXPECT_EQ(ValueOf("`a``b`"), "a`b");
  EXPECT_EQ(ValueOf("\"a\"\"b\""), "a\"b");
  EXPECT_EQ(ValueOf("E'a\\n\\'b'"), "a\n'b");
  EXPECT_EQ(ValueOf("$x$a$$b$x$"), "a$$b");
}

TEST(Tokenizer, NamesThePlaceOfWhatIsNotClosed) {
  const auto error = [](std::string text) {
    return Tokenize(SourceText("q.sql", std::move(text)));
  };
  EXPECT_THAT(error("a\n  'b"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("q.sql:2:3: this string is not")));
  EXPECT_THAT(error("/* a"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("1:1: this comment")));
  EXPECT_THAT(error("ü `a"), FailsWith(ErrorKind::kInvalidArgument, HasSubstr("q.sql:1:3")));
  EXPECT_THAT(error("$x$ a"), FailsWith(ErrorKind::kInvalidArgument, HasSubstr("add $x$")));
  EXPECT_THAT(error("E'a\\"), FailsWith(ErrorKind::kInvalidArgument, HasSubstr("q.sql:1:2")));
}

TEST(Statements, AreCutAtSemicolonsOutsideQuotes) {
  const SourceText source("q.sql", ";; SELECT ';' ; \n -- end; \n CREATE FEATURE view x;");
  MP_ASSERT_OK_AND_ASSIGN(const auto statements, SplitStatements(source));
  ASSERT_EQ(statements.size(), 2u);
  EXPECT_EQ(statements[0].text, "SELECT ';'");
  EXPECT_EQ(statements[1].text, "CREATE FEATURE view x");
  EXPECT_TRUE(statements[1].StartsWith({"CREATE", "FEATURE", "VIEW"}));
  EXPECT_FALSE(statements[0].StartsWith({"SELECT", "X"}));
}

}  // namespace
}  // namespace millpond::data
