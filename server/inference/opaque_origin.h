// SPDX-License-Identifier: Apache-2.0
// opaque_origin.h: who wrote opaque data, and gets it back.
//
// A signature is good only where it was made: at the same API, at the same server, and for models
// of the same family. `anthropic https://api.anthropic.com claude` names all three.
#pragma once

#include <string>
#include <string_view>

namespace lockstep {

// `KIND SERVER FAMILY`. `base_url`: its path does not count. Never longer than
// `limits::opaque_origin_bytes_max`; empty if `base_url` is no URL.
[[nodiscard]] std::string opaque_origin(std::string_view kind, std::string_view base_url,
                                        std::string_view model);

// The letters at the beginning of the model's name, in small letters, behind the names of makers
// that routers put before it: `claude` of `claude-opus-4`, `google/gemini` of `google/gemini-2.5`.
[[nodiscard]] std::string model_family(std::string_view model);

}  // namespace lockstep
