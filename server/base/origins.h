// SPDX-License-Identifier: Apache-2.0
// origins.h: the origins of web pages that may use the server.
//
// A browser sends `scheme://host[:port]`, in small letters, without the scheme's default port and
// without a path. An operator often copies more from an address bar. `normal_origin` brings such a
// text into the browser's form, and refuses a text that no browser would send.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lockstep {

// The origin as a browser sends it; nullopt if no browser would send it.
[[nodiscard]] std::optional<std::string> normal_origin(std::string_view text);

}  // namespace lockstep
