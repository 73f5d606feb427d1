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

}  // namespace millpond::model
