// The sections of the page at /, each from what one part of the server says at this moment.
#pragma once

#include <string>

#include "app/home_page.h"
#include "model/report/page.h"

namespace millpond::app {

// What is wrong now, first thing on the page; or that nothing is.
void AddProblems(model::Page& page, const HomePageParts& parts);
void AddEndpoints(model::Page& page, const HomePageParts& parts);
Status AddModels(model::Page& page, const HomePageParts& parts);
Status AddMonitoring(model::Page& page, const HomePageParts& parts);
Status AddJobs(model::Page& page, const HomePageParts& parts);
Status AddRuns(model::Page& page, const HomePageParts& parts);
Status AddTables(model::Page& page, const HomePageParts& parts);
void AddFlows(model::Page& page, const HomePageParts& parts);

// GET /tables/NAME: columns and history of one table, as a page.
Result<HttpResponse> TablePage(const HomePageParts& parts, const HttpRequest& request);

// A page as an answer, with the policy that stands in it as a header too.
HttpResponse PageResponse(const model::Page& page);

// "1998-07-01T00:00:00Z"; "-" for none.
std::string Moment(Micros at);

}  // namespace millpond::app
