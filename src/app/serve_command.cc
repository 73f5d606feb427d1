// millpond serve: one process, one port, on one project.
#include <CLI/CLI.hpp>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <mutex>

#include "app/command.h"
#include "app/server.h"

namespace millpond::app {
namespace {

constexpr int kGraceMs = 10'000;
constexpr auto kLookEvery = std::chrono::milliseconds(50);

// An empty folder becomes a project, so that a server can be started anywhere.
Status MakeProjectOfEmptyFolder(const std::string& dir) {
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::absolute(dir).lexically_normal();
  if (!std::filesystem::is_directory(folder, error) || !std::filesystem::is_empty(folder, error)) {
    return OkStatus();  // opening it says what is wrong, if anything is
  }
  std::string name = (folder.has_filename() ? folder : folder.parent_path()).filename().string();
  for (char& c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_') c = '_';
  }
  const std::string file = (folder / "millpond.yml").string();
  std::FILE* out = std::fopen(file.c_str(), "wx");
  if (out == nullptr) return Fail(ErrorKind::kUnavailable, "cannot write {}", file);
  std::fprintf(out, "name: \"%s\"\n", name.c_str());
  std::fclose(out);
  std::fprintf(stderr, "made a project of this empty folder: %s\n", file.c_str());
  return OkStatus();
}

Status Serve(const ServeOptions& options, const CommonOptions& common) {
  MP_RETURN_IF_ERROR(MakeProjectOfEmptyFolder(common.project_dir));
  // Not the command's token: what is still to be written when the server stops must go through.
  MP_ASSIGN_OR_RETURN(auto project,
                      Project::Open(common.project_dir, common.overrides, CancellationToken()));
  MP_ASSIGN_OR_RETURN(auto server, Server::Start(*project, options));
  std::printf("serving project %s at %s (stop with Ctrl-C)\n", project->config().name.c_str(),
              server->url().c_str());
  std::fflush(stdout);
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable tick;
  while (!common.cancellation.cancelled()) tick.wait_for(lock, kLookEvery);
  std::fprintf(stderr, "stopping: requests at work are answered first\n");
  server->Stop(kGraceMs);
  return OkStatus();
}

}  // namespace

RunCommand AddServeCommand(CLI::App& sub, CommonOptions& common) {
  auto options = std::make_shared<ServeOptions>();
  sub.add_option("--port", options->port, "Port; 0: any free one")
      ->check(CLI::Range(0, 65535))
      ->default_str("5000");
  sub.add_option("--address", options->address,
                 "Address to listen on; another than this machine's own needs tokens (millpond "
                 "access)")
      ->default_str("127.0.0.1");
  auto* certificate = sub.add_option("--tls-certificate", options->tls_certificate_file,
                                     "PEM file with the certificate chain: serve https");
  auto* key = sub.add_option("--tls-key", options->tls_key_file, "PEM file with its key");
  certificate->needs(key);
  key->needs(certificate);
  sub.footer(
      "MLflow's clients: export MLFLOW_TRACKING_URI=http://127.0.0.1:5000\n"
      "Examples:\n"
      "  millpond serve --project examples/churn\n"
      "  curl -d '{\"dataframe_records\": [{\"customer_id\": 9}]}' \\\n"
      "      -H 'Content-Type: application/json' "
      "http://127.0.0.1:5000/endpoints/churn/invocations");
  return [options, &common] { return Serve(*options, common); };
}

}  // namespace millpond::app
