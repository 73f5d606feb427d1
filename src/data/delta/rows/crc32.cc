#include <boost/crc.hpp>

#include "data/delta/rows/crc32.h"

namespace millpond::data {

uint32_t Crc32(std::string_view bytes) {
  boost::crc_32_type crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return crc.checksum();
}

}  // namespace millpond::data
