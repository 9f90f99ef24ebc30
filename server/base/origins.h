// SPDX-License-Identifier: Apache-2.0
// origins.h: pages that may use the server, as browsers name them.
//
// A browser sends `scheme://host[:port]`, in small letters, without the scheme's own port and
// without a path. What an operator copies from an address bar often has more: what can be told of
// it is brought into that form, and what no browser would ever send is named.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lockstep {

// As a browser sends it; nothing if none does.
[[nodiscard]] std::optional<std::string> normal_origin(std::string_view text);

}  // namespace lockstep
