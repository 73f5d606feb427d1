#include "base/http/request_parser_internal.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <limits>

namespace millpond {

namespace http = boost::beast::http;
using BeastError = boost::beast::error_code;
using BeastText = boost::beast::string_view;

// Beast's parser cannot be used twice; it is small and made anew for each request.
class RequestParser::Beast {
 public:
  class Parser : public http::basic_parser<true> {
   public:
    explicit Parser(RequestParser& owner) : owner_(owner) {
      header_limit(static_cast<uint32_t>(owner.max_header_bytes_));
      body_limit(
          boost::none);  // counted here, for the route's limit is known only after the header
    }
    HttpRequest* request = nullptr;  // of the present call of Feed

   private:
    void on_request_impl(http::verb, BeastText method, BeastText target, int version,
                         BeastError&) override {
      request->method.assign(method.data(), method.size());
      owner_.target_.assign(target.data(), target.size());
      owner_.http_1_0_ = version == 10;
    }
    void on_response_impl(int, BeastText, int, BeastError&) override {}
    void on_field_impl(http::field, BeastText name, BeastText value, BeastError&) override {
      if (is_header_done())
        return;  // a trailer: nobody asks for one, and none may pass as a header
      request->headers.Add(std::string(name.data(), name.size()),
                           std::string(value.data(), value.size()));
    }
    void on_header_impl(BeastError&) override {}
    void on_body_init_impl(const boost::optional<uint64_t>&, BeastError&) override {}
    size_t on_body_impl(BeastText body, BeastError& error) override { return Take(body, error); }
    void on_chunk_header_impl(uint64_t, BeastText, BeastError&) override {}
    size_t on_chunk_body_impl(uint64_t, BeastText body, BeastError& error) override {
      return Take(body, error);
    }
    void on_finish_impl(BeastError&) override {}

    size_t Take(BeastText body, BeastError& error) {
      if (static_cast<int64_t>(body.size()) > owner_.max_body_bytes_ - owner_.body_bytes_) {
        error = http::error::body_limit;
        return 0;
      }
      owner_.body_bytes_ += static_cast<int64_t>(body.size());
      request->body.append(body.data(), body.size());
      return body.size();
    }

    RequestParser& owner_;
  };

  std::optional<Parser> parser;
};

RequestParser::RequestParser(int64_t max_header_bytes)
    : max_header_bytes_(max_header_bytes), beast_(std::make_unique<Beast>()) {
  Reset();
}

RequestParser::~RequestParser() = default;

void RequestParser::Reset() {
  beast_->parser.emplace(*this);
  max_body_bytes_ = std::numeric_limits<int64_t>::max();
  state_ = State::kHeader;
  problem_.clear();
  target_.clear();
  http_1_0_ = false;
  header_bytes_ = 0;
  body_bytes_ = 0;
}

size_t RequestParser::Feed(std::string_view bytes, HttpRequest& request) {
  Beast::Parser& parser = *beast_->parser;
  parser.request = &request;
  size_t taken = 0;
  const bool in_header = state_ == State::kHeader;
  while (taken < bytes.size() && (state_ == State::kHeader || state_ == State::kBody)) {
    BeastError error;
    const size_t n =
        parser.put(boost::asio::const_buffer(bytes.data() + taken, bytes.size() - taken), error);
    taken += n;
    if (error == http::error::need_more) break;
    if (error == http::error::body_limit) {
      state_ = State::kBodyTooLarge;
    } else if (error == http::error::header_limit) {
      state_ = State::kHeaderTooLarge;
    } else if (error) {
      state_ = State::kMalformed;
      problem_ = error.message();
    } else if (parser.is_done()) {
      state_ = State::kDone;
    } else if (parser.is_header_done()) {
      state_ = State::kBody;
    }
    if (in_header) break;
  }
  if (in_header) header_bytes_ += static_cast<int64_t>(taken);
  // Beast takes field after field and bounds only what is left: the sum is bounded here.
  if (state_ == State::kHeader) {
    const auto waiting = static_cast<int64_t>(bytes.size() - taken);
    if (header_bytes_ + waiting >= max_header_bytes_) state_ = State::kHeaderTooLarge;
  } else if (in_header && header_bytes_ > max_header_bytes_) {
    state_ = State::kHeaderTooLarge;
  }
  return taken;
}

bool RequestParser::keep_alive() const {
  return beast_->parser->is_header_done() && beast_->parser->keep_alive();
}

std::optional<int64_t> RequestParser::content_length() const {
  if (!beast_->parser->is_header_done()) return std::nullopt;
  const auto length = beast_->parser->content_length();
  if (!length.has_value()) return std::nullopt;
  constexpr uint64_t kMax = std::numeric_limits<int64_t>::max();
  return static_cast<int64_t>(std::min<uint64_t>(*length, kMax));
}

}  // namespace millpond
