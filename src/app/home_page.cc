#include "app/home_page.h"

#include "app/home_sections.h"

namespace millpond::app {
namespace {

Result<HttpResponse> Render(const HomePageParts& parts) {
  model::Page page(parts.project.config().name, fmt::format("Millpond at {} on the project's clock",
                                                            Moment(parts.project.now())));
  AddProblems(page, parts);
  AddEndpoints(page, parts);
  MP_RETURN_IF_ERROR(AddModels(page, parts));
  MP_RETURN_IF_ERROR(AddMonitoring(page, parts));
  MP_RETURN_IF_ERROR(AddJobs(page, parts));
  MP_RETURN_IF_ERROR(AddRuns(page, parts));
  MP_RETURN_IF_ERROR(AddTables(page, parts));
  AddFlows(page, parts);
  page.Links(
      {{"report of the last run", "/report"}, {"metrics", "/metrics"}, {"API", "/openapi.json"}});
  return PageResponse(page);
}

Result<HttpResponse> Report(const HomePageParts& parts) {
  HttpResponse response;
  response.content_type = "text/html; charset=utf-8";
  response.body_file = parts.project.StatePathOf("report.html");
  MP_ASSIGN_OR_RETURN(bool there, parts.project.env().fs.Exists(response.body_file));
  if (!there) {
    model::Page page("No report yet", parts.project.config().name);
    page.Links({{"all of the project", "/"}});
    page.Paragraph(
        fmt::format("millpond run --project {} writes one.", parts.project.config().project_dir));
    response = PageResponse(page);
    response.status = 404;
    return response;
  }
  // What the page may load stands in the page itself, which says it by the hashes of its own parts.
  response.headers.Add("Content-Security-Policy", "frame-ancestors 'none'");
  return response;
}

}  // namespace

std::string Moment(Micros at) {
  return at == 0 ? "-" : FormatTimestamp(at).substr(0, 19) + "Z";
}

HttpResponse PageResponse(const model::Page& page) {
  HttpResponse response = TextResponse(page.Render());
  response.content_type = "text/html; charset=utf-8";
  response.headers.Add("Content-Security-Policy",
                       page.SecurityPolicy() + "; frame-ancestors 'none'");
  response.headers.Add("Referrer-Policy", "no-referrer");
  return response;
}

void AddHomePage(Router& router, HomePageParts parts) {
  router.Add({.pattern = "/",
              .handler = [parts](const HttpRequest&) { return Render(parts); },
              .doc = {.summary = "The project at a glance, as a page", .tag = "pages"}});
  router.Add({.pattern = "/report",
              .handler = [parts](const HttpRequest&) { return Report(parts); },
              .doc = {.summary = "The report of the last run, as a page", .tag = "pages"}});
  router.Add({.pattern = "/tables/{name}",
              .handler = [parts](const HttpRequest& request) { return TablePage(parts, request); },
              .doc = {.summary = "Columns and history of a table, as a page", .tag = "pages"}});
}

}  // namespace millpond::app
