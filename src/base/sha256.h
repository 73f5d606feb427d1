// SHA-256 (FIPS 180-4) by libsodium, for content and definition hashes.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace millpond {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void Update(std::string_view bytes);
  std::array<uint8_t, 32> Digest();  // call once
  std::string HexDigest();           // 64 lower-case digits; call once

  static std::string Hex(std::string_view bytes);  // digest of one text

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace millpond
