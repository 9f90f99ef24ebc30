// SPDX-License-Identifier: Apache-2.0
// oracle_words.h: small helpers that the oracle's files share.
#pragma once

#include <boost/json.hpp>

#include "tests/laws/oracle.h"

namespace lockstep::oracle {

[[nodiscard]] std::string role_name(Role role);
[[nodiscard]] bool is_object(const std::u16string& wide);
[[nodiscard]] std::string opaque(const std::optional<Json>& json);
[[nodiscard]] Part part_of(const lockstep::Part& part);
[[nodiscard]] bool grows(const Part& part);
// To at most so many units, and never into a code point.
void shorten(std::u16string& text, std::size_t units);
// Of a text in which each code point is a cluster and ` ` the only white space, as in histories.
[[nodiscard]] std::u16string title_of(const std::u16string& text);

}  // namespace lockstep::oracle
