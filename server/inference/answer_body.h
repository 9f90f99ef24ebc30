// SPDX-License-Identifier: Apache-2.0
// answer_body.h: how the body of a model server's answer is to be read.
//
// The head says it, and is wrong at times: an SSE stream under `application/json`, one JSON value
// under `text/event-stream`. So the first bytes decide between a stream and a whole body. Media
// types are compared without case.
//
// The request asks for `identity`. A body that is compressed all the same would be read as noise:
// it is refused by name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lockstep {

enum class BodyKind : std::uint8_t { stream, whole, refusal };

[[nodiscard]] BodyKind body_kind_of(unsigned status, std::string_view content_type);

// What the first bytes of a body with status 2xx say: a field of SSE or a comment is a stream, `{`
// or `[` is a whole body. Nothing while they are too few, or if they say neither: the head counts.
[[nodiscard]] std::optional<BodyKind> body_kind_of_start(std::string_view bytes);

// May more bytes change the answer of `body_kind_of_start`?
[[nodiscard]] bool is_start_open(std::string_view bytes);

// The largest body of this kind.
[[nodiscard]] std::size_t body_bytes_max_of(BodyKind kind);

// The coding of a body that can't be read, such as `gzip`; empty: it can be read.
[[nodiscard]] std::string unread_coding(std::string_view content_encoding);

}  // namespace lockstep
