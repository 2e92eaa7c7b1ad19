// What in a text identifies a person or opens a door: numbers with a checksum (PESEL, NIP, REGON, IBAN, payment cards),
// e-mail addresses, telephone numbers, keys and passwords of known forms.
//
// Checksums: PESEL (ustawa o ewidencji ludności, art. 15), NIP and REGON (weights as the offices publish them), IBAN
// (ISO 13616: mod 97), cards (ISO/IEC 7812: Luhn). A number without a right checksum is none. One pass over the text,
// no regular expressions, no backtracking.
//
// Pure; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zubr::router {

enum class Sensitive { kPesel, kNip, kRegon, kIban, kCard, kEmail, kPhone, kKey };
inline constexpr int kSensitiveKinds = 8;
std::string_view sensitive_name(Sensitive kind);               // "PESEL"
std::optional<Sensitive> sensitive_of(std::string_view name);  // without regard to case

struct Finding {
  Sensitive kind = Sensitive::kPesel;
  std::size_t begin = 0, end = 0;  // bytes
};

// In order, without overlaps; where two would overlap the longer one counts.
std::vector<Finding> find_sensitive(std::string_view text);

bool is_pesel(std::string_view digits);
bool is_nip(std::string_view digits);
bool is_regon(std::string_view digits);  // of 9 or 14
bool is_iban(std::string_view letters_and_digits);
bool is_card(std::string_view digits);

}  // namespace zubr::router
