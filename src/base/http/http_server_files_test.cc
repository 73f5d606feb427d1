// Bodies that come from files and go to files.
#include <filesystem>
#include <fstream>

#include "base/http/http_server_test_client.h"

namespace millpond {
namespace {

using testing::Eventually;
using testing::Get;
using ::testing::HasSubstr;
using testing::RawAnswer;
using testing::RawClient;

class HttpServerFilesTest : public testing::HttpServerTest {};

TEST_F(HttpServerFilesTest, SendsFilesOfAnySize) {
  std::ofstream(dir_ / "empty");
  Handle("GET", "/files/{name}", [&](const HttpRequest& request) -> Result<HttpResponse> {
    return HttpResponse{.body_file = dir_ / request.Parameter("name")};
  });
  Start();
  RawClient client(server_->port());
  EXPECT_EQ(client.Ask(Get("/files/empty")).headers.Get("Content-Length"), "0");
  RawAnswer missing = client.Ask(Get("/files/missing"));
  EXPECT_EQ(missing.status, 404);
  EXPECT_THAT(missing.body, HasSubstr("RESOURCE_DOES_NOT_EXIST"));
  EXPECT_EQ(client.Ask(Get("/inline")).body, "inline");
}

TEST_F(HttpServerFilesTest, KeepsLargeBodiesInFilesWhileTheyAreNeeded) {
  auto read = [](const std::string& path) {
    std::ifstream file(path);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  router_.Add({.method = "PUT",
               .pattern = "/spool/{name}",
               .handler = [&](const HttpRequest& request) -> Result<HttpResponse> {
                 EXPECT_EQ(request.body, "");
                 if (request.Parameter("name") != "-") {
                   std::filesystem::rename(request.body_file, dir_ / request.Parameter("name"));
                 }
                 return TextResponse(request.Parameter("name") == "-" ? read(request.body_file)
                                                                      : request.body_file);
               },
               .max_body_bytes = 10'000'000,
               .spool_body = true});
  std::filesystem::create_directory(options_.spool_dir);
  std::ofstream(options_.spool_dir + "/request-body-left-by-a-kill") << "x";
  Start();
  auto left = [&] {
    return std::distance(std::filesystem::directory_iterator(options_.spool_dir), {});
  };
  EXPECT_EQ(left(), 0);
  std::string body;
  for (int i = 0; body.size() < 3'000'000; ++i) body += std::to_string(i) + ",";
  auto put = [](std::string_view path, std::string_view text) {
    return fmt::format("PUT {} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{}", path,
                       text.size(), text);
  };
  RawClient client(server_->port());
  EXPECT_EQ(client.Ask(put("/spool/-", body)).body, body);
  EXPECT_EQ(client.Ask(put("/spool/-", "")).body, "");
  EXPECT_EQ(left(), 0);
  EXPECT_EQ(client.Ask(put("/spool/kept", body)).status, 200);
  EXPECT_EQ(read(dir_ / "kept"), body);
  {
    RawClient gone(server_->port());
    gone.Send(put("/spool/-", body).substr(0, 2'000'000));
    EXPECT_TRUE(Eventually([&] { return left() == 1; }));
  }
  EXPECT_TRUE(Eventually([&] { return left() == 0; }));
}

}  // namespace
}  // namespace millpond
