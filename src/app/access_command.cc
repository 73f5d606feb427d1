// millpond access: local users and service tokens of the project's server.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <memory>

#include "app/command.h"
#include "app/terminal.h"
#include "kernel/window.h"
#include "platform/access/access_store.h"

namespace millpond::app {
namespace {

struct AccessOptions {
  std::string name;
  std::string expires;
};

struct Opened {
  std::unique_ptr<Project> project;
  SystemClock clock;
  std::unique_ptr<platform::AccessStore> store;
};

Result<std::unique_ptr<Opened>> OpenAccess(const CommonOptions& common) {
  auto opened = std::make_unique<Opened>();
  MP_ASSIGN_OR_RETURN(opened->project, common.OpenProject());
  MP_ASSIGN_OR_RETURN(opened->store,
                      platform::AccessStore::Open(opened->project->StatePathOf("meta.db"),
                                                  opened->project->env().random, opened->clock));
  return opened;
}

Status CreateToken(const AccessOptions& options, const CommonOptions& common) {
  Micros lifetime = 0;
  if (!options.expires.empty()) {
    MP_ASSIGN_OR_RETURN(lifetime, kernel::ParseInterval(options.expires));
  }
  MP_ASSIGN_OR_RETURN(auto opened, OpenAccess(common));
  MP_ASSIGN_OR_RETURN(auto token, opened->store->CreateToken(options.name, lifetime));
  std::fprintf(stderr, "token %s of %s%s; it is shown this once:\n", token.info.id.c_str(),
               options.name.c_str(),
               token.info.expires_at == 0
                   ? ""
                   : (", until " + FormatTimestamp(token.info.expires_at)).c_str());
  std::printf("%s\n", token.secret.c_str());
  return OkStatus();
}

Status List(const CommonOptions& common) {
  MP_ASSIGN_OR_RETURN(auto opened, OpenAccess(common));
  MP_ASSIGN_OR_RETURN(auto users, opened->store->ListUsers());
  MP_ASSIGN_OR_RETURN(auto tokens, opened->store->ListTokens());
  if (users.empty() && tokens.empty()) {
    std::printf(
        "nobody is configured: the server asks nobody who they are, and listens on this "
        "machine only\n");
  }
  for (const auto& user : users) std::printf("user   %s\n", user.c_str());
  for (const auto& token : tokens) {
    std::printf("token  %s  %s  made %s  %s\n", token.id.c_str(), token.principal.c_str(),
                FormatTimestamp(token.created_at).c_str(),
                token.expires_at == 0 ? "never expires"
                                      : ("expires " + FormatTimestamp(token.expires_at)).c_str());
  }
  return OkStatus();
}

// The password comes from standard input, so that it stands in no list of processes.
Status SetPassword(const AccessOptions& options, const CommonOptions& common) {
  std::fprintf(stderr, "password of %s (one line on standard input): ", options.name.c_str());
  std::string password;
  std::getline(std::cin, password);
  MP_ASSIGN_OR_RETURN(auto opened, OpenAccess(common));
  MP_RETURN_IF_ERROR(opened->store->SetPassword(options.name, password));
  std::fprintf(stderr, "\nuser %s may log in\n", options.name.c_str());
  return OkStatus();
}

}  // namespace

RunCommand AddAccessCommand(CLI::App& sub, CommonOptions& common) {
  auto options = std::make_shared<AccessOptions>();
  sub.require_subcommand(1);
  auto* list = sub.add_subcommand("list", "Users and tokens");
  auto* token = sub.add_subcommand("token", "Make a service token; it is shown once");
  token->add_option("name", options->name, "Who it speaks for")->required();
  token->add_option("--expires", options->expires, "After this time, for example '90 days'");
  auto* user = sub.add_subcommand("user", "Make a user or change the password");
  user->add_option("name", options->name, "The user")->required();
  auto* revoke = sub.add_subcommand("revoke", "End one token");
  revoke->add_option("id", options->name, "The token's id (millpond access list)")->required();
  auto* remove = sub.add_subcommand("remove", "Remove a user, and all tokens of that name");
  remove->add_option("name", options->name, "The user or service")->required();
  for (auto* verb : {list, token, user, revoke, remove}) verb->fallthrough();
  sub.footer(
      "A server that starts when there is a user or a token asks everybody for one; tokens made "
      "or\n"
      "revoked later are known to it within a second.\n"
      "Examples:\n"
      "  millpond access token nightly-job --expires '90 days'\n"
      "  millpond access user ann\n"
      "  millpond access revoke 1f0c9a2b");
  return [=, &common]() -> Status {
    if (list->parsed()) return List(common);
    if (token->parsed()) return CreateToken(*options, common);
    if (user->parsed()) return SetPassword(*options, common);
    MP_ASSIGN_OR_RETURN(auto opened, OpenAccess(common));
    return revoke->parsed() ? opened->store->RevokeToken(options->name)
                            : opened->store->RemoveUser(options->name);
  };
}

}  // namespace millpond::app
