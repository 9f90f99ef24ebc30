// SPDX-License-Identifier: Apache-2.0
// header_rules.h: which headers and queries an agent may add to its requests.
//
// A header of the configuration goes to the server as it is written. Refused are texts that would
// end a header and begin another one, and headers that frame the message, name the connection or
// say what the body is: those are the client's, and a second opinion on them is how requests are
// smuggled.
//
// Lives on: any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace lockstep {

using Texts = std::map<std::string, std::string>;

// The fault of a header's name, or of its value; empty: none. The text does not quote a value.
[[nodiscard]] std::string fault_of_header_name(std::string_view name);
[[nodiscard]] std::string fault_of_header_value(std::string_view value);
// Are these the same header? Letters of both cases are equal.
[[nodiscard]] bool is_same_header(std::string_view one, std::string_view other);
// Does a header of this name usually hold a secret?
[[nodiscard]] bool is_secret_header(std::string_view name);

// `a=b&c=d`, percent-encoded, in the order of the names.
[[nodiscard]] std::string encoded_query(const Texts& query);

}  // namespace lockstep
