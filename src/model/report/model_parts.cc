#include "model/report/model_parts_internal.h"

#include "model/report/document_values_internal.h"

namespace millpond::model {

void AddAction(Page& page, const Json& action) {
  if (!action.is_object()) return;
  page.Heading(fmt::format("What the action is worth, on the test split ({} periods)",
                           CountOf(action, "periods")));
  page.Paragraph(TextOf(action, "assumes"));
  ReportTable table{{"chosen by", "contacts", "successes (observed)", "successes (expected)",
                     "net value (observed)", "net value (expected)"},
                    {}};
  for (const Json& rule : Member(action, "rules")) {
    table.rows.push_back({TextOf(rule, "rule"), FormatNumber(NumberOf(rule, "contacts"), 0),
                          FormatNumber(NumberOf(rule, "successes"), 1),
                          FormatNumber(NumberOf(rule, "expected_successes"), 1),
                          FormatNumber(NumberOf(rule, "net_value"), 2),
                          FormatNumber(NumberOf(rule, "expected_net_value"), 2)});
  }
  page.Table(table);
  if (!Member(action, "break_even_probability").is_number()) return;
  page.Paragraph(fmt::format(
      "A contact pays from a probability of {} on; {} of the model's contacts lie below it.",
      FormatNumber(NumberOf(action, "break_even_probability")),
      FormatNumber(NumberOf(action, "losing_contacts"), 0)));
}

void AddLeakCheck(Page& page, const Json& leak_check) {
  if (!leak_check.is_object()) return;
  page.Heading("Leak check");
  const Json& passed = Member(leak_check, "passed");
  page.Paragraph(fmt::format(
      "{}: the features of {} label rows at {} moments T were computed again from sources cut at "
      "T, "
      "and did not differ by a bit. No training label was known later than the training cut-off.",
      passed.is_boolean() && passed.get<bool>() ? "Passed" : "NOT passed",
      CountOf(leak_check, "rows_recomputed"), CountOf(leak_check, "moments_recomputed")));
  for (const Json& view : Member(leak_check, "accepted_restatements")) {
    page.Verdict(fmt::format("Accepted by name: view {} reads {}, whose history is rewritten ({}).",
                             TextOf(view, "view"), TextOf(view, "source"), TextOf(view, "why")),
                 false);
  }
  const Json& changes = Member(leak_check, "changes_at_label_time");
  if (!changes.is_array() || changes.empty()) {
    page.Paragraph(
        "No feature changes between T and the moment the label is known in a way that "
        "tells the labels apart.");
    return;
  }
  page.Paragraph(
      "These features change between T and the moment the label is known for the rows of one "
      "label, "
      "and not of the other. That is expected where label and features read the same events. It "
      "also "
      "says that a KNOWN AT that claims too early a moment would give the label away.");
  ReportTable table{{"feature", "changed, label positive", "changed, label negative"}, {}};
  for (const Json& change : changes) {
    table.rows.push_back({TextOf(change, "feature"), FormatNumber(NumberOf(change, "positives")),
                          FormatNumber(NumberOf(change, "negatives"))});
  }
  page.Table(table);
}

}  // namespace millpond::model
