#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "base/json.h"
#include "base/testing/result_matchers.h"
#include "base/testing/temp_dir.h"
#include "base/testing/test_environment.h"
#include "platform/access/access_authenticator.h"
#include "platform/access/access_routes.h"

namespace millpond::platform {
namespace {

HttpRequest With(const std::string& header, const std::string& value) {
  HttpRequest request;
  request.method = "GET";
  request.path = "/";
  request.headers.Add(header, value);
  return request;
}

class AccessTest : public ::testing::Test {
 protected:
  void SetUp() override { MP_ASSERT_OK_AND_ASSIGN(store_, Open()); }
  Result<std::unique_ptr<AccessStore>> Open() {
    return AccessStore::Open(dir_ / "meta.db", machine_.random, machine_.clock);
  }
  std::unique_ptr<AccessAuthenticator> Authenticator() {
    auto made = AccessAuthenticator::Make(*store_);
    EXPECT_TRUE(made.has_value());
    return std::move(*made);
  }

  testing::TempDir dir_;
  testing::TestEnvironment machine_;
  std::unique_ptr<AccessStore> store_;
};

TEST_F(AccessTest, NobodyConfiguredMeansLocal) {
  auto authenticator = Authenticator();
  EXPECT_FALSE(authenticator->required());
  MP_ASSERT_OK_AND_ASSIGN(std::string who, authenticator->Authenticate(HttpRequest()));
  EXPECT_EQ(who, "local");
}

TEST_F(AccessTest, TheFirstTokenClosesARunningServerAndNoRevocationOpensIt) {
  auto authenticator = Authenticator();
  MP_ASSERT_OK_AND_ASSIGN(NewToken token, store_->CreateToken("first", 0));
  const auto eventually = [&](auto&& check) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!check() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    return check();
  };
  EXPECT_TRUE(eventually([&] { return !authenticator->Authenticate(HttpRequest()).has_value(); }));
  EXPECT_TRUE(authenticator->required());
  const HttpRequest shown = With("Authorization", "Bearer " + token.secret);
  MP_EXPECT_OK(authenticator->Authenticate(shown));
  MP_ASSERT_OK(store_->RevokeToken(token.info.id));
  EXPECT_TRUE(eventually([&] { return !authenticator->Authenticate(shown).has_value(); }));
  EXPECT_FALSE(authenticator->Authenticate(HttpRequest()).has_value());
  EXPECT_TRUE(authenticator->required());
}

TEST_F(AccessTest, ATokenSpeaksForItsPrincipalAndIsNotKept) {
  MP_ASSERT_OK_AND_ASSIGN(NewToken token, store_->CreateToken("nightly", 0));
  auto authenticator = Authenticator();
  MP_ASSERT_OK_AND_ASSIGN(std::string who, authenticator->Authenticate(
                                               With("Authorization", "Bearer " + token.secret)));
  EXPECT_EQ(who, "nightly");
  MP_ASSERT_OK_AND_ASSIGN(std::string text, machine_.local->ReadFile(dir_ / "meta.db"));
  EXPECT_EQ(text.find(token.secret), std::string::npos);
  for (const char* wrong : {"Bearer mp_0", "Bearer ", "Basic !!!", "Basic bm9ib2R5", "mp", ""}) {
    auto refused = authenticator->Authenticate(With("Authorization", wrong));
    ASSERT_FALSE(refused.has_value()) << wrong;
    EXPECT_EQ(refused.error().kind(), ErrorKind::kPermissionDenied);
  }
}

// RFC 4648, without padding.
std::string Base64(std::string_view bytes) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    for (count += 8; count >= 6; count -= 6) text += kAlphabet[bits >> (count - 6) & 63];
  }
  if (count > 0) text += kAlphabet[bits << (6 - count) & 63];
  return text;
}

TEST_F(AccessTest, BasicTakesATokenAsThePassword) {
  MP_ASSERT_OK_AND_ASSIGN(NewToken token, store_->CreateToken("service", 0));
  auto authenticator = Authenticator();
  const auto ask = [&](const std::string& pair) {
    return authenticator->Authenticate(With("Authorization", "Basic " + Base64(pair)));
  };
  MP_ASSERT_OK_AND_ASSIGN(std::string who, ask("anything:" + token.secret));
  EXPECT_EQ(who, "service");
  EXPECT_FALSE(ask("anything:wrong").has_value());
  EXPECT_FALSE(ask(token.secret).has_value());
}

