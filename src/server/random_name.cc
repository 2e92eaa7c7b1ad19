#include "server/random_name.h"

#include <openssl/rand.h>

#include <array>
#include <stdexcept>

#include "access/api_key.h"

namespace zubr::server {

std::string random_name(std::string_view prefix) {
  std::array<unsigned char, 16> random{};
  if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1)
    throw std::runtime_error("the system gives no random numbers");
  return std::string(prefix) + access::to_hex({reinterpret_cast<const char*>(random.data()), random.size()});
}

}  // namespace zubr::server