TEST_F(AccessTest, TokensExpireAndAreRevoked) {
  MP_ASSERT_OK_AND_ASSIGN(NewToken brief, store_->CreateToken("a", kMicrosPerHour));
  MP_ASSERT_OK_AND_ASSIGN(NewToken other, store_->CreateToken("b", 0));
  auto authenticator = Authenticator();
  const HttpRequest request = With("Authorization", "Bearer " + brief.secret);
  MP_EXPECT_OK(authenticator->Authenticate(request));
  machine_.clock.Advance(kMicrosPerHour);
  EXPECT_FALSE(authenticator->Authenticate(request).has_value());

  MP_ASSERT_OK(store_->RevokeToken(other.info.id));
  auto after = Authenticator()->Authenticate(With("Authorization", "Bearer " + other.secret));
  EXPECT_FALSE(after.has_value());
  EXPECT_EQ(store_->RevokeToken("nosuch").error().kind(), ErrorKind::kNotFound);
}

TEST_F(AccessTest, AnotherProcessSeesATokenThatIsNew) {
  auto authenticator = Authenticator();
  MP_ASSERT_OK_AND_ASSIGN(auto other, Open());
  MP_ASSERT_OK_AND_ASSIGN(int64_t before, store_->ChangeNumber());
  MP_ASSERT_OK(other->CreateToken("late", 0));
  MP_ASSERT_OK_AND_ASSIGN(int64_t after, store_->ChangeNumber());
  EXPECT_NE(before, after);
}

TEST_F(AccessTest, ASessionCookieReadsButWritesOnlyFromItsOwnPages) {
  MP_ASSERT_OK(store_->SetPassword("ann", "long enough"));
  EXPECT_EQ(store_->LogIn("ann", "wrong").error().kind(), ErrorKind::kPermissionDenied);
  EXPECT_EQ(store_->LogIn("bob", "long enough").error().kind(), ErrorKind::kPermissionDenied);
  EXPECT_EQ(store_->SetPassword("ann", "short").error().kind(), ErrorKind::kInvalidArgument);
  Router router;
  AddAccessRoutes(router, *store_, false);
  HttpRequest login;
  login.method = "POST";
  login.path = "/login";
  login.body = R"({"user": "ann", "password": "long enough"})";
  const HttpResponse answer = router.Dispatch(login);
  ASSERT_EQ(answer.status, 200) << answer.body;
  const std::string cookie(answer.headers.Get("Set-Cookie"));
  EXPECT_THAT(cookie, ::testing::HasSubstr("HttpOnly; SameSite=Strict"));

  auto authenticator = Authenticator();
  HttpRequest request = With("Cookie", "theme=dark; " + cookie.substr(0, cookie.find(';')));
  MP_ASSERT_OK_AND_ASSIGN(std::string who, authenticator->Authenticate(request));
  EXPECT_EQ(who, "ann");
  request.method = "POST";
  EXPECT_FALSE(authenticator->Authenticate(request).has_value());
  request.headers.Add("Host", "127.0.0.1:5000");
  request.headers.Add("Origin", "http://127.0.0.1:5000");
  MP_EXPECT_OK(authenticator->Authenticate(request));

  HttpRequest logout = request;
  logout.path = "/logout";
  EXPECT_EQ(router.Dispatch(logout).status, 200);
  EXPECT_FALSE(Authenticator()->Authenticate(request).has_value());
}

TEST_F(AccessTest, ABadLoginBodyIsTold) {
  Router router;
  AddAccessRoutes(router, *store_, false);
  for (const char* body : {"", "[]", "{\"user\": 1, \"password\": \"x\"}", "{\"user\": \"ann\"}"}) {
    HttpRequest login;
    login.method = "POST";
    login.path = "/login";
    login.body = body;
    EXPECT_EQ(router.Dispatch(login).status, 400) << body;
  }
}

TEST_F(AccessTest, RemovingAUserEndsWhatSpeaksForThem) {
  MP_ASSERT_OK(store_->SetPassword("ann", "long enough"));
  MP_ASSERT_OK(store_->CreateToken("ann", 0));
  MP_ASSERT_OK(store_->CreateToken("other", 0));
  MP_ASSERT_OK(store_->RemoveUser("ann"));
  MP_ASSERT_OK_AND_ASSIGN(auto tokens, store_->ListTokens());
  ASSERT_EQ(tokens.size(), 1u);
  EXPECT_EQ(tokens[0].principal, "other");
  EXPECT_EQ(store_->RemoveUser("ann").error().kind(), ErrorKind::kNotFound);
  EXPECT_EQ(store_->CreateToken("line\nbreak", 0).error().kind(), ErrorKind::kInvalidArgument);
}

}  // namespace
}  // namespace millpond::platform
